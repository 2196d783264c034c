"""GET /healthz (is this process alive) and GET /readyz (may it be given work)."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from bot.errors import Retryable
from bot.web.deps import Front, FrontDeps

router = APIRouter(tags=["health"])


@router.get("/healthz")
def healthz(deps: Front) -> dict[str, Any]:
    """200 as long as the process answers; restarting it would not mend what is told here."""
    found = _parts(deps)
    well = all(part["ok"] for part in found.values())
    return {"status": "ok" if well else "degraded", **found}


@router.get("/readyz")
def readyz(deps: Front) -> JSONResponse:
    """503 until the database answers and the engine is warmed up.

    Slack does not count: alerts are taken in while it is away.
    """
    found = _parts(deps)
    ready = bool(found["database"]["ok"] and found["engine"]["ok"])
    return JSONResponse(
        {"status": "ready" if ready else "not ready", **found},
        status_code=HTTPStatus.OK if ready else HTTPStatus.SERVICE_UNAVAILABLE,
    )


def _parts(deps: FrontDeps) -> Mapping[str, Mapping[str, Any]]:
    return {"database": _database(deps), "engine": _engine(deps), "slack": deps.slack()}


def _database(deps: FrontDeps) -> Mapping[str, Any]:
    try:
        with deps.units.read() as uow:
            counts = dict(uow.inbox.counts())
    except Retryable:
        return {"ok": False}
    return {"ok": True, "inbox": counts}


def _engine(deps: FrontDeps) -> Mapping[str, Any]:
    """What the engine says of itself; `ready` is its own word for warmed up."""
    status = deps.engine.status()
    if status is None:
        return {"ok": False}
    return {**status, "ok": bool(status.get("ready"))}
