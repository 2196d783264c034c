"""`recall migrate`: bring the database schema up to date, or ask whether it is."""

from pathlib import Path

import typer

from bot.cli.common import CONFIG_OPTION, EXIT_FAILED, exit_on_error, read_settings, say

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command()
def migrate(
    check: bool = typer.Option(False, "--check", help="Change nothing; exit 1 if not current."),
    config: Path = CONFIG_OPTION,
) -> None:
    """Make the schema current. Safe to run again, and from several machines at once."""
    from bot.clock import SystemClock
    from bot.store.database import Database
    from bot.store.schema import SchemaState

    settings = read_settings(config)
    with exit_on_error():
        database = Database(settings.database, clock=SystemClock())
        try:
            before = database.schema_state()
            if check:
                say(f"{database.name}: the schema is {before.value}")
                if before is not SchemaState.CURRENT:
                    raise typer.Exit(EXIT_FAILED)
                return
            database.migrate()
            said = "was current already" if before is SchemaState.CURRENT else "is current now"
            say(f"{database.name}: the schema {said}")
        finally:
            database.close()
