"""Signing in and out: by a one-time link that an administrator made on the machine, and what all
ways in share."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from starlette.datastructures import FormData
from starlette.responses import RedirectResponse, Response

from bot.people.sessions import (
    OIDC,
    SESSION_HOURS,
    Pass,
    PassKind,
    a_session,
    digest_of,
    new_secret,
)
from bot.people.standing import keep_signed_on
from bot.uow import UnitOfWork
from bot.web.console.gate import (
    COOKIE,
    Fields,
    Signed,
    is_secure,
    plain_form,
    safe_back,
    text_in,
)
from bot.web.console.parts import Console, ConsoleParts
from bot.web.console.rendering import ConsoleError, page, see_other

router = APIRouter()


@router.get("")
def first_page(_: Signed) -> Response:
    return RedirectResponse("/console/incidents", status_code=HTTPStatus.SEE_OTHER)


@router.get("/login")
def login(request: Request, parts: Console, back: str = "/console") -> Response:
    has_sign_on = parts.sign_on is not None
    return page(request, "login.html", back=safe_back(back), has_sign_on=has_sign_on)


@router.get("/enter")
def ask_to_enter(request: Request, token: str = "") -> Response:
    """The link shows a button first: what only looks at addresses, as chat previews do, must
    not use the link up."""
    return page(request, "enter.html", token=token[:200])


@router.post("/enter")
def enter(
    request: Request, parts: Console, form: Annotated[FormData, Depends(plain_form)]
) -> Response:
    """A session for a link that was not used; 403 for any other, 429 for too many of those."""
    address = request.client.host if request.client else ""
    now = parts.clock.now()
    if not parts.attempts.may_try(address, now):
        raise ConsoleError(HTTPStatus.TOO_MANY_REQUESTS, "Too many wrong links; wait five minutes.")
    token = text_in(form, "token", 200)
    with parts.units.begin() as uow:
        link = uow.passes.use_up(digest_of(token), PassKind.LINK, now) if token else None
        if link is not None:
            secret = open_session(uow, parts, link)
    if link is None:
        parts.attempts.failed(address, now)
        raise ConsoleError(
            HTTPStatus.FORBIDDEN,
            "This link was used before, or is too old. Make a new one: recall console link.",
        )
    return with_session(see_other("/console"), request, parts, secret)


@router.post("/leave")
def leave(request: Request, visitor: Signed, parts: Console, _: Fields) -> Response:
    """The session ends at once, on every replica."""
    now = parts.clock.now()
    with parts.units.begin() as uow:
        uow.passes.use_up(digest_of(request.cookies[COOKIE]), PassKind.SESSION, now)
        uow.audit.append(
            at=now, actor=visitor.key, action="console.left", subject=visitor.key, data={}
        )
    answer = see_other("/console/login")
    answer.delete_cookie(COOKIE, path="/console")
    return answer


def open_session(uow: UnitOfWork, parts: ConsoleParts, who: Pass) -> str:
    """A new session for whom `who` stands for, on the audit record; its secret."""
    now = parts.clock.now()
    secret = new_secret()
    by = OIDC if who.kind is PassKind.STARTED else ""
    uow.passes.keep(digest_of(secret), a_session(who.actor, who.name, who.role, now, by=by))
    if by:
        keep_signed_on(uow.marks, uow.audit, who.actor, who.role, now)
    uow.audit.append(
        at=now,
        actor=who.actor.key,
        action="console.entered",
        subject=who.actor.key,
        data={"role": who.role.value, "by": who.kind.value},
    )
    return secret


def with_session(
    answer: RedirectResponse, request: Request, parts: ConsoleParts, secret: str
) -> Response:
    """The answer with the session's cookie."""
    answer.set_cookie(
        COOKIE,
        secret,
        max_age=SESSION_HOURS * 3_600,
        path="/console",
        secure=is_secure(request, parts),
        httponly=True,
        samesite="lax",
    )
    return answer
