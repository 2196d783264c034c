"""Acknowledged and forgotten: when the one who has an incident is reminded of it. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.alerts.model import AlertStatus, StoredAlert
from bot.incidents.model import Incident, IncidentState, TimelineEntry, TimelineKind
from bot.people.model import SYSTEM

APART = timedelta(hours=4)
"""How long after one reminder of an incident the next may come, whatever happened between."""
REMINDED = "reminded"
"""The key in a timeline entry's data that makes it a reminder; its value is the turn."""


@dataclass(frozen=True, slots=True)
class Forgotten:
    """Since when nothing happened, how many alerts fire, and which turn this is: how often the
    incident had changed its state by then."""

    since: datetime
    firing: int
    turn: int


def forgotten(
    incident: Incident,
    alerts: Iterable[StoredAlert],
    timeline: Sequence[TimelineEntry],
    now: datetime,
    after: timedelta,
) -> Forgotten | None:
    """Whether somebody took the incident on and then let it be, although its alerts fire.

    What counts as happening is a change of state or anything that a person did; what alerts and
    the bot do by themselves does not. None for an incident that nobody has (that is the pager's
    job), that is snoozed, mitigated or over.
    """
    if incident.state is not IncidentState.ACKNOWLEDGED:
        return None
    if incident.snoozed_until is not None and incident.snoozed_until > now:
        return None
    firing = sum(stored.alert.status is AlertStatus.FIRING for stored in alerts)
    since = _last_happened(incident, timeline)
    if not firing or now - since < after:
        return None
    return Forgotten(since=since, firing=firing, turn=_turn(timeline))


def is_due(found: Forgotten, timeline: Iterable[TimelineEntry], now: datetime) -> bool:
    """Whether a reminder may be said now: one a state, and none within APART of another."""
    reminders = [entry for entry in timeline if REMINDED in entry.data]
    if any(entry.data[REMINDED] == str(found.turn) for entry in reminders):
        return False
    return all(now - entry.at >= APART for entry in reminders)


def reminder_key(incident: Incident, turn: int) -> str:
    """The key of a reminder, of its job and of its message."""
    return f"reminder:{incident.id}:{turn}"


def reminder_entry(found: Forgotten, now: datetime) -> TimelineEntry:
    """What is noted in the timeline when a reminder is said."""
    return TimelineEntry(
        at=now,
        kind=TimelineKind.NOTE,
        text="reminded that it still fires",
        actor=SYSTEM.key,
        data={REMINDED: str(found.turn)},
    )


def _turn(timeline: Iterable[TimelineEntry]) -> int:
    return sum(
        entry.kind is TimelineKind.STATE_CHANGED and "to" in entry.data for entry in timeline
    )


def _last_happened(incident: Incident, timeline: Iterable[TimelineEntry]) -> datetime:
    moments = [
        entry.at
        for entry in timeline
        if entry.kind is TimelineKind.STATE_CHANGED or entry.actor not in ("", SYSTEM.key)
    ]
    if incident.snoozed_until is not None:
        moments.append(incident.snoozed_until)
    return max(moments, default=incident.opened_at)
