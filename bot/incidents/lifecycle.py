"""How an incident changes state. Pure: values and time in, a new value and a named reason out."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from bot.alerts.model import AlertStatus, Severity
from bot.incidents.model import (
    ABSORBED_PREFIX,
    Incident,
    IncidentState,
    TimelineEntry,
    TimelineKind,
)
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
    SNOOZED = "a person asked for quiet"
    WOKEN = "something new or worse ended the snooze"
    IN_PAGER = "acknowledged in the pager"
    QUIET = "all alerts ended"
    NOT_YET = "its alerts have not stayed so for long enough"
    FIRES_AGAIN = "an alert fires again"
    ABSORBED = "all of its alerts belong to another incident"


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
class Holds:
    """How long all alerts of an incident must stay ended until it is resolved. An alert that is
    `alone` in its incident is the kind that comes and goes for hours: it is given longer."""

    usual: timedelta = timedelta(0)
    alone: timedelta = timedelta(0)

    @classmethod
    def of_seconds(cls, usual: float, alone: float | None = None) -> "Holds":
        """`alone` is the same as `usual` where it is None."""
        return cls(timedelta(seconds=usual), timedelta(seconds=usual if alone is None else alone))

    def where(self, alerts: int) -> timedelta:
        """The time for an incident of so many alerts."""
        return self.alone if alerts == 1 else self.usual


AT_ONCE = Holds()


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


def calm_down(
    incident: Incident,
    statuses: Iterable[AlertStatus],
    now: datetime,
    hold: timedelta,
    *,
    since: datetime | None = None,
) -> Transition:
    """Every alert of it has ended (the last at `since`, else just now): it is mitigated, and
    resolved once they have stayed so for `hold`. `statuses` tell of a flapping alert that it
    fires."""
    since = since or now
    if incident.state.is_over or incident.quiet_since is not None:
        return Transition(incident, Reason.ALREADY)
    found = set(statuses)
    if now - since >= hold:
        return resolve_by_alerts(incident, found, now)
    if not found:
        return Transition(incident, Reason.NO_ALERTS)
    if AlertStatus.FIRING in found:
        return Transition(incident, Reason.SOME_STILL_FIRE)
    note = f"{Reason.QUIET}; resolved if they stay so for {_spoken(hold)}"
    if incident.state is IncidentState.MITIGATED:
        entry = TimelineEntry(at=now, kind=TimelineKind.NOTE, text=note, actor=SYSTEM.key)
        quiet = replace(incident, quiet_since=since, revision=incident.revision + 1)
        return Transition(quiet, Reason.QUIET, entry)
    quiet = replace(incident, quiet_since=since, quiet_from=incident.state)
    return _go(quiet, IncidentState.MITIGATED, now, Reason.QUIET, SYSTEM.key, note)


def stir(incident: Incident, now: datetime) -> Transition:
    """An alert of a quiet incident fires: it is what it was before."""
    if incident.quiet_since is None:
        return Transition(incident, Reason.ALREADY)
    back = incident.quiet_from
    stirred = replace(incident, quiet_since=None, quiet_from=None)
    if back is not None and incident.state is IncidentState.MITIGATED:
        return _go(stirred, back, now, Reason.FIRES_AGAIN, SYSTEM.key, "")
    # A person has moved it since; that stands.
    return Transition(replace(stirred, revision=incident.revision + 1), Reason.FIRES_AGAIN)


def resolve_when_quiet(
    incident: Incident, statuses: Iterable[AlertStatus], now: datetime, hold: timedelta
) -> Transition:
    """Resolved once all of its alerts have ended and stayed so for `hold`."""
    if incident.quiet_since is None or incident.state.is_over:
        return Transition(incident, Reason.ALREADY)
    found = set(statuses)
    if AlertStatus.FIRING in found:
        return stir(incident, now)
    if now - incident.quiet_since < hold:
        return Transition(incident, Reason.NOT_YET)
    note = f"{Reason.ALL_RESOLVED} for {_spoken(hold)}" if hold else ""
    return _go(incident, IncidentState.RESOLVED, now, Reason.ALL_RESOLVED, SYSTEM.key, note)


def by_person(
    incident: Incident, to: IncidentState, *, actor: str, now: datetime, note: str = ""
) -> Transition:
    """A person (by actor key) moves it to another state, if that is allowed."""
    if incident.state is to:
        return Transition(incident, Reason.ALREADY)
    if to not in ALLOWED[incident.state]:
        return Transition(incident, Reason.NOT_ALLOWED)
    return _go(incident, to, now, Reason.BY_PERSON, actor, note)


def acknowledge_in_pager(incident: Incident, pager: str, now: datetime) -> Transition:
    """Somebody acknowledged the page in `pager`: an incident that is open follows, any other
    state says more than that already."""
    if incident.state is not IncidentState.OPEN:
        return Transition(incident, Reason.ALREADY)
    note = f"acknowledged in {pager}"
    return _go(incident, IncidentState.ACKNOWLEDGED, now, Reason.IN_PAGER, SYSTEM.key, note)


def snooze(
    incident: Incident, until: datetime, *, actor: str, now: datetime, note: str
) -> Transition:
    """No reminders until then; the incident's state stays what it is."""
    if incident.state.is_over or until <= now:
        return Transition(incident, Reason.NOT_ALLOWED)
    entry = TimelineEntry(
        at=now,
        kind=TimelineKind.NOTE,
        text=note,
        actor=actor,
        data={"snoozed_until": until.isoformat(), "reason": Reason.SNOOZED.value},
    )
    changed = replace(incident, snoozed_until=until, revision=incident.revision + 1)
    return Transition(changed, Reason.SNOOZED, entry)


