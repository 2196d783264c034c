"""`recall restore`: a backup into an empty database, of either kind."""

import shutil
from pathlib import Path

import typer

from bot.cli.backup import as_dict
from bot.cli.common import (
    CONFIG_OPTION,
    JSON_OPTION,
    exit_on_error,
    print_json,
    progress_bar,
    read_settings,
    say,
)

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command()
def restore(
    file: Path = typer.Argument(
        ..., metavar="FILE", exists=True, dir_okay=False, help="Archive of a backup."
    ),
    as_json: bool = JSON_OPTION,
    config: Path = CONFIG_OPTION,
) -> None:
    """Fill the database of the settings from FILE. It must be empty; nothing is overwritten."""
    from bot.backup import restore as fill
    from bot.clock import SystemClock
    from bot.store.database import Database

    settings = read_settings(config)
    with exit_on_error():
        database = Database(settings.database, clock=SystemClock())
        try:
            with progress_bar("Restoring tables", None) as show:
                report = fill(file, database, progress=show)
        finally:
            database.close()
        # An index of what was here before could pass for one of what is here now.
        shutil.rmtree(settings.index_dir, ignore_errors=True)
    say(f"{sum(report.rows.values()):,} rows of {len(report.rows)} tables restored", "bold")
    if as_json:
        print_json(as_dict(report))
