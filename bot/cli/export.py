"""`recall export`: all that is known as plain files, to be read, kept in git, imported again."""

from pathlib import Path

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

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command()
def export(
    folder: Path = typer.Argument(
        ..., metavar="FOLDER", help="Where to: a new or empty folder, or an earlier export."
    ),
    json: bool = JSON_OPTION,
    config: Path = CONFIG_OPTION,
) -> None:
    """Write every runbook, past incident, link and accepted noise rule into FOLDER as Markdown
    and JSON Lines. `recall import FOLDER` reads them back into the same knowledge.

    What is restricted is written too, readable by you alone."""
    from bot.exporting import export_to

    with exit_on_error(), open_database(read_settings(config)) as database:
        report = export_to(database, folder)
    if json:
        print_json(
            {"files": report.files, "written": report.written, "removed": list(report.removed)}
        )
        return
    gone = f", {len(report.removed):,} removed" if report.removed else ""
    say(f"{report.files:,} files in {folder}: {report.written:,} written anew{gone}.", "bold")
