"""The web page: static files, a strict content security policy, nothing from elsewhere."""

import html
from collections.abc import Awaitable, Callable
from importlib import resources

from fastapi import FastAPI, Request
from fastapi.responses import Response
from starlette.middleware.trustedhost import TrustedHostMiddleware

from bot.workspace.control import Control

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
_TYPES = {
    "html": "text/html; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "css": "text/css; charset=utf-8",
    "svg": "image/svg+xml",
}
ASSETS = (
    "app.js",
    "assistant.js",
    "blocks.js",
    "composer.js",
    "dom.js",
    "favicon.svg",
    "messages.js",
    "modal.js",
    "mrkdwn.js",
    "status.js",
    "style.css",
)


def _asset(name: str) -> str:
    return (resources.files("bot.workspace") / "static" / name).read_text(encoding="utf-8")


def add_routes(app: FastAPI, control: Control) -> None:
    """Add the page, its assets, and the headers that every answer of the server gets."""
    # A website whose name is rebound to 127.0.0.1 is refused by its Host header.
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=["127.0.0.1", "localhost", "[::1]"])

    @app.middleware("http")
    async def with_headers(
        request: Request, answer: Callable[[Request], Awaitable[Response]]
    ) -> Response:
        response = await answer(request)
        for name, value in _HEADERS.items():
            response.headers.setdefault(name, value)
        return response

    def page() -> Response:
        people = [user.name for user in control.core.state.users.values() if not user.is_bot]
        text = (
            _asset("index.html")
            .replace("{{token}}", html.escape(control.token, quote=True))
            .replace("{{people}}", html.escape(",".join(people), quote=True))
            .replace("{{team}}", html.escape(control.core.state.team_name, quote=True))
        )
        return Response(text, media_type=_TYPES["html"])

    @app.get("/")
    def index() -> Response:
        return page()

    @app.get("/archives/{channel}/{ts}")
    def permalink(channel: str, ts: str) -> Response:
        return page()

    @app.get("/static/{name}")
    def asset(name: str) -> Response:
        if name not in ASSETS:
            return Response("not found", 404)
        return Response(_asset(name), media_type=_TYPES[name.rpartition(".")[2]])
