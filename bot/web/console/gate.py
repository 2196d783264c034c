"""Who is let in: sessions by cookie, forms by their guard, roles by what the session holds."""

import hmac
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated
from urllib.parse import parse_qsl, quote, urlsplit

from fastapi import Depends, Request
from starlette.datastructures import FormData

from bot.chat.ports import Destination
from bot.commands.model import Caller
from bot.people.model import Role
from bot.people.sessions import BY, OIDC, Pass, PassKind, digest_of
from bot.web.body import read_capped
from bot.web.console.parts import Console
from bot.web.console.rendering import ConsoleError

COOKIE = "recall_console"
GUARD = "guard"
MOST_FORM_BYTES = 2 * 1_048_576
_FORM_SECONDS = 30.0
_LONGEST_SECRET = 200
_MOST_FIELDS = 500


class SignInNeeded(Exception):
    """Nobody is signed in; `back` is the page to come back to."""

    def __init__(self, back: str) -> None:
        super().__init__("sign in first")
        self.back = back


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who looks at a page, by a session that is in force."""

    session: Pass

    @property
    def name(self) -> str:
        return self.session.name

    @property
    def key(self) -> str:
        return self.session.actor.key

    @property
    def caller(self) -> Caller:
        """The same person for the use cases. The console's place is no channel: what it may see
        there is what everyone may see."""
        actor = self.session.actor
        at = Destination(actor.team_id, "")
        return Caller(actor=actor, name=self.name, role=self.session.role, at=at)

    @property
    def signed_on(self) -> bool:
        """Whether the identity provider vouches for who it is; a one-time link does not."""
        return self.session.data.get(BY) == OIDC

    def may(self, role: Role) -> bool:
        return self.session.role.includes(role)


def signed_in(request: Request, parts: Console) -> Visitor:
    """The visitor of this request. Raises SignInNeeded; 403 for guests."""
    secret = request.cookies.get(COOKIE, "")
    session = None
    if 0 < len(secret) <= _LONGEST_SECRET:
        with parts.units.read() as uow:
            session = uow.passes.find(digest_of(secret), PassKind.SESSION, parts.clock.now())
    if session is None:
        raise SignInNeeded(_back(request))
    if not session.role.includes(Role.RESPONDER):
        raise ConsoleError(HTTPStatus.FORBIDDEN, "Guests hold no role here.")
    return Visitor(session)


Signed = Annotated[Visitor, Depends(signed_in)]


def at_least(role: Role) -> Callable[[Visitor], Visitor]:
    """A dependency that lets pass who holds the role."""

    def check(visitor: Signed) -> Visitor:
        if not visitor.may(role):
            raise ConsoleError(
                HTTPStatus.FORBIDDEN,
                f"This is for a {role.value}; you are a {visitor.session.role.value}.",
            )
        return visitor

    return check


Lead = Annotated[Visitor, Depends(at_least(Role.LEAD))]
Admin = Annotated[Visitor, Depends(at_least(Role.ADMIN))]


async def plain_form(request: Request) -> FormData:
    """The fields of a request's form, capped; 403 when another site sent it."""
    _refuse_other_sites(request)
    body = await read_capped(request, MOST_FORM_BYTES, _FORM_SECONDS)
    try:
        pairs = parse_qsl(body.decode("utf-8"), keep_blank_values=True, max_num_fields=_MOST_FIELDS)
    except ValueError:  # no UTF-8, or far too many fields
        raise ConsoleError(HTTPStatus.BAD_REQUEST, "The form could not be read.") from None
    return FormData([*pairs])


async def guarded_form(
    request: Request, visitor: Signed, form: Annotated[FormData, Depends(plain_form)]
) -> FormData:
    """The fields of a form that this very session was shown; 403 for all others."""
    shown = form.get(GUARD) or request.headers.get("X-Recall-Guard") or ""
    wanted = visitor.session.guard
    if not isinstance(shown, str) or not hmac.compare_digest(shown.encode(), wanted.encode()):
        raise ConsoleError(
            HTTPStatus.FORBIDDEN,
            "This form is of another session. Go back, load the page again, and repeat.",
        )
    return form


Fields = Annotated[FormData, Depends(guarded_form)]


def text_in(form: FormData, name: str, most: int = 10_000) -> str:
    """The trimmed text of a field, "" when there is none; 413 where it is longer than `most`."""
    value = form.get(name, "")
    text = value.replace("\r\n", "\n").strip() if isinstance(value, str) else ""
    if len(text) > most:
        raise ConsoleError(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            f"“{name}” is longer than {most:,} characters.",
        )
    return text


def is_secure(request: Request, parts: Console) -> bool:
    """Whether browsers reach the console by https."""
    return parts.public_url.startswith("https:") or request.url.scheme == "https"


def safe_back(target: str) -> str:
    """`target` if it is a page of the console, else the first page."""
    parts = urlsplit(target)
    is_ours = target.startswith("/console") and not parts.scheme and not parts.netloc
    return target if is_ours and "\\" not in target and "//" not in target else "/console"


def _back(request: Request) -> str:
    if request.method != "GET":
        return "/console"
    query = request.url.query
    return quote(request.url.path) + (f"?{query}" if query else "")


def _refuse_other_sites(request: Request) -> None:
    """Browsers say where a form was sent from; what says nothing is no browser of today, and is
    stopped by the guard."""
    site = request.headers.get("Sec-Fetch-Site")
    origin = request.headers.get("Origin")
    other = site is not None and site not in ("same-origin", "none")
    if site is None and origin is not None:
        other = urlsplit(origin).netloc != request.headers.get("Host", "")
    if other:
        raise ConsoleError(HTTPStatus.FORBIDDEN, "Another site sent this form.")
