"""`recall console link`: lets somebody into the console, by a link that works once."""

import re
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

app = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    no_args_is_help=True,
    help="Let somebody into the console by a link that works once.",
)

_ACTOR = re.compile(r"([A-Z0-9]+)/([A-Z0-9]+)", re.ASCII)


@app.callback()
def console() -> None:
    """Makes `link` a command of its own, for others to stand beside it."""


@app.command()
def link(
    actor: str = typer.Option(
        "CONSOLE/ADMIN", "--as", help="Whose words and deeds they are, as TEAM_ID/USER_ID."
    ),
    name: str = typer.Option("", help="The name that people read; empty means the user id."),
    role: str = typer.Option("admin", help="responder, lead or admin."),
    json: bool = JSON_OPTION,
    config: Path = CONFIG_OPTION,
) -> None:
    """Print a link that opens the console once, within 15 minutes."""
    from bot.clock import SystemClock
    from bot.errors import DataError
    from bot.people.model import Actor, Role
    from bot.people.sessions import LINK_MINUTES, a_link, digest_of, new_secret

    settings = read_settings(config)
    with exit_on_error(), open_database(settings) as database:
        match = _ACTOR.fullmatch(actor)
        if match is None:
            raise DataError(f"{actor!r} is not of the form TEAM_ID/USER_ID, such as T1/U2")
        if role not in (Role.RESPONDER, Role.LEAD, Role.ADMIN):
            raise DataError(f"{role!r} is no role; responder, lead and admin are")
        who = Actor(team_id=match[1], user_id=match[2])
        now = SystemClock().now()
        secret = new_secret()
        with database.begin() as uow:
            uow.passes.keep(digest_of(secret), a_link(who, name or who.user_id, Role(role), now))
            uow.audit.append(
                at=now,
                actor="recall/cli",
                action="console.link_made",
                subject=who.key,
                data={"role": role},
            )
    base = settings.public_url or f"http://{settings.host}:{settings.port}"
    address = f"{base}/console/enter?token={secret}"
    if json:
        print_json({"url": address, "minutes": LINK_MINUTES, "actor": who.key, "role": role})
        return
    typer.echo(address)
    say(f"It opens the console once, as {name or who.key} ({role}), within {LINK_MINUTES} minutes.")
