"""`recall eval` on every set of the development data: the table of the README."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.bench.measuring import print_table
from tests.support.dev_data import dev_data

pytestmark = [pytest.mark.bench, pytest.mark.model, pytest.mark.dev_data]

_FIGURES = ("recall@1", "recall@5", "recall@10", "mrr@10")
_PATIENCE_SECONDS = 900
_FILES = ("corpus", "queries")
_TIMES = ("ms_per_query_p50", "ms_per_query_p95")


def test_recall_eval_on_every_set() -> None:
    rows, commands = [], []
    for part in ("runbooks-dev", "incidents-dev"):
        for folder in sorted(dev_data(part).iterdir()):
            if not (folder / "corpus.jsonl").is_file():
                continue
            report = evaluated(folder)
            assert report["corpus"] == lines(folder / "corpus.jsonl")
            assert report["queries"] == lines(folder / "queries.jsonl")
            rows.append(
                (
                    f"{part}/{folder.name}",
                    report["corpus"],
                    report["queries"],
                    *(f"{report[name]:.3f}" for name in _FIGURES),
                    *(report[name] for name in _TIMES),
                )
            )
            files = (f"--{name} {part}/{folder.name}/{name}.jsonl" for name in _FILES)
            commands.append(f"    recall eval {' '.join(files)} --json")
    assert rows
    print_table(
        "Quality: recall eval on the development data",
        ("set", "docs", "queries", "R@1", "R@5", "R@10", "MRR@10", "ms p50", "ms p95"),
        rows,
        notes=["The commands, one a row, in the folder of the data:", "\n".join(commands)],
    )


def evaluated(folder: Path) -> dict[str, float]:
    """What `recall eval --json` prints, from a process of its own as anybody would start it."""
    environment = {n: v for n, v in os.environ.items() if not n.startswith("RECALL_")}
    files = [part for name in _FILES for part in (f"--{name}", str(folder / f"{name}.jsonl"))]
    done = subprocess.run(
        [sys.executable, "-m", "bot", "eval", *files, "--json"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=_PATIENCE_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert isinstance(report, dict)
    return report


def lines(path: Path) -> int:
    with path.open(encoding="utf-8") as file:
        return sum(1 for line in file if line.strip())
