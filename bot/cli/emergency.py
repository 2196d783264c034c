"""`recall actions show | ask | break-glass`: what there is to do at the machine while the chat is
down. Who does it is known by a personal token, never by the account alone."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
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
    from bot.actions.model import ActionRequest
    from bot.actions.requests import Requests
    from bot.chat.ports import CardRoom
    from bot.people.tokens import PersonalToken
    from bot.store.database import Database

TOKEN_OPTION = typer.Option(
    None,
    "--token-file",
    metavar="FILE",
    help="File with your personal token, - for standard input; asked for where it is left out.",
)
_LONGEST = 400


def add_to(app: typer.Typer) -> None:
    """These commands stand among the others of `recall actions`."""
    app.command("show")(show)
    app.command("ask")(ask)
    app.command("break-glass")(break_glass)


@dataclass(frozen=True)
class _Bench:
    database: "Database"
    requests: "Requests"

    def person(self, secret: str) -> "PersonalToken":
        """Raises DataError for a token that is none, on the record where it was one."""
        from bot.errors import DataError
        from bot.people.sessions import digest_of

        now = self.requests.clock.now()
        with self.database.read() as uow:
            token = uow.tokens.find(digest_of(secret))
        if token is None:
            raise DataError("that is no personal token; its owner makes one in the console")
        if why := token.why_not(now):
            with self.database.begin() as uow:
                uow.audit.append(
                    at=now,
                    actor=token.actor.key,
                    action="token.refused",
                    subject=token.key,
                    data={"why": why, "label": token.label, "at": actor_name()},
                )
            raise DataError(f"{token.key} counts no more: {why}")
        return token


@contextmanager
def _bench(config: Path | None) -> Iterator[_Bench]:
    from bot.action_book import build_book
    from bot.actions.requests import Requests
    from bot.clock import SystemClock

    settings = read_settings(config)
    with exit_on_error(), open_database(settings) as database:
        yield _Bench(database, Requests(database, build_book(settings), SystemClock()))


def show(
    request: str = typer.Argument(..., help="Which one, such as ACT-7."),
    json: bool = JSON_OPTION,
    config: Path = CONFIG_OPTION,
) -> None:
    """Say exactly what a request runs, under which hash, and how it stands."""
    with _bench(config) as bench:
        found = _found(bench, request)
    if json:
        print_json(
            {
                "key": found.key,
                "template": found.frozen.template_id,
                "title": found.frozen.title,
                "state": found.state.value,
                "risk": found.frozen.risk.value,
                "targets": list(found.frozen.targets),
                "rendered": found.frozen.step.shown,
                "digest": found.digest,
                "requested_by": found.requested_by,
                "reason": found.reason,
                "note": found.note,
                "expires_at": found.expires_at.isoformat(),
            }
        )
        return
    _tell(found)


def ask(
    template: str = typer.Argument(..., help="The action's id."),
    parameter: list[str] = typer.Option(
        [], "--parameter", "-p", metavar="NAME=VALUE", help="A value; as often as there are some."
    ),
    incident: str = typer.Option("", help="The incident that it is about, such as RCL-12."),
    reason: str = typer.Option("", help="Why; approvers read it."),
    token_file: str = TOKEN_OPTION,
    config: Path = CONFIG_OPTION,
) -> None:
    """Ask for an action in your name, while the chat is down. Its message comes when it is back."""
    from bot.actions.by_token import ByToken, Came, TokenWish
    from bot.errors import DataError
    from bot.redact import redact

    values = dict(one.partition("=")[::2] for one in parameter if "=" in one)
    if len(values) != len(parameter):
        raise typer.BadParameter("write each as NAME=VALUE, and each name once")
    secret = _secret(token_file)
    with _bench(config) as bench:
        token = bench.person(secret)
        # Nobody can ask the chat who is still a member: at the machine the token has to do.
        asking = ByToken(bench.requests, _PlacesOnRecord(), lambda _: True)
        done = asking.ask(
            TokenWish(
                token_id=token.id,
                template=redact(template),
                values={name: redact(value) for name, value in values.items()},
                incident=incident.upper(),
                reason=redact(reason)[:_LONGEST],
            )
        )
        if done.came is not Came.MADE:
            problems = "; ".join(f"{name or 'it'}: {why}" for name, why in done.problems.items())
            raise DataError(f"not asked for: {done.refused or problems}")
        found = _found(bench, str(done.number))
    _tell(found)


def break_glass(
    request: str = typer.Argument(..., help="Which request, such as ACT-7."),
    digest: str = typer.Argument(
        ..., metavar="HASH", help="At least 12 characters of its sha256: recall actions show."
    ),
    reason: str = typer.Argument(..., help="Why nobody can approve it; everybody reads it."),
    token_file: str = TOKEN_OPTION,
    config: Path = CONFIG_OPTION,
) -> None:
    """Have a request run without the approvals that it lacks, in your name, while the chat is down.
    It is said loudly as soon as the chat is back, and is on the record at once."""
    from bot.actions.book import actor_of
    from bot.actions.glass import Blow, Glass
    from bot.errors import DataError
    from bot.redact import redact

    secret = _secret(token_file)
    with _bench(config) as bench:
        token = bench.person(secret)
        found = _found(bench, request)
        book, clock = bench.requests.book, bench.requests.clock
        key = book.same.key_in(found.team_id, token.actor.key)
        if key is None:
            raise DataError(f"nobody knows who {token.actor.key} is in the chat {found.team_id}")
        blow = Blow(
            actor=actor_of(key),
            number=found.id,
            seen=digest,
            reason=redact(" ".join(reason.split()))[:_LONGEST],
            proof={"at": actor_name(), "token": token.key},
        )
        why = Glass(bench.database, book, clock).break_(blow, None, later=True)
        with bench.database.begin() as uow:
            uow.tokens.used(token.id, clock.now())
        if why:
            raise DataError(f"{found.key} stays as it is, because {why}")
    say(f"The glass is broken: {found.key} runs. It is said in the chat as soon as that is back.")


class _PlacesOnRecord:
    """The Rooms port without a chat: messages go where the incident's card is."""

    def default(self) -> None:
        return None

    def shadow(self) -> None:
        return None

    def of(self, team_id: str, channel: str) -> "CardRoom":
        """A card stands there, and channels of several organisations get none."""
        from bot.chat.ports import CardRoom, Destination

        return CardRoom(Destination(team_id, channel), is_shared=False)


