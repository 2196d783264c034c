"""What `recall eval` shows to people: one table for ranking, one for answering, one to compare."""

from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

if TYPE_CHECKING:
    from knowledge.evaluate.assess import Assessment

_FIGURES = ("recall@1", "recall@5", "recall@10", "mrr@10")
_METHODS = {"bm25": "BM25", "dense": "dense", "rank_fusion": "rank fusion"}


def show(result: "Assessment") -> None:
    """Print the tables on standard output."""
    out = Console(highlight=False)
    out.print(_ranking(result))
    out.print(_answering(result))
    if result.removals():
        out.print(_removed(result))
    if all(one.compared is not None for one in result.sets):
        out.print(_compared(result))


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left", box=None, pad_edge=False, title_style="bold")
    for number, name in enumerate(columns):
        table.add_column(name, justify="left" if number == 0 else "right")
    return table


def _ranking(result: "Assessment") -> Table:
    table = _table(
        "\nThe right document", "set", "docs", "queries", "R@1", "R@5", "R@10", "MRR@10", "ms p95"
    )
    for one in result.sets:
        told = one.report.as_dict()
        table.add_row(
            escape(one.name),
            f"{told['corpus']:,}",
            f"{told['queries']:,}",
            *(f"{told[name]:.3f}" for name in _FIGURES),
            f"{told['ms_per_query_p95']:.0f}",
        )
    if len(result.sets) > 1:
        mean = result.as_dict()["mean"]
        table.add_row("mean", "", "", *(f"{mean[name]:.3f}" for name in _FIGURES), "")
    return table


def _answering(result: "Assessment") -> Table:
    title = f"\nAnswers, from a confidence of {result.threshold:.2f} on"
    table = _table(title, "set", "answered", "of the answerable", "wrong when answered", "ECE")
    for one in result.sets:
        told = one.report.as_dict()
        table.add_row(
            escape(one.name),
            f"{told['answered']:,} of {told['queries']:,}",
            f"{told['coverage']:.1%}",
            f"{told['wrong_when_answered']:.1%}",
            f"{told['ece']:.3f}",
        )
    return table


def _removed(result: "Assessment") -> Table:
    table = _table(
        "\nWith answers taken out of the corpus (95 % intervals)",
        "removed",
        "asked",
        "answered",
        "wrong when answered",
        "of the answerable",
        "ECE",
    )
    for one in result.removals():
        told = one.as_dict()
        table.add_row(
            f"{one.share:.0%}",
            f"{told['asked']:,}",
            f"{told['answered']:,}",
            _interval(told["wrong_when_answered"]),
            _interval(told["coverage"]),
            f"{told['ece']:.3f}",
        )
    return table


def _compared(result: "Assessment") -> Table:
    table = _table(
        "\nBeside plain methods: R@1, and how many points ahead this is (95 % interval)",
        "set",
        "this",
        *_METHODS.values(),
        "ahead of rank fusion",
    )
    for one in result.sets:
        assert one.compared is not None
        told = one.as_dict()
        table.add_row(escape(one.name), f"{told['recall@1']:.3f}", *_plain(told["compare"]))
    if len(result.sets) > 1:
        mean = result.as_dict()["mean"]
        table.add_row("mean", f"{mean['recall@1']:.3f}", *_plain(mean["compare"]))
    return table


def _plain(compared: dict[str, Any]) -> list[str]:
    told = [f"{compared[method]['recall@1']:.3f}" for method in _METHODS]
    value, low, high = compared["rank_fusion"]["ahead@1"]
    return [*told, f"{100 * value:+.1f} ({100 * low:+.1f} to {100 * high:+.1f})"]


def _interval(told: list[float]) -> str:
    value, low, high = told
    return f"{value:.1%} ({low:.1%} to {high:.1%})"
