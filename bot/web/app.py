"""The front as a FastAPI application, put together in one visible place."""

from collections.abc import Sequence

from fastapi import APIRouter, FastAPI

from bot.web import (
    actions_api,
    asking_api,
    changes,
    health,
    logs,
    metrics,
    problem,
    read_api,
    suggest,
    webhooks,
)
from bot.web.console import add_console
from bot.web.console.parts import ConsoleParts
from bot.web.deps import FrontDeps
from bot.web.headers import SecurityHeaders
from bot.web.metrics import MeasureRequests


def create_app(
    deps: FrontDeps, extra: Sequence[APIRouter] = (), console: ConsoleParts | None = None
) -> FastAPI:
    """The application. `extra` are routers that other rooms bring (Slack's HTTP mode); without
    `console` there are no pages for people.

    There is no page of documentation: the framework's own would load scripts from elsewhere.
    `/openapi.json` stays.
    """
    app = FastAPI(title="Recall", docs_url=None, redoc_url=None)
    app.state.deps = deps
    problem.install(app)
    for room in (
        webhooks,
        changes,
        logs,
        suggest,
        read_api,
        actions_api,
        asking_api,
        health,
        metrics,
    ):
        app.include_router(room.router)
    for router in extra:
        app.include_router(router)
    if console is not None:
        add_console(app, console)
    # The last one added is the outermost, so it also sees the answers of the other.
    app.add_middleware(MeasureRequests, metrics=deps.metrics)
    app.add_middleware(SecurityHeaders)
    return app
