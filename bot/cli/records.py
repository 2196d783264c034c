"""`recall records`: what is written up of past incidents, and what waits for it."""

from pathlib import Path

import typer

from bot.cli.common import (
    CONFIG_OPTION,
    JSON_OPTION,
    exit_on_error,
    fail,
    open_database,
    print_json,
    read_settings,
    say,
)

app = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    no_args_is_help=True,
    help="List incident records, confirmed ones and drafts; write them as Markdown files.",
)


@app.command("list")
def list_(
    limit: int = typer.Option(50, min=1, max=1000, help="How many of each."),
    json: bool = JSON_OPTION,
    config: Path = CONFIG_OPTION,
) -> None:
    """List the drafts that wait to be confirmed, and what was confirmed, newest first."""
    from bot.drafts.model import DraftKind
    from bot.incidents.records import IncidentRecord

    with exit_on_error(), open_database(read_settings(config)) as database, database.read() as uow:
        waiting = uow.drafts.waiting(DraftKind.RECORD, limit=limit)
        accepted = uow.drafts.accepted(DraftKind.RECORD, limit=limit)
    rows: list[dict[str, object]] = []
    for draft in (*waiting, *accepted):
        record = IncidentRecord.model_validate(draft.content)
        rows.append(
            {
                "incident": draft.subject,
                "title": record.title,
                "state": draft.state.value,
                "missing": list(record.missing),
                "confirmed_by": draft.decided_by,
                "at": (draft.decided_at or draft.made_at).isoformat(),
            }
        )
    if json:
        print_json({"records": rows})
        return
    for row, draft in zip(rows, (*waiting, *accepted), strict=True):
        missing = IncidentRecord.model_validate(draft.content).missing
        empty = f"  (not filled in yet: {', '.join(missing)})" if missing else ""
        say(f"{row['incident']}  {row['state']}  {row['title']}{empty}")
    if not rows:
        say("There is no record yet; one is made when an incident is resolved.")


@app.command()
def export(
    folder: Path = typer.Argument(
        None, metavar="FOLDER", file_okay=False, help="Where to; the records folder if left out."
    ),
    config: Path = CONFIG_OPTION,
) -> None:
    """Write every confirmed record as a Markdown file, to be read, kept in git, or imported with
    `recall import incidents FOLDER`. Files of records that are restricted are written as well."""
    from bot.incidents.record_files import export_records

    settings = read_settings(config)
    target = folder or settings.records_folder
    with exit_on_error(), open_database(settings) as database:
        try:
            written = export_records(database, target)
        except OSError as error:
            raise fail(f"{target} cannot be written: {error.strerror or error}") from error
    say(f"{len(written)} records written to {target}.")
