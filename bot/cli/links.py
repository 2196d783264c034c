"""`recall links`: which case an incident is, or is not, as people said it."""

from pathlib import Path
from typing import TYPE_CHECKING

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

if TYPE_CHECKING:
    from bot.suggestions.corrections import Correction

app = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    no_args_is_help=True,
    help="Say which past incident or runbook an incident is about, or is not; take it back.",
)

_KEY = typer.Argument(..., metavar="INCIDENT", help="An incident's key, such as RCL-12.")


@app.command("list")
def list_(
    incident: str = typer.Option("", help="Only what was said of this incident (RCL-12)."),
    limit: int = typer.Option(50, min=1, max=1000, help="How many, newest first."),
    json: bool = JSON_OPTION,
    config: Path = CONFIG_OPTION,
) -> None:
    """List what people said of cases, revoked words too."""
    from bot.suggestions.linking import incident_called

    with exit_on_error(), open_database(read_settings(config)) as database, database.read() as uow:
        only = incident_called(uow, incident).id if incident else None
        words = uow.corrections.list(limit, only)
        incidents = [uow.incidents.get(number) for number in {one.incident_id for one in words}]
    keys = {one.id: one.key for one in incidents if one is not None}
    rows = [_row(one, keys[one.incident_id]) for one in words]
    if json:
        print_json({"links": rows})
        return
    for row in rows:
        taken = f", revoked by {row['revoked_by']}" if row["revoked_at"] else ""
        lead = " (lead)" if row["is_lead"] else ""
        word = str(row["word"]).replace("_", " ")
        say(
            f"{row['id']:>4}  {row['incident']}  {word}  {row['document']}  "
            f"{row['actor']}{lead}{taken}"
        )
    if not rows:
        say("Nobody has said anything of a case yet.")


@app.command()
def add(
    incident: str = _KEY,
    document: str = typer.Argument(..., help="The id of a past incident or a runbook."),
    not_same: bool = typer.Option(False, "--not-same", help="It is not this; leave it out."),
    config: Path = CONFIG_OPTION,
) -> None:
    """Say that an incident is like a past one, or what its runbook is. It holds at once, for the
    incident and for all alerts of its family."""
    from bot.clock import SystemClock
    from bot.suggestions.corrections import Word
    from bot.suggestions.linking import Links

    word = Word.NOT_SAME if not_same else Word.SAME
    with exit_on_error(), open_database(read_settings(config)) as database:
        links = Links(database, SystemClock(), actor_name())
        kept = links.say(incident, document, word)
    if not kept:
        say("You said that before; nothing changed.")
        return
    say(f"{document} is {'left out of' if not_same else 'what answers'} {incident} from now on.")


@app.command()
def revoke(
    number: int = typer.Argument(..., min=1, help="As `recall links list` shows it."),
    config: Path = CONFIG_OPTION,
) -> None:
    """Take a word back, whoever said it."""
    from bot.clock import SystemClock
    from bot.suggestions.linking import Links

    with exit_on_error(), open_database(read_settings(config)) as database:
        revoked = Links(database, SystemClock(), actor_name()).revoke(number)
    say(f"{revoked.actor}'s word on {revoked.document_id} is taken back.")


def _row(one: "Correction", incident: str) -> dict[str, object]:
    return {
        "id": one.id,
        "incident": incident,
        "document": one.document_id,
        "word": one.word.value,
        "actor": one.actor,
        "is_lead": one.is_lead,
        "at": one.at.isoformat(),
        "revoked_at": one.revoked_at.isoformat() if one.revoked_at is not None else None,
        "revoked_by": one.revoked_by,
    }
