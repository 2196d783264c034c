"""GET /healthz (is this process alive) and GET /readyz (may it be given work)."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from bot.errors import Retryable
from bot.web.deps import Front, FrontDeps
from bot.web.upkeep import Upkeep, canary_part, upkeep

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
    database, known = _database(deps)
    slack = dict(deps.slack())
    if known.last_gap is not None:
        slack["last_gap"] = known.last_gap
    return {
        "database": database,
        "engine": _engine(deps),
        "slack": slack,
        "canary": canary_part(known.canary),
        "troubles": {"ok": not known.troubles, "channels": list(known.troubles)},
    }


def _database(deps: FrontDeps) -> tuple[Mapping[str, Any], Upkeep]:
    """How the database is, and what it knows; nothing while it is away."""
    try:
        with deps.units.read() as uow:
            return {"ok": True, "inbox": dict(uow.inbox.counts())}, upkeep(uow)
    except Retryable:
        return {"ok": False}, Upkeep(None, (), None)


def _engine(deps: FrontDeps) -> Mapping[str, Any]:
    """What the engine says of itself; `ready` is its own word for warmed up."""
    status = deps.engine.status()
    if status is None:
        return {"ok": False}
    return {**status, "ok": bool(status.get("ready"))}
