"""Your tokens: with which your own programs ask for actions in your name. Shown once, revocable."""

from http import HTTPStatus
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from bot.errors import DataError
from bot.people.model import Role
from bot.people.token_desk import TokenDesk
from bot.people.tokens import LONGEST_LABEL, MOST_DAYS
from bot.web.console.gate import Fields, Signed, Visitor, text_in
from bot.web.console.parts import Console, ConsoleParts
from bot.web.console.rendering import ConsoleError, page, see_other

router = APIRouter()

_DAYS = "30"


@router.get("/tokens")
def tokens(request: Request, visitor: Signed, parts: Console) -> Response:
    return _page(request, visitor, parts)


@router.post("/tokens")
def make(request: Request, visitor: Signed, parts: Console, form: Fields) -> Response:
    """The page with the token on it: no other page, and no second look, has it."""
    asked = {"label": text_in(form, "label", 500), "days": text_in(form, "days", 10)}
    if not (asked["days"].isascii() and asked["days"].isdigit()):
        return _page(request, visitor, parts, asked, problem="The days are a whole number.")
    desk, actor = _desk(parts), visitor.session.actor
    try:
        secret, token = desk.make(
            actor, visitor.name, asked["label"], int(asked["days"]), by=visitor.key
        )
    except DataError as error:
        problem = f"{str(error)[:1].upper()}{str(error)[1:]}."
        return _page(request, visitor, parts, asked, problem=problem)
    return _page(request, visitor, parts, secret=secret, made=token)


@router.post("/tokens/{number}/revoke")
def revoke(number: int, visitor: Signed, parts: Console, form: Fields) -> Response:
    """One's own; an administrator everybody's."""
    everybody = visitor.may(Role.ADMIN)
    only_of = None if everybody else visitor.session.actor
    try:
        if not 0 < number < 2**63:
            raise DataError(f"there is no token TOK-{number}")
        gone = _desk(parts).revoke(number, by=visitor.key, only_of=only_of)
    except DataError as error:
        raise ConsoleError(HTTPStatus.NOT_FOUND, f"{error}.") from None
    return see_other("/console/tokens", f"{gone.key} ({gone.label}) counts no more.")


def _page(
    request: Request,
    visitor: Visitor,
    parts: ConsoleParts,
    asked: dict[str, str] | None = None,
    *,
    problem: str = "",
    **made: Any,
) -> Response:
    desk = _desk(parts)
    own = desk.own(visitor.session.actor)
    others = [] if not visitor.may(Role.ADMIN) else desk.all()
    return page(
        request,
        "tokens.html",
        visitor=visitor,
        own=own,
        others=[one for one in others if one.actor != visitor.session.actor],
        why_not=desk.why_not_make(visitor.session.actor),
        asked=asked or {"label": "", "days": _DAYS},
        most_days=MOST_DAYS,
        longest=LONGEST_LABEL,
        problem=problem,
        secret=made.get("secret", ""),
        made=made.get("made"),
        status=HTTPStatus.UNPROCESSABLE_ENTITY if problem else HTTPStatus.OK,
    )


def _desk(parts: ConsoleParts) -> TokenDesk:
    if parts.tokens is None:
        raise ConsoleError(
            HTTPStatus.NOT_FOUND,
            "No action may be run here: RECALL_ACTIONS_DIR names no folder, so tokens would ask "
            "for nothing.",
        )
    return parts.tokens
