"""POST /v1/logs: lines into the durable inbox, and only then 202."""

from http import HTTPStatus
from typing import Annotated
from uuid import uuid4

from fastapi import APIRouter, Query, Request
from fastapi.concurrency import run_in_threadpool

from bot.alerts.logs import MEDIA_TYPES, TEXT, content_type_for, read_logs
from bot.errors import DatabaseBusy
from bot.jobs.ports import InboxItem, InboxKind
from bot.web.auth import Guarded
from bot.web.body import read_capped
from bot.web.deps import Front, FrontDeps
from bot.web.problem import Problem
from bot.web.webhooks import Accepted

router = APIRouter(prefix="/v1", tags=["logs"])

MOST_BYTES = 1_048_576
"""Largest body of log lines, bytes, whatever else is allowed."""

SOURCE = "logs"
_Name = Annotated[str, Query(max_length=256)]


@router.post("/logs", status_code=HTTPStatus.ACCEPTED, dependencies=[Guarded])
async def take_logs(
    request: Request, deps: Front, service: _Name = "", environment: _Name = ""
) -> Accepted:
    """Take plain text, NDJSON or OTLP JSON for the open incident of a service.

    The body is read here, so that the sender learns of a broken one; where its lines belong is
    found out later.
    """
    media_type = _media_type(request)
    if media_type == TEXT and not service.strip():
        raise Problem(
            HTTPStatus.BAD_REQUEST,
            "Plain lines do not say whose they are; add ?service=NAME to the address.",
            title="No service is named",
        )
    body = await read_capped(request, min(MOST_BYTES, deps.max_body_bytes), deps.body_seconds)
    kept_as = content_type_for(media_type, service.strip(), environment.strip())
    return await run_in_threadpool(_store, deps, kept_as, body)


def _media_type(request: Request) -> str:
    given = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    encoding = request.headers.get("content-encoding", "identity").strip().lower()
    if encoding not in ("", "identity"):
        raise Problem(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
            "Send the body uncompressed (an OpenTelemetry exporter: `compression: none`).",
        )
    if given not in MEDIA_TYPES:
        told = f"not {given[:80]!r}" if given else "and the request names none"
        raise Problem(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
            f"The content type must be one of {', '.join(MEDIA_TYPES)}, {told} (an OpenTelemetry "
            "exporter: `encoding: json`).",
        )
    return given


def _store(deps: FrontDeps, content_type: str, body: bytes) -> Accepted:
    read_logs(body, content_type)
    item = InboxItem(
        id=uuid4().hex,
        kind=InboxKind.LOGS,
        source=SOURCE,
        body=body,
        content_type=content_type,
        received_at=deps.clock.now(),
    )
    try:
        deps.inbox.add(item)
    except DatabaseBusy:
        deps.metrics.refused.labels(SOURCE).inc()
        raise
    deps.metrics.accepted.labels(SOURCE).inc()
    return Accepted(id=item.id)
