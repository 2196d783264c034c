"""POST /v1/alerts/{source}: into the durable inbox, and only then 202."""

from http import HTTPStatus
from typing import Any
from uuid import uuid4

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel

from bot.alerts.body import FORM, read_body
from bot.alerts.json_body import shown
from bot.alerts.sources import Source, find_source
from bot.alerts.sources.authentication import BEARER, SNS
from bot.alerts.sources.generic_schema import json_schema
from bot.errors import DatabaseBusy
from bot.jobs.ports import InboxItem, InboxKind
from bot.web.auth import require_token
from bot.web.body import read_capped, require_json
from bot.web.deps import Front, FrontDeps
from bot.web.problem import Problem
from bot.web.sns import NotGenuine, Unreachable
from bot.web.source_auth import carries_signature, is_signed, refused, shows_secret

router = APIRouter(prefix="/v1", tags=["alerts"])

_TOPIC = "arn:"


class Accepted(BaseModel):
    """`id` is the delivery's name in `GET /v1/inbox`."""

    id: str


@router.post("/alerts/{source}", status_code=HTTPStatus.ACCEPTED)
async def take_alerts(source: str, request: Request, deps: Front) -> Accepted:
    """Take a webhook body of a known source.

    Its JSON is checked here, so that the sender learns of a broken body; what it means is
    found out later, and a body that cannot be understood is kept as failed, not lost.
    """
    if deps.kept is not None and deps.kept.is_old:
        await run_in_threadpool(deps.kept.refresh)
    found = find_source(deps.sources, source)
    if found is None:
        require_token(deps, request.headers.get("authorization"))
        known = ", ".join(sorted(deps.sources))
        raise Problem(
            HTTPStatus.NOT_FOUND,
            f"There is no source {shown(source)}; the sources are: {known}.",
            title="Unknown source",
        )
    is_known = _is_known(found, request, deps)
    media_type = require_json(
        request, also=(FORM,) if found.is_form else ("text/plain",) if SNS in found.kinds else ()
    )
    body = await read_capped(request, deps.max_body_bytes, deps.body_seconds)
    return await run_in_threadpool(
        _store, deps, found, media_type, body, request if not is_known else None
    )


def _is_known(source: Source, request: Request, deps: FrontDeps) -> bool:
    """Whether the headers alone say who this is; False where the body's signature has to.

    Raises Problem where neither can.
    """
    secrets = _secrets(source, deps)
    authorization = request.headers.get("authorization")
    if not secrets:
        require_token(deps, authorization)
        return True
    shared = [one for one in secrets if not (SNS in source.kinds and one.startswith(_TOPIC))]
    if shows_secret(source.kinds, shared, request.headers, request.query_params):
        return True
    if deps.token is not None and shows_secret([BEARER], [deps.token], request.headers, {}):
        return True
    if carries_signature(source.kinds, request.headers):
        return False
    if SNS in source.kinds and len(shared) < len(secrets) and authorization is None:
        return False
    title = "The secret is wrong" if authorization else "The secret is missing"
    raise refused(title, source.kinds)


def _store(
    deps: FrontDeps, source: Source, media_type: str, body: bytes, unknown: Request | None
) -> Accepted:
    dedupe_key = None
    if unknown is not None:
        dedupe_key = _check_body(deps, source, unknown, body)
    read_body(body, media_type)
    item = InboxItem(
        id=uuid4().hex,
        kind=InboxKind.ALERT,
        source=source.name,
        body=body,
        content_type=media_type,
        received_at=deps.clock.now(),
        dedupe_key=dedupe_key,
    )
    try:
        deps.inbox.add(item)
    except DatabaseBusy:
        deps.metrics.refused.labels(source.name).inc()
        raise
    deps.metrics.accepted.labels(source.name).inc()
    return Accepted(id=item.id)


def _check_body(deps: FrontDeps, source: Source, request: Request, body: bytes) -> str | None:
    """Return if the body is signed as it must be; the key of a message that may come again."""
    secrets = _secrets(source, deps)
    if is_signed(source.kinds, secrets, request.headers, body):
        return None
    if SNS not in source.kinds:
        raise refused("The signature is wrong", source.kinds)
    envelope = read_body(body)
    if not isinstance(envelope, dict):
        raise refused("The body is no signed envelope", source.kinds)
    try:
        deps.sns.verify(envelope, [one for one in secrets if one.startswith(_TOPIC)])
        if envelope.get("Type") == "SubscriptionConfirmation":
            deps.sns.confirm(envelope)
    except NotGenuine as error:
        raise refused(f"Not believed: {error}", source.kinds) from None
    except Unreachable as error:
        raise Problem(
            HTTPStatus.BAD_GATEWAY, f"{error}; the delivery may be sent again.", title="Try again"
        ) from None
    return f"sns:{envelope.get('MessageId')}"[:200]


def _secrets(source: Source, deps: FrontDeps) -> list[str]:
    """The file of the settings wins over what was written in the console."""
    own = [one.get_secret_value() for one in deps.secrets.get(source.name, ())]
    if own or deps.kept is None:
        return own
    return list(deps.kept.of(source.name))


@router.get("/schemas/generic")
def generic_schema() -> dict[str, Any]:
    """The JSON Schema of `POST /v1/alerts/generic`."""
    return json_schema()