def _found(bench: _Bench, request: str) -> "ActionRequest":
    from bot.errors import DataError

    number = request.strip().upper().removeprefix("ACT-")
    is_number = number.isascii() and number.isdigit() and len(number) < 19
    with bench.database.read() as uow:
        found = uow.actions.get(int(number)) if is_number else None
    if found is None:
        raise DataError(f"there is no request {request!r}; recall actions status lists them")
    return found


def _tell(found: "ActionRequest") -> None:
    frozen = found.frozen
    say(f"{found.key} {frozen.title}: {found.state.value.replace('_', ' ')}")
    say(f"    {frozen.risk.value} risk, on {', '.join(frozen.targets) or 'nothing by name'}")
    for line in frozen.step.shown.splitlines():
        say(f"    {line}")
    say(f"    sha256 {found.digest}")
    say(f"    asked by {found.requested_by}{f': {found.reason}' if found.reason else ''}")
    if found.note:
        say(f"    {found.note}")


def _secret(file: str | None) -> str:
    """The token; never an argument, which others on the machine could read."""
    from bot.errors import DataError

    with exit_on_error():
        try:
            if file == "-":
                return sys.stdin.readline().strip()
            if file is not None:
                return Path(file).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise DataError(f"the token cannot be read from {file}: {error}") from None
    return str(typer.prompt("Your personal token", hide_input=True)).strip()
