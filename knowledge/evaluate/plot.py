"""Two curves as a PNG: is the confidence right (reliability), and what does it cost to be sure
(wrong answers against answered ones). Needs matplotlib, the extra `plot`."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from knowledge.errors import KnowledgeError
from knowledge.evaluate.calibration import Told, calibration_error, reliability, risk_coverage

_STYLES = ("-", "--", "-.", ":")
_MARKERS = ("o", "s", "^", "D", "v", "P")


def draw(
    path: Path, told: Mapping[str, Sequence[Told]], *, budget: float, threshold: float
) -> None:
    """Write the PNG; one line a named group of answers. KnowledgeError without matplotlib."""
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError as error:
        raise KnowledgeError(
            "plots need matplotlib; run `pip install 'oncall-recall[plot]'`"
        ) from error
    figure = Figure(figsize=(11, 4.8), layout="constrained")
    FigureCanvasAgg(figure)
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
