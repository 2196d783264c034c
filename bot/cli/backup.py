"""`recall backup`: everything in one file, while the server runs."""

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from bot.cli.common import (
    CONFIG_OPTION,
    JSON_OPTION,
    exit_on_error,
    open_database,
    print_json,
    progress_bar,
    read_settings,
    say,
)

if TYPE_CHECKING:
    from bot.backup import BackupReport

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command()
def backup(
    file: Path = typer.Argument(
        ..., metavar="FILE", dir_okay=False, help="New archive, such as recall.tar.gz."
    ),
    as_json: bool = JSON_OPTION,
    config: Path = CONFIG_OPTION,
) -> None:
    """Write knowledge, incidents, alerts, the audit record and all else into FILE.

    The file holds whatever alerts held: keep it as safe as the database. Settings, secrets and
    the search index (it is rebuilt) are not in it.
    """
    from bot.backup import back_up
    from bot.clock import SystemClock

    settings = read_settings(config)
    clock = SystemClock()
    with (
        exit_on_error(),
        open_database(settings, clock) as database,
        progress_bar("Copying tables", None) as show,
    ):
        report = back_up(database, file, clock=clock, progress=show)
    size = file.stat().st_size
    say(f"{file}: {sum(report.rows.values()):,} rows of {len(report.rows)} tables", "bold")
    if as_json:
        print_json({"file": str(file), "bytes": size, **as_dict(report)})


def as_dict(report: "BackupReport") -> dict[str, object]:
    return {"schema": report.schema, "rows": report.rows}
