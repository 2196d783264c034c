"""How an incident changes state. Pure: values and time in, a new value and a named reason out."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from bot.alerts.model import AlertStatus, Severity
from bot.incidents.model import Incident, IncidentState, TimelineEntry, TimelineKind
from bot.people.model import SYSTEM


class Reason(StrEnum):
    """Why a transition happened, or why it did not."""

    ALL_RESOLVED = "all alerts resolved"
    SOME_STILL_FIRE = "some alerts still fire"
    NO_ALERTS = "no alerts to go by"
    BY_PERSON = "a person said so"
    ALREADY = "it is in that state already"
    NOT_ALLOWED = "it cannot go from its state to that one"
    WORSE = "a worse alert joined"
    NO_WORSE = "no worse than before"


ALLOWED: Mapping[IncidentState, frozenset[IncidentState]] = {
    IncidentState.OPEN: frozenset(
        {
            IncidentState.ACKNOWLEDGED,
            IncidentState.MITIGATED,
            IncidentState.RESOLVED,
            IncidentState.CLOSED,
        }
    ),
    IncidentState.ACKNOWLEDGED: frozenset(
        {IncidentState.MITIGATED, IncidentState.RESOLVED, IncidentState.CLOSED}
    ),
    IncidentState.MITIGATED: frozenset(
        {IncidentState.ACKNOWLEDGED, IncidentState.RESOLVED, IncidentState.CLOSED}
    ),
    IncidentState.RESOLVED: frozenset({IncidentState.CLOSED}),
    IncidentState.CLOSED: frozenset(),
}
"""What is over stays over: an alert that fires again opens an incident of its own."""


@dataclass(frozen=True, slots=True)
class Transition:
    """The incident afterwards (the same one when nothing changed), why, and what to note."""

    incident: Incident
    reason: Reason
    entry: TimelineEntry | None = None

    @property
    def changed(self) -> bool:
        return self.entry is not None


def resolve_by_alerts(
    incident: Incident, statuses: Iterable[AlertStatus], now: datetime
) -> Transition:
    """Resolved once every alert of it is; one that is over stays as it is."""
    if incident.state.is_over:
        return Transition(incident, Reason.ALREADY)
    found = set(statuses)
    if not found:
        return Transition(incident, Reason.NO_ALERTS)
    if AlertStatus.FIRING in found:
        return Transition(incident, Reason.SOME_STILL_FIRE)
    return _go(incident, IncidentState.RESOLVED, now, Reason.ALL_RESOLVED, SYSTEM.key, "")


def by_person(
    incident: Incident, to: IncidentState, *, actor: str, now: datetime, note: str = ""
) -> Transition:
    """A person (by actor key) moves it to another state, if that is allowed."""
    if incident.state is to:
        return Transition(incident, Reason.ALREADY)
    if to not in ALLOWED[incident.state]:
        return Transition(incident, Reason.NOT_ALLOWED)
    return _go(incident, to, now, Reason.BY_PERSON, actor, note)


def worsen(incident: Incident, severity: Severity, now: datetime) -> Transition:
    """Take over the severity of an alert that joined, if it is worse."""
    if severity.rank >= incident.severity.rank:
        return Transition(incident, Reason.NO_WORSE)
    entry = TimelineEntry(
        at=now,
        kind=TimelineKind.STATE_CHANGED,
        text=f"Severity {incident.severity} → {severity}: {Reason.WORSE}",
        actor=SYSTEM.key,
        data={"severity": severity.value},
    )
    changed = replace(incident, severity=severity, revision=incident.revision + 1)
    return Transition(changed, Reason.WORSE, entry)


def _go(
    incident: Incident, to: IncidentState, now: datetime, reason: Reason, actor: str, note: str
) -> Transition:
    resolved_at = incident.resolved_at or (now if to.is_over else None)
    changed = replace(incident, state=to, resolved_at=resolved_at, revision=incident.revision + 1)
    data = {"from": incident.state.value, "to": to.value, "reason": reason.value}
    entry = TimelineEntry(
        at=now,
        kind=TimelineKind.STATE_CHANGED,
        text=f"{incident.state} → {to}: {note or reason}",
        actor=actor,
        data={**data, "note": note} if note else data,
    )
    return Transition(changed, reason, entry)
