"""The read API: what is stored, newest first. Lists are {"items": [...], "next": cursor|null}.

`next` goes into `before` of the following request; lists without a cursor have no `next`.
"""

from collections.abc import Sequence
from datetime import timedelta
from http import HTTPStatus
from typing import Annotated, Any, Protocol

from fastapi import APIRouter, Query

from bot.jobs.ports import InboxState
from bot.uow import UnitOfWork
from bot.web.auth import Guarded
from bot.web.deps import Front
from bot.web.problem import Problem
from bot.web.views import (
    JSON,
    alert_view,
    held_view,
    inbox_view,
    incident_view,
    receipt_view,
    suggestion_view,
    timeline_view,
)
from bot.web.withheld import for_everyone, timeline_for_everyone

router = APIRouter(prefix="/v1", dependencies=[Guarded], tags=["read"])

MAX_ID = 2**63 - 1
Limit = Annotated[int, Query(ge=1, le=500, description="most rows to return")]
Before = Annotated[
    int | None, Query(ge=1, le=MAX_ID, description="`next` of the page before this one")
]


class _Numbered(Protocol):
    @property
    def id(self) -> int: ...


@router.get("/alerts")
def alerts(deps: Front, limit: Limit = 100, before: Before = None) -> dict[str, Any]:
    """Every alert known, one row a fingerprint."""
    with deps.units.read() as uow:
        rows = uow.alerts.list(limit, before)
    return {"items": [alert_view(row) for row in rows], "next": _next(rows, limit)}


@router.get("/incidents")
def incidents(deps: Front, limit: Limit = 100, before: Before = None) -> dict[str, Any]:
    """Incidents, each with the fingerprints of its alerts; without those that another one took
    over whole before anybody had touched them."""
    with deps.units.read() as uow:
        rows = uow.incidents.list(limit, before)
        items = [
            incident_view(row, _fingerprints(uow, row.id))
            for row in rows
            if row.visibility.is_everyone and row.absorbed_into is None
        ]
    return {"items": items, "next": _next(rows, limit)}


@router.get("/incidents/{key}")
def incident(key: str, deps: Front) -> JSON:
    """One incident by its key, with its alerts, its timeline, its latest suggestion, and what
    changed shortly before it opened."""
    with deps.units.read() as uow:
        found = uow.incidents.get_by_key(key)
        if found is None or not found.visibility.is_everyone:
            raise _missing("incident", key)
        members = uow.alerts.of_incident(found.id)
        entries = uow.incidents.timeline(found.id)
        stored = uow.suggestions.latest_of(found.id)
        latest = for_everyone(uow, [stored])[0] if stored is not None else None
        timeline = timeline_for_everyone(uow, entries)
        changes = deps.changed.before(uow, found)
    return {
        **incident_view(found, [stored.alert.fingerprint for stored in members]),
        "alerts": [alert_view(stored) for stored in members],
        "timeline": [timeline_view(entry) for entry in timeline],
        "suggestion": latest.suggestion.model_dump(mode="json") if latest is not None else None,
        "changes": [change.model_dump(mode="json") for change in changes],
    }


@router.get("/noise")
def noise(deps: Front, limit: Limit = 100) -> dict[str, Any]:
    """What noise rules held back, newest first, and the counts of the last day by kind."""
    with deps.units.read() as uow:
        rows = uow.held.list(limit)
        totals = uow.held.totals(deps.clock.now() - timedelta(days=1))
    return {"items": [held_view(row) for row in rows], "last_day": dict(totals)}


@router.get("/suggestions")
def suggestions(deps: Front, limit: Limit = 100) -> dict[str, Any]:
    """The latest suggestions and abstentions."""
    with deps.units.read() as uow:
        rows = for_everyone(uow, uow.suggestions.list(limit))
    return {"items": [suggestion_view(row) for row in rows]}


@router.get("/suggestions/{suggestion_id}")
def suggestion(suggestion_id: str, deps: Front) -> JSON:
    """One suggestion, with what people said of it."""
    with deps.units.read() as uow:
        found = uow.suggestions.get(suggestion_id)
        if found is None:
            raise _missing("suggestion", suggestion_id)
        [found] = for_everyone(uow, [found])
        feedback = uow.suggestions.feedback_on(suggestion_id)
    words = [
        {
            "actor": one.actor,
            "verdict": one.verdict,
            "past_incident_id": one.past_incident_id,
            "at": one.at.isoformat(),
        }
        for one in feedback
    ]
    return {**suggestion_view(found), "feedback": words}


@router.get("/receipts")
def receipts(deps: Front, limit: Limit = 100) -> dict[str, Any]:
    """The receipts of the latest suggestions."""
    with deps.units.read() as uow:
        rows = for_everyone(uow, uow.suggestions.list(limit))
    return {"items": [receipt_view(row) for row in rows]}


@router.get("/receipts/{suggestion_id}")
def receipt(suggestion_id: str, deps: Front) -> JSON:
    """What reproduces one suggestion."""
    with deps.units.read() as uow:
        found = uow.suggestions.get(suggestion_id)
        if found is None:
            raise _missing("receipt", suggestion_id)
        [found] = for_everyone(uow, [found])
    return receipt_view(found)


@router.get("/inbox")
def inbox(deps: Front, limit: Limit = 100, state: InboxState | None = None) -> dict[str, Any]:
    """Deliveries and what became of them, without their bodies; and how many are in which
    state."""
    with deps.units.read() as uow:
        rows = uow.inbox.list(state, limit)
        counts = dict(uow.inbox.counts())
    return {"items": [inbox_view(row) for row in rows], "counts": counts}


def _fingerprints(uow: UnitOfWork, incident_id: int) -> list[str]:
    return [stored.alert.fingerprint for stored in uow.alerts.of_incident(incident_id)]


def _next(rows: Sequence[_Numbered], limit: int) -> int | None:
    return rows[-1].id if len(rows) == limit else None


def _missing(kind: str, name: str) -> Problem:
    return Problem(HTTPStatus.NOT_FOUND, f"There is no {kind} {name[:80]!r}.")
