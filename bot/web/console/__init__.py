"""The console: server-rendered pages for those who own what the bot knows."""

from collections.abc import Mapping

from fastapi import APIRouter, FastAPI
from starlette.staticfiles import StaticFiles

from bot.web.console import (
    actions,
    answers,
    coverage,
    doing,
    impact,
    incidents,
    links,
    numbers,
    review,
    runbooks,
    secrets,
    settings,
    sign_on,
    signing_in,
    tokens,
)
from bot.web.console.parts import ConsoleParts
from bot.web.console.rendering import FOLDER, install_errors

PREFIX = "/console"

ROOMS: Mapping[str, APIRouter] = {
    "signing_in": signing_in.router,
    "sign_on": sign_on.router,
    "answers": answers.router,
    "incidents": incidents.router,
    "doing": doing.router,
    "impact": impact.router,
    "runbooks": runbooks.router,
    "secrets": secrets.router,
    "review": review.router,
    "links": links.router,
    "coverage": coverage.router,
    "actions": actions.router,
    "tokens": tokens.router,
    "numbers": numbers.router,
    "settings": settings.router,
}
"""Every part of the console, in the order of its routes."""


def add_console(app: FastAPI, parts: ConsoleParts) -> None:
    """Serve the console under PREFIX."""
    app.state.console = parts
    for router in ROOMS.values():
        app.include_router(router, prefix=PREFIX, include_in_schema=False)
    app.mount(f"{PREFIX}/static", StaticFiles(directory=FOLDER / "static"), name="console-static")
    install_errors(app)
