"""What all benchmarks share: spreads of times, Markdown tables, the machine they ran on."""

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from knowledge.evaluate.metrics import percentile

_FSYNC_BYTES = 4096


@dataclass(frozen=True, slots=True)
class Spread:
    """How long something took, in milliseconds, over `n` samples."""

    n: int
    p50: float
    p95: float
    p99: float
    most: float

    @classmethod
    def of(cls, seconds: Sequence[float]) -> Self:
        """The spread of at least one time in seconds."""
        if not seconds:
            raise ValueError("no samples")
        milliseconds = [1000 * one for one in seconds]
        return cls(
            n=len(milliseconds),
            p50=percentile(milliseconds, 0.5),
            p95=percentile(milliseconds, 0.95),
            p99=percentile(milliseconds, 0.99),
            most=max(milliseconds),
        )


class Stopwatch:
    """`with Stopwatch() as watch: ...` and then `watch.seconds`."""

    seconds = 0.0

    def __enter__(self) -> Self:
        self._began = time.perf_counter()
        return self

    def __exit__(self, *exc: object) -> None:
        self.seconds = time.perf_counter() - self._began


def print_table(
    title: str,
    header: Sequence[str],
    rows: Sequence[Sequence[object]],
    notes: Sequence[str] = (),
) -> None:
    """A Markdown table under a heading that says when and how busy the machine was."""
    cells = [[_cell(value) for value in row] for row in (header, *rows)]
    widths = [max(len(row[at]) for row in cells) for at in range(len(header))]
    lines = [_line(row, widths) for row in cells]
    ruler = ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]
    lines.insert(1, _line(ruler, widths))
    print(f"\n\n## {title}\n\n{machine()}\n")
    print("\n".join(lines))
    for note in notes:
        print(f"\n{note}")


def machine() -> str:
    """The cores there are, and what else ran on them in the last minute."""
    one_minute = os.getloadavg()[0]
    return f"{os.cpu_count()} cores, load average {one_minute:.1f} over the last minute."


def fsync_spread(folder: Path, times: int = 100) -> Spread:
    """How long this disk takes to make 4 KiB durable: what every 202 has to wait for."""
    seconds = []
    path = folder / "fsync.probe"
    with path.open("wb", buffering=0) as file:
        for _ in range(times):
            with Stopwatch() as watch:
                file.write(b"x" * _FSYNC_BYTES)
                os.fsync(file.fileno())
            seconds.append(watch.seconds)
    path.unlink()
    return Spread.of(seconds)


def _cell(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"
    return str(value)


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    """The first column to the left, the others to the right."""
    first = cells[0].ljust(widths[0])
    rest = [cell.rjust(width) for cell, width in zip(cells[1:], widths[1:], strict=True)]
    return f"| {' | '.join([first, *rest])} |"
