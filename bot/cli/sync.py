"""`recall sync`: read the sources of runbooks now, and say how their last sync went."""

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from bot.cli.common import (
    CONFIG_OPTION,
    EXIT_FAILED,
    EXIT_USAGE,
    JSON_OPTION,
    actor_name,
    exit_on_error,
    fail,
    open_database,
    people,
    print_json,
    progress_bar,
    read_settings,
    say,
)

if TYPE_CHECKING:
    from knowledge.embed.port import Embedder

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command()
def sync(
    status: bool = typer.Option(False, "--status", help="Only say how the last sync went."),
    dry_run: bool = typer.Option(False, "--dry-run", help="Read and compare; write nothing."),
    json: bool = JSON_OPTION,
    config: Path = CONFIG_OPTION,
) -> None:
    """Read every source of RECALL_SYNC_SOURCES now. The server does the same by itself every
    RECALL_SYNC_MINUTES. Edits made in the console are merged, never overwritten."""
    from contextlib import ExitStack

    from bot.clock import SystemClock
    from bot.importing import Importer, Progress
    from bot.sync.model import SyncSource, SyncState, in_words, parse_source, state_of
    from bot.syncing import open_sync

    settings = read_settings(config)
    if not settings.sync_sources:
        raise fail("there is no source; set RECALL_SYNC_SOURCES", EXIT_USAGE)

    def embedder() -> "Embedder":
        from bot.memory import load_model

        with people.status("Loading the embedding model"):
            return load_model(settings.model, settings.data_dir)

    clock = SystemClock()
    with exit_on_error(), open_database(settings, clock) as database, ExitStack() as bars:
        states: dict[SyncSource, SyncState | None]
        if status:
            with database.read() as uow:
                sources = [parse_source(one) for one in settings.sync_sources]
                states = {one: state_of(uow.marks.get(one.key)) for one in sources}
        else:

            def importer() -> Importer:
                return Importer(
                    units=database,
                    source=database.knowledge_source(),
                    embedder=embedder,
                    clock=clock,
                    actor=actor_name(),
                )

            def telling(source: SyncSource) -> Progress:
                bars.close()  # the one before
                return bars.enter_context(progress_bar(source.name, None))

            done = open_sync(settings, database, clock, importer)
            states = dict(done.run(dry_run=dry_run, telling=telling))
    for source, state in states.items():
        well = state is None or state.is_well
        say(f"{source.name}: {in_words(state)}", "" if well else "yellow")
    if json:
        rows = [
            {"name": source.name, "kind": source.kind.value, "last": state and state.as_json()}
            for source, state in states.items()
        ]
        print_json({"sources": rows})
    if any(state is not None and not state.is_well for state in states.values()):
        raise typer.Exit(EXIT_FAILED)
