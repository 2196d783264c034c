"""Incidents: the list, one of them with all that is known, and its export."""

import json
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from bot.actions.model import ActionRequest
from bot.alerts.model import StoredAlert
from bot.commands.one_incident import reasons
from bot.incidents.model import Incident, IncidentState, TimelineEntry
from bot.incidents.ports import Wanted
from bot.people.model import Role
from bot.suggestions.changed import ChangedLast
from bot.suggestions.model import Changed
from bot.suggestions.ports import Feedback, StoredSuggestion
from bot.suggestions.words import changed_last
from bot.uow import UnitOfWork
from bot.web.console.charts import firing_chart
from bot.web.console.gate import Signed
from bot.web.console.parts import Console
from bot.web.console.rendering import ConsoleError, page, when
from bot.web.views import alert_view, incident_view, timeline_view
from bot.web.withheld import for_everyone, timeline_for_everyone
from knowledge.model import DocumentState, PastIncident

router = APIRouter()

A_PAGE = 50
MOST_ALERTS = 100
MOST_ENTRIES = 200
"""Alerts and timeline entries that the page shows; its files have all of them."""
_MOST_ID = 2**63 - 1
STATES = {
    "open": tuple(state for state in IncidentState if not state.is_over),
    "over": tuple(state for state in IncidentState if state.is_over),
    "all": (),
}
"""What the list's filter calls them."""


@router.get("/incidents")
def incidents(
    request: Request,
    visitor: Signed,
    parts: Console,
    state: str = "open",
    service: str = "",
    words: str = "",
    before: str = "",
) -> Response:
    chosen = state if state in STATES else "open"
    wanted = Wanted(states=STATES[chosen], service=service.strip()[:200], words=words.strip()[:200])
    older = int(before) if before.isascii() and before.isdigit() and len(before) < 19 else None
    with parts.units.read() as uow:
        rows = uow.incidents.find(wanted, A_PAGE + 1, older)
    return page(
        request,
        "incidents_rows.html" if _is_for_rows(request) else "incidents.html",
        visitor=visitor,
        tab="incidents",
        incidents=rows[:A_PAGE],
        older=rows[A_PAGE - 1].id if len(rows) > A_PAGE else None,
        state=chosen,
        states=list(STATES),
        service=wanted.service,
        words=wanted.words,
    )


@router.get("/incidents/{key}.json")
def as_json(key: str, visitor: Signed, parts: Console) -> Response:
    """The incident as it is on record, for machines."""
    found = _read(parts, key)
    content = {
        **incident_view(found.incident, [one.alert.fingerprint for one in found.alerts]),
        "alerts": [alert_view(stored) for stored in found.alerts],
        "timeline": [timeline_view(entry) for entry in found.timeline],
        "changes": [change.model_dump(mode="json") for change in found.changes],
    }
    text = json.dumps(content, indent=2, ensure_ascii=False)
    return _file(text, f"{found.incident.key}.json", "application/json")


@router.get("/incidents/{key}.md")
def as_markdown(key: str, visitor: Signed, parts: Console) -> Response:
    """The incident as a text that people can paste anywhere."""
    found = _read(parts, key)
    return _file(markdown_of(found), f"{found.incident.key}.md", "text/markdown; charset=utf-8")


@router.get("/incidents/{key}")
def incident(request: Request, key: str, visitor: Signed, parts: Console) -> Response:
    found = _read(parts, key, MOST_ALERTS)
    names = list(found.names)
    return page(
        request,
        "incident.html",
        visitor=visitor,
        tab="incidents",
        incident=found.incident,
        alerts=found.alerts,
        count=sum(found.names.values()),
        names=names if len(names) > 1 else [],
        why=reasons(found.timeline),
        timeline=found.timeline[-MOST_ENTRIES:],
        earlier=max(0, len(found.timeline) - MOST_ENTRIES),
        answer=found.answer.suggestion if found.answer is not None else None,
        feedback=found.feedback,
        requests=found.requests,
        changes=found.changes,
        record=found.record,
        is_out=found.record is not None and found.record.state is DocumentState.RETIRED,
        may_decide=visitor.may(Role.LEAD),
        chart=firing_chart(found.timeline, parts.clock.now()),
    )


class Found:
    """An incident with all that may be shown of it, or with `most` of its alerts."""

    def __init__(
        self, uow: UnitOfWork, incident: Incident, changed: ChangedLast, most: int | None
    ) -> None:
        self.incident = incident
        self.alerts: Sequence[StoredAlert] = uow.alerts.of_incident(incident.id, most)
        self.names = uow.alerts.names_in(incident.id)
        self.timeline: Sequence[TimelineEntry] = timeline_for_everyone(
            uow, uow.incidents.timeline(incident.id)
        )
        latest = uow.suggestions.latest_of(incident.id)
        self.answer: StoredSuggestion | None = (
            for_everyone(uow, [latest])[0] if latest is not None else None
        )
        self.feedback: Sequence[Feedback] = uow.suggestions.feedback_on_incidents([incident.id])
        self.requests: Sequence[ActionRequest] = uow.actions.of_incident(incident.id)
        self.changes: Sequence[Changed] = changed.before(uow, incident)
        kept = uow.knowledge.get(incident.key)
        self.record: PastIncident | None = None
        if isinstance(kept, PastIncident) and kept.visibility.is_everyone:
            is_told = kept.state.is_served or kept.state is DocumentState.RETIRED
            self.record = kept if is_told else None


def markdown_of(found: Found) -> str:
    """Facts, alerts and timeline as Markdown; texts from outside stay texts."""
    incident = found.incident
    lines = [
        f"# {incident.key} {_flat(incident.title)}",
        "",
        f"- State: {incident.state.value}, {incident.severity.value}",
        f"- Where: {_flat(incident.service or 'service unknown')}, "
        f"{_flat(incident.environment or 'environment unknown')}",
        f"- Opened: {when(incident.opened_at)}",
    ]
    if incident.resolved_at is not None:
        lines.append(f"- Resolved: {when(incident.resolved_at)}")
    lines += [f"- Changed last: {_flat(changed_last(one))}" for one in found.changes]
    lines += ["", "## Alerts", ""]
    why = reasons(found.timeline)
    for stored in found.alerts:
        because = why.get(stored.alert.fingerprint, "")
        tail = f" ({_flat(because)})" if because else ""
        lines.append(f"- {_flat(stored.alert.name)}: {stored.alert.status.value}{tail}")
    lines += ["", "## Timeline", ""]
    lines += [f"- {when(entry.at)}: {_flat(entry.text)}" for entry in found.timeline]
    return "\n".join(lines) + "\n"


def _read(parts: Any, key: str, most: int | None = None) -> Found:
    with parts.units.read() as uow:
        incident = uow.incidents.get_by_key(key[:40])
        # One that may not be seen here behaves as if it did not exist.
        if incident is None or not incident.visibility.is_everyone or incident.id > _MOST_ID:
            raise ConsoleError(HTTPStatus.NOT_FOUND, f"There is no incident “{key[:40]}”.")
        return Found(uow, incident, parts.changed, most)


def _is_for_rows(request: Request) -> bool:
    """Whether htmx asks for the rows alone, to put them into the page that is there."""
    return request.headers.get("HX-Target") == "rows"


def _file(text: str, name: str, media_type: str) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(text, media_type=media_type, headers=headers)


def _flat(text: str) -> str:
    """One line that Markdown leaves alone."""
    escaped = "".join(f"\\{c}" if c in "\\`*_[]<>#|" else c for c in text)
    return " ".join(escaped.split())
