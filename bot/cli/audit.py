"""`recall audit`: verify the record of who did what, export it, and anchor it elsewhere."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from bot.cli.common import (
    CONFIG_OPTION,
    JSON_OPTION,
    exit_on_error,
    open_database,
    print_json,
    read_settings,
    say,
)

if TYPE_CHECKING:
    from bot.audit.model import AuditEvent, AuditRow
    from bot.audit.verify import Verdict
    from bot.store.database import Database

app = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    no_args_is_help=True,
    help="Verify, export and anchor the append-only record of who did what.",
)
_PAGE = 5_000


@app.command("verify")
def verify(
    anchors: Path = typer.Option(
        None, help="File of anchors that was kept elsewhere.", exists=True, dir_okay=False
    ),
    json: bool = JSON_OPTION,
    config: Path = CONFIG_OPTION,
) -> None:
    """Follow the chain of hashes to its end. Exits with 1, and the exact row, where it breaks."""
    from bot.audit.verify import read_anchors
    from bot.audit.verify import verify as follow

    with exit_on_error(), open_database(read_settings(config)) as database:
        kept = read_anchors(anchors) if anchors is not None else []
        verdict = follow(rows_of(database), kept)
    if json:
        print_json(as_dict(verdict, len(kept)))
    elif verdict.ok:
        say(f"{verdict.events} events are as they were written; {len(kept)} anchors fit.")
        say(f"The last is {verdict.head.seq}, with the hash {verdict.head.hash}.")
    else:
        say(f"Row {verdict.broken_at}: {verdict.problem}.", "bold red")
    if not verdict.ok:
        raise typer.Exit(1)


def as_dict(verdict: "Verdict", anchors: int) -> dict[str, Any]:
    """What `recall audit verify --json` prints."""
    return {
        "ok": verdict.ok,
        "events": verdict.events,
        "last": verdict.head.seq,
        "hash": verdict.head.hash,
        "anchors": anchors,
        "broken_at": verdict.broken_at,
        "problem": verdict.problem,
    }


def events_of(database: "Database") -> "Iterator[AuditEvent]":
    """All events, oldest first, a page at a time."""
    after = 0
    while True:
        with database.read() as uow:
            page = uow.audit.list(after=after, limit=_PAGE)
        yield from page
        if len(page) < _PAGE:
            return
        after = page[-1].seq


def rows_of(database: "Database") -> "Iterator[AuditRow]":
    """As `events_of`, as bare tuples."""
    after = 0
    while True:
        with database.read() as uow:
            page = uow.audit.rows(after=after, limit=_PAGE)
        yield from page
        if len(page) < _PAGE:
            return
        after = page[-1][0]


@app.command("export")
def export(
    file: Path = typer.Argument(None, help="File to write; standard output where left out."),
    config: Path = CONFIG_OPTION,
) -> None:
    """Write every event as one line of JSON, hashes included."""
    from bot.audit.verify import event_line

    with exit_on_error(), open_database(read_settings(config)) as database:
        lines = (f"{event_line(event)}\n" for event in events_of(database))
        if file is None:
            sys.stdout.writelines(lines)
            return
        with file.open("w", encoding="utf-8") as out:
            out.writelines(lines)
    say(f"Written to {file}.")


@app.command("anchor")
def anchor(
    file: Path = typer.Argument(..., help="File to add a line to; ship it off this machine."),
    config: Path = CONFIG_OPTION,
) -> None:
    """Add how the chain stands now to a file. Refuses when the chain does not verify."""
    from bot.audit.verify import anchor_line, read_anchors
    from bot.audit.verify import verify as follow
    from bot.clock import SystemClock
    from bot.errors import DataError

    with exit_on_error(), open_database(read_settings(config)) as database:
        verdict = follow(rows_of(database), read_anchors(file) if file.exists() else [])
        if not verdict.ok:
            raise DataError(f"row {verdict.broken_at}: {verdict.problem}; nothing was anchored")
        with file.open("a", encoding="utf-8") as out:
            out.write(anchor_line(verdict.head, SystemClock().now()) + "\n")
    say(f"Anchored {verdict.head.seq} in {file}.")
