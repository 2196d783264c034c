"""From templates to answers: escaping, the security headers of pages, and errors as pages."""

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from fastapi import FastAPI, Request
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response

from bot.people.model import SYSTEM
from bot.suggestions.words import what_changed, when_changed
from bot.web.problem import HANDLERS

FOLDER = Path(__file__).parent
PAGE_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
        "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "Cache-Control": "no-store",
}
TABS = (
    ("incidents", "Incidents", "/console/incidents"),
    ("search", "Search", "/console/search"),
    ("runbooks", "Runbooks", "/console/runbooks"),
    ("review", "Review", "/console/review"),
    ("links", "Links", "/console/links"),
    ("coverage", "Coverage", "/console/coverage"),
    ("actions", "Actions", "/console/actions"),
    ("numbers", "Numbers", "/console/numbers"),
    ("settings", "Settings", "/console/settings"),
)
"""(name, label, address) of the pages in the head of each page."""


class ConsoleError(Exception):
    """A page that says what went wrong."""

    def __init__(self, status: HTTPStatus, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.text = text


def page(
    request: Request,
    template: str,
    *,
    visitor: Any = None,
    tab: str = "",
    status: int = HTTPStatus.OK,
    **values: Any,
) -> HTMLResponse:
    """The page of a template. `visitor` is a gate.Visitor, None where nobody is signed in."""
    text = _environment.get_template(template).render(
        visitor=visitor,
        tabs=TABS,
        tab=tab,
        path=request.url.path,
        said=request.query_params.get("said", "")[:500] if visitor is not None else "",
        now=request.app.state.console.clock.now(),
        **values,
    )
    return HTMLResponse(text, status_code=status, headers=PAGE_HEADERS)


def see_other(target: str, said: str = "") -> RedirectResponse:
    """After a form: the page that shows what was done. `said` is told on it once."""
    joint = "&" if "?" in target else "?"
    address = f"{target}{joint}said={quote(said[:500])}" if said else target
    return RedirectResponse(address, status_code=HTTPStatus.SEE_OTHER)


def install_errors(app: FastAPI) -> None:
    """Errors of the console as pages of the console."""
    from bot.web.console.gate import SignInNeeded

    for kind, told in HANDLERS.items():
        app.add_exception_handler(kind, _as_page(told))
    app.add_exception_handler(ConsoleError, _on_error)
    app.add_exception_handler(SignInNeeded, _on_sign_in)


def _as_page(
    told: Callable[[Request, Exception], JSONResponse],
) -> Callable[[Request, Exception], Response]:
    """What is told as a problem elsewhere (`bot.web.problem`), told as a page in the console."""

    def answer(request: Request, error: Exception) -> Response:
        response = told(request, error)
        if not f"{request.url.path}/".startswith("/console/"):
            return response
        problem = json.loads(bytes(response.body))
        title, text = problem["title"], problem["detail"]
        if title == text == HTTPStatus.NOT_FOUND.phrase:
            text = "The console has no such page."
        shown = page(request, "error.html", status=response.status_code, title=title, text=text)
        if "Retry-After" in response.headers:
            shown.headers["Retry-After"] = response.headers["Retry-After"]
        return shown

    return answer


def _on_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, ConsoleError)
    return page(
        request,
        "error.html",
        status=error.status,
        title=error.status.phrase,
        text=error.text,
    )


def _on_sign_in(request: Request, error: Exception) -> Response:
    back = quote(str(getattr(error, "back", "/console")), safe="")
    address = f"/console/login?back={back}"
    if request.headers.get("HX-Request"):
        return Response(status_code=HTTPStatus.UNAUTHORIZED, headers={"HX-Redirect": address})
    return RedirectResponse(address, status_code=HTTPStatus.SEE_OTHER)


def when(moment: datetime | None) -> str:
    """A moment in UTC, to the minute; "" for none."""
    return "" if moment is None else f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def iso(moment: datetime | None) -> str:
    return "" if moment is None else moment.astimezone(UTC).isoformat()


def lasted(span: timedelta | float | None) -> str:
    """A length of time in one or two units: 14 min, 2 h 5 min, 3 d 4 h; "" for none."""
    if span is None:
        return ""
    seconds = int(span.total_seconds() if isinstance(span, timedelta) else span)
    if seconds < 60:
        return f"{max(0, seconds)} s"
    minutes, hours = seconds // 60 % 60, seconds // 3_600
    if hours == 0:
        return f"{minutes} min"
    days, rest = divmod(hours, 24)
    if days == 0:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    return f"{days} d {rest} h" if rest else f"{days} d"


def web_address(url: str | None) -> str:
    """`url` if a browser may be led there; "" for javascript: and the like."""
    if not url:
        return ""
    try:
        parts = urlsplit(url.strip())
    except ValueError:
        return ""
    return url.strip() if parts.scheme in ("http", "https") and parts.netloc else ""


def person(key: str | None) -> str:
    """An actor's key as people read it: without the team; the bot by its name."""
    if key == SYSTEM.key:
        return "Recall"
    return (key or "").rpartition("/")[2]


def percent(share: float | None) -> str:
    return "" if share is None else f"{share:.0%}"


_FILTERS: Mapping[str, Any] = {
    "when": when,
    "iso": iso,
    "lasted": lasted,
    "web_address": web_address,
    "person": person,
    "percent": percent,
    "what_changed": what_changed,
    "when_changed": when_changed,
}

_environment = Environment(
    loader=FileSystemLoader(FOLDER / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_environment.filters.update(_FILTERS)
