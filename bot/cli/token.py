"""`recall token`: personal tokens, made, listed and revoked by whoever administers the machine."""

import re
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

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
    from bot.people.token_desk import TokenDesk
    from bot.people.tokens import PersonalToken
    from bot.settings import Settings
    from bot.store.database import Database

app = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    no_args_is_help=True,
    help="Make, list and revoke the tokens with which people's programs ask for actions.",
)

_ACTOR = re.compile(r"([A-Z0-9]+)/([A-Z0-9]+)", re.ASCII)
_KEY = re.compile(r"(?:tok-)?([0-9]{1,18})", re.ASCII | re.I)


@app.command("make")
def make(
    actor: str = typer.Option(
        ..., "--as", help="Whose token it is, as TEAM_ID/USER_ID: it asks in that name."
    ),
    label: str = typer.Option(..., help="What it is for, in a few words."),
    name: str = typer.Option("", help="The name that people read; empty means the user id."),
    days: int = typer.Option(30, help="How long it lasts, at most 90 days."),
    json: bool = JSON_OPTION,
    config: Path = CONFIG_OPTION,
) -> None:
    """Print a token, once: only its hash is kept. That it was made here is on the record."""
    from bot.errors import DataError
    from bot.people.model import Actor

    settings = read_settings(config)
    with exit_on_error(), open_database(settings) as database:
        match = _ACTOR.fullmatch(actor)
        if match is None:
            raise DataError(f"{actor!r} is not of the form TEAM_ID/USER_ID, such as T1/U2")
        who = Actor(team_id=match[1], user_id=match[2])
        desk = _desk(settings, database)
        secret, token = desk.make(who, name or who.user_id, label, days, by=actor_name())
    if json:
        print_json({"token": secret, **_as_dict(token, token.made_at)})
        return
    typer.echo(secret)
    say(f"{token.key} asks in the name of {who.key} until {token.expires_at:%Y-%m-%d}.")
    say("It is shown this once. Revoke it with: recall token revoke " + token.key)


@app.command("list")
def list_(json: bool = JSON_OPTION, config: Path = CONFIG_OPTION) -> None:
    """List everybody's tokens, newest first; never their secrets."""
    from bot.clock import SystemClock

    settings = read_settings(config)
    with exit_on_error(), open_database(settings) as database:
        there = _desk(settings, database).all()
    now = SystemClock().now()
    if json:
        print_json({"tokens": [_as_dict(one, now) for one in there]})
        return
    for one in there:
        used = f"used {one.last_used_at:%Y-%m-%d %H:%M}" if one.last_used_at else "never used"
        say(f"{one.key}  {one.actor.key}  {one.label}")
        say(f"    {one.state(now)}, expires {one.expires_at:%Y-%m-%d}, {used}, by {one.made_by}")
    if not there:
        say("There are no tokens.")


@app.command("revoke")
def revoke(
    token: str = typer.Argument(..., help="The token's key, such as TOK-3."),
    config: Path = CONFIG_OPTION,
) -> None:
    """Have a token count no more, at once and on every replica."""
    from bot.errors import DataError

    settings = read_settings(config)
    with exit_on_error(), open_database(settings) as database:
        match = _KEY.fullmatch(token.strip())
        if match is None:
            raise DataError(f"{token!r} is no token's key; recall token list shows them")
        gone = _desk(settings, database).revoke(int(match[1]), by=actor_name())
    say(f"{gone.key} of {gone.actor.key} counts no more.")


def _desk(settings: "Settings", database: "Database") -> "TokenDesk":
    from bot.clock import SystemClock
    from bot.people.same import SamePeople
    from bot.people.token_desk import TokenDesk

    same = SamePeople(group.split("=") for group in settings.same_people)
    return TokenDesk(database, same, SystemClock())


def _as_dict(token: "PersonalToken", now: datetime) -> dict[str, Any]:
    """One token as `recall token list --json` prints it."""
    moments = {
        "made_at": token.made_at,
        "expires_at": token.expires_at,
        "last_used_at": token.last_used_at,
        "revoked_at": token.revoked_at,
    }
    return {
        "key": token.key,
        "actor": token.actor.key,
        "label": token.label,
        "state": token.state(now),
        "made_by": token.made_by,
        **{name: at.isoformat() if at is not None else None for name, at in moments.items()},
        "revoked_by": token.revoked_by,
    }
