"""`recall forget`: take a person out of what is kept of incidents."""

from pathlib import Path

import typer

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

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command()
def forget(
    person: list[str] = typer.Argument(
        ..., metavar="PERSON...", help="TEAM_ID/USER_ID, e-mail addresses, names: all of one."
    ),
    yes: bool = typer.Option(False, "--yes", help="Do it; without it only the counts are shown."),
    json: bool = JSON_OPTION,
    config: Path = CONFIG_OPTION,
) -> None:
    """Take a person's names, ids and addresses out of incidents, records, timelines, answers and
    messages. Shows first what it would change; it cannot be undone.

    The audit record keeps its events, which hold who did what by key: its chain is made over
    every word. Runbooks that name the person are listed for a lead to edit. Backups and exports
    made before still hold what they held."""
    from bot.clock import SystemClock
    from bot.incidents.record_files import export_records
    from bot.people.forgetting import forget as forget_person

    settings = read_settings(config)
    with exit_on_error(), open_database(settings) as database:
        found = forget_person(database, SystemClock(), person, actor=actor_name(), dry_run=not yes)
        if yes and settings.records_folder.is_dir():
            export_records(database, settings.records_folder)
    for kind, count in found.rows.items():
        say(f"  {count:>7,} {kind}")
    if found.runbooks:
        say(f"Runbooks that name the person, to be edited: {', '.join(found.runbooks)}", "yellow")
    if found.audit:
        say(f"{found.audit:,} events of the audit record name the person and stay as they are.")
    if json:
        print_json(
            {
                "done": yes,
                "rows": dict(found.rows),
                "runbooks": list(found.runbooks),
                "audit": found.audit,
            }
        )
    if not found.total:
        say("Nothing that is kept names this person.")
    elif yes:
        say(f"{found.total:,} rows changed.", "bold")
    else:
        say(f"{found.total:,} rows would change; --yes does it.", "bold")