def wake(incident: Incident, why: str, now: datetime) -> Transition:
    """End a snooze before its time. What has run out by itself needs no word."""
    if incident.snoozed_until is None or incident.snoozed_until <= now:
        return Transition(incident, Reason.ALREADY)
    entry = TimelineEntry(
        at=now,
        kind=TimelineKind.NOTE,
        text=f"The snooze is over: {why}",
        actor=SYSTEM.key,
        data={"snoozed_until": "", "reason": Reason.WOKEN.value},
    )
    changed = replace(incident, snoozed_until=None, revision=incident.revision + 1)
    return Transition(changed, Reason.WOKEN, entry)


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


def absorb(incident: Incident, into: str, now: datetime) -> Transition:
    """Closed, since the incident of key `into` has all of its alerts now."""
    note = f"all of its alerts are in {into} now"
    closed = _go(incident, IncidentState.CLOSED, now, Reason.ABSORBED, SYSTEM.key, note)
    return replace(closed, incident=replace(closed.incident, group_key=f"{ABSORBED_PREFIX}{into}"))


def _spoken(length: timedelta) -> str:
    seconds = round(length.total_seconds())
    if seconds < 60 or seconds % 60:
        return f"{seconds} s"
    return f"{seconds // 60} min"


def _go(
    incident: Incident, to: IncidentState, now: datetime, reason: Reason, actor: str, note: str
) -> Transition:
    resolved_at = incident.resolved_at or (now if to.is_over else None)
    changed = replace(
        incident,
        state=to,
        resolved_at=resolved_at,
        snoozed_until=None if to.is_over else incident.snoozed_until,
        quiet_since=None if to.is_over else incident.quiet_since,
        quiet_from=None if to.is_over else incident.quiet_from,
        revision=incident.revision + 1,
    )
    data = {"from": incident.state.value, "to": to.value, "reason": reason.value}
    entry = TimelineEntry(
        at=now,
        kind=TimelineKind.STATE_CHANGED,
        text=f"{incident.state} → {to}: {note or reason}",
        actor=actor,
        data={**data, "note": note} if note else data,
    )
    return Transition(changed, reason, entry)
