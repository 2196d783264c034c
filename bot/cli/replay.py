"""`recall replay`: does a past answer's receipt still give that answer, and why did it rank so."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from bot.cli.common import CONFIG_OPTION, EXIT_FAILED, JSON_OPTION

if TYPE_CHECKING:
    from bot.settings import Settings
    from bot.suggestions.replay import Replay

app = typer.Typer(add_completion=False, rich_markup_mode=None)

_ROWS = 8
_SHOWN = (
    "dense",
    "logs_dense",
    "body",
    "title",
    "coverage",
    "exact",
    "severity",
    "same_alert",
    "own_page",
    "log_lines",
)


@app.command()
def replay_command(
    suggestion: str = typer.Argument(..., metavar="ID", help="Of the suggestion."),
    full: bool = typer.Option(False, help="Search again in the knowledge as it was then."),
    json: bool = JSON_OPTION,
    config: Path = CONFIG_OPTION,
) -> None:
    """Rank a past answer's candidates again from its receipt; exit 1 when it comes out other."""
    from bot.cli.common import exit_on_error, fail, open_database, print_json, read_settings
    from bot.suggestions.replay import replay

    settings = read_settings(config)
    with exit_on_error(), open_database(settings) as database:
        with database.read() as uow:
            stored = uow.suggestions.get(suggestion)
        if stored is None:
            raise fail(f"there is no suggestion {suggestion}")
        receipt = stored.suggestion.receipt
        told = {"features": replay(receipt)}
        if full:
            told["search"] = _search(database, receipt, settings)
    if json:
        print_json(as_dict(suggestion, receipt, told))
    else:
        _show(stored.suggestion.headline, receipt, told)
    if not all(one.same for one in told.values()):
        raise typer.Exit(EXIT_FAILED)


def _search(database: Any, receipt: Mapping[str, Any], settings: "Settings") -> "Replay":
    from bot.memory import load_model
    from bot.suggestions.replay import Replay, search_again

    source = database.knowledge_source()
    try:
        documents = source.served_at(receipt["revision"])
    except LookupError as error:
        return Replay(why_not=str(error.args[0]))
    return search_again(
        receipt, documents, load_model(settings.model, settings.data_dir), source.vectors
    )


def as_dict(
    suggestion: str, receipt: Mapping[str, Any], told: Mapping[str, "Replay"]
) -> dict[str, Any]:
    """The JSON of a replay; a contract."""
    return {
        "id": suggestion,
        "same": all(one.same for one in told.values()),
        "generation": receipt.get("generation"),
        "revision": receipt.get("revision"),
        "fusion_version": receipt.get("fusion_version"),
        "confidence_version": receipt.get("confidence_version"),
        "checks": [
            {
                "check": name,
                "same": one.same,
                "why_not": one.why_not,
                "differences": [
                    {"kind": each.kind, "id": each.id, "stored": each.stored, "again": each.again}
                    for each in one.differences
                ],
            }
            for name, one in told.items()
        ],
    }


def _show(headline: str, receipt: Mapping[str, Any], told: Mapping[str, "Replay"]) -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    from bot.cli.common import printable

    out = Console(highlight=False)
    out.print(f"[bold]{escape(printable(headline))}[/]")
    out.print(
        f"[dim]generation {receipt.get('generation')}, change {receipt.get('revision')}, "
        f"fusion {receipt.get('fusion_version')}, confidence {receipt.get('confidence_version')}[/]"
    )
    for kind in ("incidents", "runbooks"):
        rows = receipt.get(kind, [])[:_ROWS]
        if not rows:
            continue
        names = [name for name in _SHOWN if any(name in row["features"] for row in rows)]
        table = Table(title=f"\n{kind}", title_justify="left", box=None, pad_edge=False)
        table.add_column("id", overflow="fold", max_width=28)
        for name in ("score", *names):
            table.add_column(name, justify="right")
        for row in rows:
            cells = [f"{row['features'].get(name, 0.0):.2f}" for name in names]
            table.add_row(escape(printable(row["id"])), f"{row['score']:.3f}", *cells)
        out.print(table)
    labels = {"features": "Ranked again from the stored numbers", "search": "Searched again"}
    for name, one in told.items():
        if one.same:
            out.print(f"\n[green]{labels[name]}: the same[/]")
            continue
        out.print(f"\n[red]{labels[name]}: {escape(one.why_not) or 'not the same'}[/]")
        for each in one.differences[:_ROWS]:
            was = "absent" if each.stored is None else f"{each.stored:.4f}"
            now = "absent" if each.again is None else f"{each.again:.4f}"
            out.print(f"  {escape(printable(each.id))}: {was} then, {now} now")
