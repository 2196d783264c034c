"""`recall audit`: verify the record of who did what, export it, anchor it elsewhere, prune it."""

import sys
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from bot.audit.reading import events_of, rows_of
from bot.cli.common import (
    CONFIG_OPTION,
    JSON_OPTION,
    actor_name,
    exit_on_error,
    open_database,
    print_json,
    read_settings,
    say,
)

if TYPE_CHECKING:
    from bot.audit.anchors import Anchor
    from bot.audit.shipping import Sink
    from bot.audit.verify import Verdict
    from bot.settings import Settings

app = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    no_args_is_help=True,
    help="Verify, export, anchor and prune the append-only record of who did what.",
)


@app.command("verify")
def verify(
    anchors: list[Path] = typer.Option(
        [],
        metavar="FILE",
        help="Anchors that were kept elsewhere: a file of lines or JSON, also as a syslog "
        "collector wrote it; - for standard input. May be given several times.",
        allow_dash=True,
    ),
    anchor_url: str = typer.Option(
        "", help="Address that answers the anchors it was sent; asked with RECALL_ANCHOR_TOKEN."
    ),
    json: bool = JSON_OPTION,
    config: Path = CONFIG_OPTION,
) -> None:
    """Follow the chain of hashes to its end. Exits with 1, and the exact row, where it breaks."""
    from bot.audit.verify import verify as follow

    settings = read_settings(config)
    with exit_on_error():
        kept, left_out = collected(settings, anchors, anchor_url)
        with open_database(settings) as database:
            verdict = follow(rows_of(database), kept)
    if json:
        print_json(as_dict(verdict, len(kept), left_out))
        if not verdict.ok:
            raise typer.Exit(1)
        return
    if left_out:
        say(f"{left_out} lines held no anchor and were left out.")
    if verdict.ok:
        say(f"{verdict.events} events are as they were written; {len(kept)} anchors fit.")
        if verdict.pruned is not None:
            cut = verdict.pruned
            said = "that checkpoint was anchored" if kept else "compare it with your anchors"
            say(
                f"Events 1 to {cut.checkpoint.seq} were pruned by {cut.by} on "
                f"{cut.at:%Y-%m-%d}; {said}."
            )
        say(f"The last is {verdict.head.seq}, with the hash {verdict.head.hash}.")
    else:
        say(f"Row {verdict.broken_at}: {verdict.problem}.", "bold red")
    if not verdict.ok:
        raise typer.Exit(1)


def collected(settings: "Settings", files: Sequence[Path], url: str) -> "tuple[list[Anchor], int]":
    """(the anchors of files and address, lines without one). Raises DataError where anchors were to
    be compared and there are none: that would say that all is well."""
    from bot.audit.anchors import Collected, anchors_in
    from bot.audit.fetching import fetch_anchors, token_for
    from bot.errors import DataError

    found: list[Collected] = [anchors_in(_text_of(file), str(file)) for file in files]
    if url:
        token = settings.anchor_token
        secret = token.get_secret_value() if token is not None else ""
        proxy = None if url.startswith("http:") else settings.https_proxy
        own = token_for(url, settings.anchor_url, secret)
        found.append(fetch_anchors(url, own, settings.ca_bundle, proxy))
    anchors = [anchor for one in found for anchor in one.anchors]
    if found and not anchors:
        raise DataError("no anchor was found there; nothing was compared")
    return anchors, sum(one.left_out for one in found)


def _text_of(file: Path) -> str:
    from bot.errors import DataError

    try:
        return sys.stdin.read() if str(file) == "-" else file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{file} cannot be read: {error}") from None


def as_dict(verdict: "Verdict", anchors: int, left_out: int = 0) -> dict[str, Any]:
    """What `recall audit verify --json` prints."""
    return {
        "ok": verdict.ok,
        "events": verdict.events,
        "last": verdict.head.seq,
        "hash": verdict.head.hash,
        "anchors": anchors,
        "left_out": left_out,
        "broken_at": verdict.broken_at,
        "problem": verdict.problem,
        "pruned_through": verdict.pruned.checkpoint.seq if verdict.pruned is not None else 0,
    }


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
    file: Path = typer.Argument(
        None, help="File to add a line to, beside RECALL_ANCHOR_SYSLOG and RECALL_ANCHOR_URL."
    ),
    config: Path = CONFIG_OPTION,
) -> None:
    """Ship how the chain stands now off this machine. Refuses when the chain does not verify."""
    from bot.audit.anchors import read_anchors
    from bot.audit.verify import verify as follow
    from bot.clock import SystemClock
    from bot.errors import DataError

    settings = read_settings(config)
    with exit_on_error():
        sinks = sinks_of(settings, file)
        if not sinks:
            raise DataError("name a file, or set RECALL_ANCHOR_SYSLOG or RECALL_ANCHOR_URL")
        with open_database(settings) as database:
            there = file is not None and file.exists()
            verdict = follow(rows_of(database), read_anchors(file) if there else [])
        if not verdict.ok:
            raise DataError(f"row {verdict.broken_at}: {verdict.problem}; nothing was anchored")
        failed = []
        for sink in sinks:
            try:
                sink.ship(verdict.head, SystemClock().now())
                say(f"Anchored {verdict.head.seq} in {sink.name}.")
            except DataError as error:  # the others are shipped all the same
                failed.append(str(error))
        if failed:
            raise DataError("; ".join(failed))


@app.command("prune")
def prune(
    before: str = typer.Option(..., help="Events older than this day (UTC) go: YYYY-MM-DD."),
    anchors: Path = typer.Option(
        ..., help="File of anchors that is kept elsewhere; the checkpoint is added.", dir_okay=False
    ),
    json: bool = JSON_OPTION,
    config: Path = CONFIG_OPTION,
) -> None:
    """Take out old events. The chain stays whole: the last one that goes is anchored first."""
    from bot.audit.anchors import read_anchors
    from bot.audit.pruning import prune as cut_off
    from bot.clock import SystemClock
    from bot.errors import DataError

    settings = read_settings(config)
    with exit_on_error(), open_database(settings) as database:
        try:
            day = date.fromisoformat(before)
        except ValueError:
            raise DataError(f"{before!r} is no day; write one like 2026-01-31") from None
        cut = cut_off(
            database,
            before=datetime(day.year, day.month, day.day, tzinfo=UTC),
            anchors=read_anchors(anchors) if anchors.exists() else [],
            sinks=sinks_of(settings, anchors),
            by=actor_name(),
            now=SystemClock().now(),
        )
    if json:
        print_json(
            {
                "events": cut.events if cut is not None else 0,
                "through": cut.checkpoint.seq if cut is not None else 0,
                "hash": cut.checkpoint.hash if cut is not None else "",
            }
        )
    elif cut is None:
        say("Nothing is that old.")
    else:
        say(f"{cut.events} events went; the checkpoint {cut.checkpoint.seq} is anchored.")


def sinks_of(settings: "Settings", file: Path | None) -> "list[Sink]":
    """Where anchors are shipped: the file, and what the settings name."""
    from bot.audit.shipping import FileSink, HttpSink, SyslogSink

    sinks: list[Sink] = [] if file is None else [FileSink(file)]
    if settings.anchor_syslog:
        sinks.append(SyslogSink(settings.anchor_syslog))
    if settings.anchor_url:
        token = settings.anchor_token
        here = settings.anchor_url.startswith("http:")
        sinks.append(
            HttpSink(
                settings.anchor_url,
                token.get_secret_value() if token is not None else "",
                settings.ca_bundle,
                None if here else settings.https_proxy,
            )
        )
    return sinks
