"""Signing in by the company's identity provider: there, and back with who it is."""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http import HTTPStatus

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from bot.errors import RecallError, SignOnRefused, SignOnUnavailable
from bot.people.model import Actor, Role
from bot.people.sessions import Pass, PassKind, digest_of, new_secret
from bot.people.sign_on import SignedOn, SignOnRules, person_of
from bot.web.console.attempts import Attempts
from bot.web.console.gate import is_secure, safe_back
from bot.web.console.parts import Console, ConsoleParts, SignOnParts
from bot.web.console.rendering import ConsoleError, see_other
from bot.web.console.signing_in import open_session, with_session
from bot.web.oidc import OidcProvider

router = APIRouter()

COOKIE = "recall_sign_on"
"""Binds a sign-in to the browser that began it: nobody can be led into somebody else's."""
PATH = "/console/oidc"
_LASTS = timedelta(minutes=10)
_NOBODY = Actor(team_id="OIDC", user_id="NOBODY")
_LONGEST = 4_000


@dataclass(frozen=True, slots=True, kw_only=True)
class SignOn(SignOnParts):
    """`starts` bounds how many sign-ins an address may begin: each is kept for ten minutes."""

    provider: OidcProvider
    rules: SignOnRules
    starts: Attempts = field(default_factory=lambda: Attempts(most=300, within=_LASTS))

    @property
    def issuer(self) -> str:
        return self.provider.issuer


@router.get("/oidc/start")
def start(request: Request, parts: Console, back: str = "/console") -> Response:
    """To the identity provider; what must be known when the browser comes back is kept."""
    sign_on = _sign_on(parts)
    now = parts.clock.now()
    host = request.client.host if request.client else ""
    if not sign_on.starts.may_try(host, now):
        raise ConsoleError(
            HTTPStatus.TOO_MANY_REQUESTS, "Too many sign-ins were begun; wait ten minutes."
        )
    sign_on.starts.failed(host, now)
    state, browser, nonce, verifier = (new_secret() for _ in range(4))
    try:
        address = sign_on.provider.address(state=state, nonce=nonce, verifier=verifier)
    except SignOnUnavailable as error:
        raise _away(error) from None
    data = {
        "nonce": nonce,
        "verifier": verifier,
        "browser": digest_of(browser),
        "back": safe_back(back)[:_LONGEST],
    }
    with parts.units.begin() as uow:
        uow.passes.keep(digest_of(state), _started(data, now))
    answer = RedirectResponse(address, status_code=HTTPStatus.SEE_OTHER)
    answer.set_cookie(
        COOKIE,
        browser,
        max_age=int(_LASTS.total_seconds()),
        path=PATH,
        secure=is_secure(request, parts),
        httponly=True,
        samesite="lax",
    )
    return answer


@router.get("/oidc/back")
def back(
    request: Request,
    parts: Console,
    state: str = "",
    code: str = "",
    error: str = "",
    iss: str = "",
) -> Response:
    """A session for whom the provider sent, if it was this browser that asked. Each state counts
    once, whatever becomes of it."""
    sign_on = _sign_on(parts)
    now = parts.clock.now()
    host = request.client.host if request.client else ""
    if not parts.attempts.may_try(host, now):
        raise ConsoleError(
            HTTPStatus.TOO_MANY_REQUESTS, "Too many wrong sign-ins; wait five minutes."
        )
    with parts.units.begin() as uow:
        begun = uow.passes.use_up(digest_of(state[:200]), PassKind.STARTED, now) if state else None
    try:
        if begun is None or not _is_same_browser(request, begun.data):
            raise SignOnRefused(
                "This sign-in was used before, is too old, or was begun in another browser. "
                "Begin again."
            )
        who = _who(sign_on, begun.data, code[:_LONGEST], error, iss)
    except SignOnUnavailable as problem:
        raise _away(problem) from None
    except SignOnRefused as problem:
        parts.attempts.failed(host, now)
        _record(parts, str(problem), now)
        raise ConsoleError(HTTPStatus.FORBIDDEN, str(problem)) from None
    with parts.units.begin() as uow:
        secret = open_session(uow, parts, _entered(who, begun, now))
    answer = see_other(safe_back(begun.data["back"]))
    answer.delete_cookie(COOKIE, path=PATH)
    return with_session(answer, request, parts, secret)


def _who(sign_on: SignOn, begun: Mapping[str, str], code: str, error: str, iss: str) -> SignedOn:
    if error or not code:
        told = error[:60] if error.isascii() and error.isprintable() else ""
        raise SignOnRefused(f"The identity provider did not sign you in ({told or 'no code'}).")
    if iss and iss != sign_on.issuer:  # RFC 9207: another provider's answer
        raise SignOnRefused("This answer comes from another identity provider.")
    claims = sign_on.provider.claims(code, nonce=begun["nonce"], verifier=begun["verifier"])
    return person_of(claims, sign_on.issuer, sign_on.rules)


def _is_same_browser(request: Request, begun: Mapping[str, str]) -> bool:
    shown = digest_of(request.cookies.get(COOKIE, "")[:200])
    return hmac.compare_digest(shown, begun["browser"])


def _record(parts: ConsoleParts, why: str, now: datetime) -> None:
    with parts.units.begin() as uow:
        uow.audit.append(
            at=now,
            actor=_NOBODY.key,
            action="console.refused",
            subject=_NOBODY.key,
            data={"by": "oidc", "why": why},
        )


def _started(data: Mapping[str, str], now: datetime) -> Pass:
    return Pass(
        kind=PassKind.STARTED,
        actor=_NOBODY,
        name="",
        role=Role.GUEST,
        guard="",
        made_at=now,
        expires_at=now + _LASTS,
        data=data,
    )


def _entered(who: SignedOn, begun: Pass, now: datetime) -> Pass:
    """The started sign-in, now that it is known whose it was."""
    return Pass(
        kind=begun.kind,
        actor=who.actor,
        name=who.name,
        role=who.role,
        guard="",
        made_at=now,
        expires_at=begun.expires_at,
    )


def _sign_on(parts: ConsoleParts) -> SignOn:
    if not isinstance(parts.sign_on, SignOn):
        raise ConsoleError(HTTPStatus.NOT_FOUND, "Single sign-on is not set up here.")
    return parts.sign_on


def _away(error: RecallError) -> ConsoleError:
    return ConsoleError(
        HTTPStatus.SERVICE_UNAVAILABLE,
        f"{error} Try again in a moment; a one-time link (recall console link) works meanwhile.",
    )
