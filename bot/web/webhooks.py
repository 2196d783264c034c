"""POST /v1/alerts/{source}: into the durable inbox, and only then 202."""

from http import HTTPStatus
from typing import Any
from uuid import uuid4

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel

from bot.alerts.json_body import parse_json, shown
from bot.alerts.sources import SOURCES
from bot.alerts.sources.generic_schema import json_schema
from bot.errors import DatabaseBusy
from bot.jobs.ports import InboxItem, InboxKind
from bot.web.auth import Guarded
from bot.web.body import read_capped, require_json
from bot.web.deps import Front, FrontDeps
from bot.web.problem import Problem

router = APIRouter(prefix="/v1", tags=["alerts"])


class Accepted(BaseModel):
    """`id` is the delivery's name in `GET /v1/inbox`."""

    id: str


@router.post("/alerts/{source}", status_code=HTTPStatus.ACCEPTED, dependencies=[Guarded])
async def take_alerts(source: str, request: Request, deps: Front) -> Accepted:
    """Take a webhook body of a known source.

    Its JSON is checked here, so that the sender learns of a broken body; what it means is
    found out later, and a body that cannot be understood is kept as failed, not lost.
    """
    if source not in SOURCES:
        known = ", ".join(sorted(SOURCES))
        raise Problem(
            HTTPStatus.NOT_FOUND,
            f"There is no source {shown(source)}; the sources are: {known}.",
            title="Unknown source",
        )
    media_type = require_json(request)
    body = await read_capped(request, deps.max_body_bytes, deps.body_seconds)
    return await run_in_threadpool(_store, deps, source, media_type, body)


def _store(deps: FrontDeps, source: str, media_type: str, body: bytes) -> Accepted:
    parse_json(body)
    item = InboxItem(
        id=uuid4().hex,
        kind=InboxKind.ALERT,
        source=source,
        body=body,
        content_type=media_type,
        received_at=deps.clock.now(),
    )
    try:
        deps.inbox.add(item)
    except DatabaseBusy:
        deps.metrics.refused.labels(source).inc()
        raise
    deps.metrics.accepted.labels(source).inc()
    return Accepted(id=item.id)


@router.get("/schemas/generic")
def generic_schema() -> dict[str, Any]:
    """The JSON Schema of `POST /v1/alerts/generic`."""
    return json_schema()
