"""Two curves as a PNG: is the confidence right (reliability), and what does it cost to be sure
(wrong answers against answered ones); and bars week by week. Needs matplotlib, the extra `plot`."""

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from knowledge.errors import KnowledgeError
from knowledge.evaluate.calibration import Told, calibration_error, reliability, risk_coverage

_STYLES = ("-", "--", "-.", ":")
_MARKERS = ("o", "s", "^", "D", "v", "P")
_HATCHES = ("", "//", "..", "xx")
"""Series are told apart without colour too."""


def bars(labels: Sequence[str], series: Mapping[str, Sequence[float]], title: str) -> bytes:
    """A PNG of groups of bars: a group a label, in it a bar a series, a value a label.

    KnowledgeError without matplotlib; ValueError where a series has another length.
    """
    for name, values in series.items():
        if len(values) != len(labels):
            raise ValueError(f"{name} has {len(values)} values for {len(labels)} labels")
    figure = _figure(9, 4)
    axes = figure.subplots()
    width = 0.8 / max(1, len(series))
    for number, (name, values) in enumerate(series.items()):
        places = [at + (number - (len(series) - 1) / 2) * width for at in range(len(labels))]
        hatch = _HATCHES[number % len(_HATCHES)]
        axes.bar(places, list(values), width, label=name, hatch=hatch, edgecolor="white")
    axes.set_xticks(range(len(labels)), list(labels))
    axes.set(title=title)
    axes.yaxis.get_major_locator().set_params(integer=True)
    axes.grid(axis="y", color="0.92")
    axes.set_axisbelow(True)
    axes.legend(fontsize=8)
    made = io.BytesIO()
    figure.savefig(made, dpi=110, format="png")
    return made.getvalue()


def _figure(width: float, height: float) -> Any:
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError as error:
        raise KnowledgeError(
            "plots need matplotlib; run `pip install 'oncall-recall[plot]'`"
        ) from error
    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def draw(
    path: Path, told: Mapping[str, Sequence[Told]], *, budget: float, threshold: float
) -> None:
    """Write the PNG; one line a named group of answers. KnowledgeError without matplotlib."""
    figure = _figure(11, 4.8)
    left, right = figure.subplots(1, 2)
    left.plot([0, 1], [0, 1], color="0.6", linewidth=1)
    left.text(0.03, 0.93, "above the line: surer than it says", color="0.4", fontsize=8)
    for number, (name, group) in enumerate(told.items()):
        line, mark = _STYLES[number % len(_STYLES)], _MARKERS[number % len(_MARKERS)]
        bins = reliability(group)
        left.plot(
            [one.confidence for one in bins],
            [one.right for one in bins],
            label=f"{name} (n={len(group)}, ECE {calibration_error(group):.3f})",
            linestyle=line,
            marker=mark,
        )
        points = risk_coverage(group)
        right.plot(
            [p.coverage for p in points],
            [p.wrong for p in points],
            label=name,
            linestyle=line,
        )
        now = [p for p in points if p.threshold >= threshold]
        if now:
            right.plot(now[-1].coverage, now[-1].wrong, marker=mark, color="black")
    left.set(
        title="Is the confidence right?",
        xlabel="confidence it states",
        ylabel="share that was right",
        xlim=(0, 1),
        ylim=(0, 1.02),
    )
    right.axhline(budget, color="0.6", linewidth=1)
    right.text(0.01, budget + 0.008, f"budget: {budget:.0%} wrong", color="0.4", fontsize=8)
    right.set(
        title="What it costs to answer more (mark: the threshold in force)",
        xlabel="share of the answerable that is answered",
        ylabel="wrong among the answers given",
        xlim=(0, 1),
        ylim=(0, 0.6),
    )
    for axes in (left, right):
        axes.grid(color="0.92")
        axes.legend(fontsize=8)
    figure.savefig(path, dpi=110, format="png")
