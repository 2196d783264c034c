"""Incident, its states, and its timeline. Changes of state are in `lifecycle`."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from bot.alerts.model import Severity
from knowledge.model import EVERYONE, Visibility


class IncidentState(StrEnum):
    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    MITIGATED = "mitigated"
    RESOLVED = "resolved"
    CLOSED = "closed"

    @property
    def is_over(self) -> bool:
        return self in (IncidentState.RESOLVED, IncidentState.CLOSED)


ABSORBED_PREFIX = "absorbed:1:"
"""Begins the group key of an incident that had no alerts left when they were looked at anew; the
key of the one that has them follows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """One problem seen through one or more alerts.

    `key` is what people call it (RCL-12). `group_key` joins new alerts to it while it is not
    over; at most one incident that is not over exists per group key. `revision` grows with
    every change that a card must show. `quiet_since` is when the last of its alerts ended, while
    it waits whether they stay so, and `quiet_from` the state that it was in until then, where
    that has changed it.
    """

    id: int
    key: str
    title: str
    service: str | None
    environment: str | None
    severity: Severity
    state: IncidentState
    group_key: str
    opened_at: datetime
    resolved_at: datetime | None = None
    revision: int = 1
    team_id: str = ""
    visibility: Visibility = EVERYONE
    owner: str | None = None
    snoozed_until: datetime | None = None
    quiet_since: datetime | None = None
    quiet_from: IncidentState | None = None

    @property
    def absorbed_into(self) -> str | None:
        """The key of the incident that took all of its alerts while both were young; None for one
        that stands for itself."""
        if not self.group_key.startswith(ABSORBED_PREFIX):
            return None
        return self.group_key.removeprefix(ABSORBED_PREFIX)


CHANGE_LINE = "line"


class TimelineKind(StrEnum):
    ALERT_FIRED = "alert_fired"
    ALERT_RESOLVED = "alert_resolved"
    STATE_CHANGED = "state_changed"
    SUGGESTION = "suggestion"
    EVIDENCE = "evidence"
    FEEDBACK = "feedback"
    NOTE = "note"
    CHANGE = "change"
    """Something was deployed shortly before it opened; `data` has the change's key, and under
    CHANGE_LINE what a search knows of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TimelineEntry:
    """One thing that happened, with the values as they were then. `actor` is an actor key."""

    at: datetime
    kind: TimelineKind
    text: str
    actor: str = ""
    data: Mapping[str, str] = field(default_factory=dict)

    @property
    def source(self) -> str | None:
        """The chat message that it was made of, as `source_key` spells it; None for others."""
        data = self.data
        if not (data.get("team") and data.get("channel") and data.get("ts")):
            return None
        return source_key(data["team"], data["channel"], data["ts"])


def changes_told(timeline: Iterable[TimelineEntry]) -> tuple[str, ...]:
    """What changed shortly before, a line each, as it was noted on the incident."""
    lines = (one.data.get(CHANGE_LINE) for one in timeline if one.kind is TimelineKind.CHANGE)
    return tuple(dict.fromkeys(line for line in lines if line))


def source_key(team_id: str, channel: str, ts: str) -> str:
    """One message of a chat platform."""
    return f"{team_id}/{channel}/{ts}"


@dataclass(frozen=True, slots=True)
class KeptEntry:
    """A timeline entry as it is kept, to be changed or taken out by its `id`."""

    id: int
    incident_id: int
    entry: TimelineEntry


@dataclass(frozen=True, slots=True)
class Firing:
    """An alert, by its name, began to fire or fired again in an incident."""

    incident_id: int
    at: datetime
    alert: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertBeat:
    """An alert of an incident began to fire (`fires`) or ended. `service` and `environment` are
    the incident's, as its family counts them."""

    incident_id: int
    at: datetime
    alert: str
    fingerprint: str
    fires: bool
    severity: Severity = Severity.UNKNOWN
    service: str | None = None
    environment: str | None = None
