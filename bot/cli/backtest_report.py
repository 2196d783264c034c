"""What `recall backtest` shows: a table for a lead, the question about each answer, the JSON."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from bot.cli.common import people, printable

if TYPE_CHECKING:
    from knowledge.evaluate.backtest.replay import Asked, Replay
    from knowledge.evaluate.intervals import Interval
    from knowledge.loaders.outcome import Problem


_LABELS = (
    "cases asked",
    "answered",
    "kept silent",
    "posts a day",
    "median confidence",
    "right when it answered",
    "of the answerable",
    "answers that can be judged",
    "from a confidence of",
)


def _cell(label: str, one: Mapping[str, Any]) -> str:
    """One figure of one plan; "" where there is none."""
    cells: dict[str, str] = {
        "cases asked": f"{one['cases']:,} in {one['days']:.0f} days",
        "answered": f"{one['answered']:,} ({one['answered_share']:.0%})",
        "kept silent": f"{one['abstained']:,}",
        "posts a day": f"{one['posts_a_day']:.2f}",
        "median confidence": f"{one['median_confidence']:.2f}",
        "right when it answered": _interval(one["precision"]),
        "of the answerable": _interval(one["coverage"]),
        "answers that can be judged": f"{one['judged']:,}",
        "from a confidence of": _least(one["threshold"], one["runbook_threshold"]),
    }
    return cells[label]


def _least(incidents: float, runbooks: float) -> str:
    if incidents == runbooks:
        return f"{incidents:.2f}"
    return f"{incidents:.2f} (runbooks {runbooks:.2f})"


def as_json(
    results: "Mapping[str, Replay]", grades: "Interval | None", problems: "Sequence[Problem]"
) -> dict[str, Any]:
    """The JSON of a backtest; a contract."""
    from knowledge.evaluate.backtest.figures import as_dict

    first, *others = results
    return {
        **as_dict(results[first]),
        "graded_precision": grades.as_list() if grades is not None else None,
        "left_out": [
            {"file": one.file, "line": one.line, "reason": one.reason} for one in problems
        ],
        "beside": {name: as_dict(results[name]) for name in others},
        "asked": [
            {
                "id": one.id,
                "started_at": one.started_at.isoformat(),
                "confidence": round(one.confidence, 4),
                "answered": one.answered,
                "top": one.top,
                "runbook": one.runbook,
                "right": one.right,
            }
            for one in results[first].asked
        ],
    }


def show(results: "Mapping[str, Replay]", grades: "Interval | None") -> None:
    """Print the figures, one column a plan, on standard output."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    from knowledge.evaluate.backtest.figures import as_dict

    out = Console(highlight=False)
    told = {name: as_dict(one) for name, one in results.items()}
    table = Table(box=None, pad_edge=False, title="\nHad it been on", title_justify="left")
    table.add_column("")
    for name in told:
        table.add_column(escape(printable(name)), justify="right")
    for label in _LABELS:
        cells = [_cell(label, one) for one in told.values()]
        if any(cells):
            table.add_row(label, *cells)
    out.print(table)
    now = told[next(iter(told))]
    for title, key in (
        ("Posts a day by service", "posts_a_day_by_service"),
        ("Runbooks used", "runbooks"),
    ):
        if now[key]:
            out.print(f"\n[bold]{title}[/]")
            for name, value in now[key].items():
                out.print(f"  {value:>7}  {escape(printable(name))}")
    if now["precision"] is None and grades is None:
        out.print(
            "\nThe records tell neither the runbook that helped nor the cause, so nobody can say "
            "how often it would have been right. Grade 50 answers with --grade, or on a --sheet."
        )
    if grades is not None:
        out.print(f"\nRight by your grades: {_interval(grades.as_list())}")
    notes = []
    if now["undated"]:
        notes.append(f"{now['undated']:,} records without a start were left out")
    if now["known_before"]:
        notes.append(f"{now['known_before']:,} older ones were on record and not asked")
    notes.append("runbooks are as they are today")
    out.print(f"\n[dim]{'; '.join(notes).capitalize()}.[/]")


def ask_people(drawn: "Sequence[Asked]") -> dict[str, bool]:
    """Ask about each answer on the terminal: yes, no, skip, or quit with what there is."""
    from rich.prompt import Prompt

    grades: dict[str, bool] = {}
    for number, one in enumerate(drawn, start=1):
        page = f", page {one.runbook}" if one.runbook else ""
        people.print(
            printable(
                f"\n{number} of {len(drawn)}: {one.id} {one.title}\n  answer: {one.top}{page}"
            ),
            markup=False,
        )
        said = Prompt.ask("  right?", choices=["y", "n", "s", "q"], default="s", console=people)
        if said == "q":
            break
        if said in ("y", "n"):
            grades[one.id] = said == "y"
    return grades


def _interval(told: list[float] | None) -> str:
    if told is None:
        return ""
    value, low, high = told
    return f"{value:.0%} ({low:.0%} to {high:.0%})"
