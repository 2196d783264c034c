"""POST /slack/events: Slack's HTTP mode. What it means is `bot.slack`'s business."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool

from bot.web.body import read_capped

_BODY_SECONDS = 10.0


class SlackHandler(Protocol):
    """Checks the signature of a raw body and answers it."""

    def handle(
        self, headers: Mapping[str, str | Sequence[str]], raw_body: bytes
    ) -> tuple[int, list[tuple[str, str]], bytes]:
        """(status, headers, body); blocks, so it runs in the thread pool."""
        ...


def slack_router(handler: SlackHandler, max_body_bytes: int) -> APIRouter:
    """The route, for `create_app`'s extra routers."""
    router = APIRouter(tags=["slack"])

    @router.post("/slack/events")
    async def slack_events(request: Request) -> Response:
        """Events, clicks and the check of the request URL, signed by Slack."""
        body = await read_capped(request, max_body_bytes, _BODY_SECONDS)
        status, headers, answer = await run_in_threadpool(
            handler.handle, dict(request.headers), body
        )
        return Response(answer, status_code=status, headers=dict(headers))

    return router
