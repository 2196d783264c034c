"""Who asks by a personal token: found by its hash, not too often, or refused with the reason.

A token in force is never kept out by other people's wrong ones: only failures are counted by
address, and what is done with a token by the token.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import Depends, Header, Request

from bot.people.sessions import digest_of
from bot.people.tokens import PREFIX, PersonalToken
from bot.web.auth import require_token
from bot.web.deps import Front, FrontDeps
from bot.web.problem import Problem
from bot.web.token_bounds import MINUTE, MOST_A_MINUTE, WRONG_WITHIN

_CHALLENGE = {"WWW-Authenticate": 'Bearer realm="recall", error="invalid_token"'}
_LONGEST = 200


def require_person(
    request: Request,
    deps: Front,
    authorization: Annotated[str | None, Header(include_in_schema=False)] = None,
) -> PersonalToken:
    """The token that is shown, in force. 401 for what is none, 403 for the API's own token, 429
    where it is too often."""
    shown = _shown(authorization)
    now = deps.clock.now()
    if not shown.startswith(PREFIX):
        require_token(deps, authorization)
        raise Problem(
            HTTPStatus.FORBIDDEN,
            "The API's token is no person. Ask with a personal token: its owner makes one on the "
            "console's page “Your tokens”, an administrator by `recall token make`.",
            title="A personal token is needed",
        )
    with deps.units.read() as uow:
        token = uow.tokens.find(digest_of(shown[:_LONGEST]))
    why_not = "it is not known here" if token is None else token.why_not(now)
    if token is None or why_not:
        raise _refused(request, deps, token, why_not, now)
    if not deps.tokens.used.may_try(token.key, now):
        raise _too_often(MINUTE, f"{token.key} was used {MOST_A_MINUTE} times within a minute.")
    deps.tokens.used.failed(token.key, now)
    return token


def require_reader(
    request: Request,
    deps: Front,
    authorization: Annotated[str | None, Header(include_in_schema=False)] = None,
) -> PersonalToken | None:
    """Whoever may read: the API's token, or a person's whom the chat still knows as a member."""
    if not _shown(authorization).startswith(PREFIX):
        require_token(deps, authorization)
        return None
    token = require_person(request, deps, authorization)
    done = deps.engine.act({"do": "look", "token": token.id}, deps.act_seconds)
    if done["came"] != "done":
        raise refusal(done)
    return token


Person = Annotated[PersonalToken, Depends(require_person)]
Reader = Annotated[PersonalToken | None, Depends(require_reader)]


def refusal(done: Mapping[str, Any]) -> Problem:
    """The problem for an outcome that is none (see `bot.actions.by_token.Came`)."""
    why = str(done["refused"])
    match done["came"]:
        case "away":
            return Problem(
                HTTPStatus.SERVICE_UNAVAILABLE,
                f"Nothing was asked for: {why}. Try again later.",
                headers={"Retry-After": "30"},
            )
        case "void":
            return Problem(
                HTTPStatus.UNAUTHORIZED,
                f"The token counts no more: {why}.",
                title="The token is not in force",
                headers=_CHALLENGE,
            )
        case _:
            return Problem(
                HTTPStatus.FORBIDDEN,
                f"Not allowed: {why}.",
                title="Denied",
                extra={"reasons": [why]},
            )


def _shown(authorization: str | None) -> str:
    scheme, _, shown = (authorization or "").partition(" ")
    return shown.strip() if scheme.lower() == "bearer" else ""


def _refused(
    request: Request, deps: FrontDeps, token: PersonalToken | None, why: str, now: datetime
) -> Problem:
    """Counted by address. One that was in force once is on the record: somebody still has it."""
    address = request.client.host if request.client else ""
    if not deps.tokens.wrong.may_try(address, now):
        return _too_often(WRONG_WITHIN, "Too many wrong tokens came from this address.")
    deps.tokens.wrong.failed(address, now)
    if token is not None:
        with deps.units.begin() as uow:
            uow.audit.append(
                at=now,
                actor=token.actor.key,
                action="token.refused",
                subject=token.key,
                data={"why": why, "label": token.label},
            )
    return Problem(
        HTTPStatus.UNAUTHORIZED,
        f"The token counts here for nothing: {why}.",
        title="The token is not in force",
        headers=_CHALLENGE,
    )


def _too_often(wait: timedelta, why: str) -> Problem:
    return Problem(
        HTTPStatus.TOO_MANY_REQUESTS,
        f"{why} Wait, and try again.",
        headers={"Retry-After": str(int(wait.total_seconds()))},
    )
