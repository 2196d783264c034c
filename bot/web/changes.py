"""Changes: what was deployed, newest first; and a place where a team's scripts tell of it."""

import re
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from pydantic import AwareDatetime

from bot.alerts.changes import KnownChange, WantedChanges
from bot.alerts.reading import utc_or_none
from bot.alerts.sources import change
from bot.services.labels import spellings
from bot.web.auth import Guarded
from bot.web.deps import Front
from bot.web.problem import Problem
from bot.web.views import change_view
from bot.web.webhooks import Accepted, take_alerts

router = APIRouter(prefix="/v1", tags=["changes"])

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_CURSOR = re.compile(r"^(\d{1,18})\.(.{1,400})$", re.DOTALL)
Limit = Annotated[int, Query(ge=1, le=500, description="most rows to return")]
Name = Annotated[str, Query(max_length=256)]


@router.get("/changes", dependencies=[Guarded])
def changes(
    deps: Front,
    limit: Limit = 100,
    before: Annotated[
        str | None, Query(max_length=450, description="`next` of the page before this one")
    ] = None,
    service: Name = "",
    environment: Name = "",
    since: Annotated[
        AwareDatetime | None, Query(description="earliest time of the state, ISO 8601")
    ] = None,
) -> dict[str, Any]:
    """Every change known, one row a deployment, as it was reported last."""
    wanted = WantedChanges(
        services=(service,) if service else (),
        environments=spellings(environment) if environment.strip() else (),
        since=utc_or_none(since) if since is not None else None,
        before=_read_cursor(before) if before is not None else None,
    )
    with deps.units.read() as uow:
        rows = uow.changes.find(wanted, limit)
    return {
        "items": [change_view(row) for row in rows],
        "next": _cursor(rows[-1]) if len(rows) == limit else None,
    }


@router.post("/changes", status_code=HTTPStatus.ACCEPTED)
async def take_changes(request: Request, deps: Front) -> Accepted:
    """Take one change, or several under `changes`, in Recall's own JSON shape.

    The same as `POST /v1/alerts/change`, secrets and all.
    """
    return await take_alerts(change.NAME, request, deps)


def _cursor(row: KnownChange) -> str:
    return f"{(row.at - _EPOCH) // timedelta(microseconds=1)}.{row.change.key}"


def _read_cursor(text: str) -> tuple[datetime, str]:
    found = _CURSOR.match(text)
    try:
        if found is None:
            raise ValueError("it has another form")
        return _EPOCH + timedelta(microseconds=int(found[1])), found[2]
    except (ValueError, OverflowError):
        raise Problem(
            HTTPStatus.UNPROCESSABLE_ENTITY, "before: is no `next` of a page of changes."
        ) from None
