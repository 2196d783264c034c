"""Alert and what identifies it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

FROM_POSTS = "slack_post"
"""The source of alerts that were read out of what a tool posted in a chat channel."""


class AlertStatus(StrEnum):
    FIRING = "firing"
    RESOLVED = "resolved"


class Severity(StrEnum):
    CRITICAL = "critical"
    HIGH = "high"
    WARNING = "warning"
    INFO = "info"
    UNKNOWN = "unknown"

    @property
    def rank(self) -> int:
        """0 is the worst; for picking the worst of several."""
        return list(Severity).index(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """One alert instance as its source reported it, already redacted.

    `fingerprint` is typed and versioned (`<source>:<version>:<hash>`), from the source's own
    key where it gives one, else from stable labels, never from the name alone.
    `links` maps a short title to an address (runbook, dashboard, source).
    """

    source: str
    fingerprint: str
    name: str
    status: AlertStatus
    severity: Severity = Severity.UNKNOWN
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    summary: str = ""
    description: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    links: Mapping[str, str] = field(default_factory=dict)
    group_key: str | None = None

    @property
    def runbook_url(self) -> str | None:
        return self.links.get("runbook")


@dataclass(frozen=True, slots=True)
class Turning:
    """How an alert turned lately. `ends` are the moments at which it ended, the newest last;
    `turned_at` is when its status changed last; `flapping_since` is None for one that is not
    flapping. Its rule is in `flapping`."""

    turned_at: datetime | None = None
    ends: tuple[datetime, ...] = ()
    flapping_since: datetime | None = None

    @property
    def is_flapping(self) -> bool:
        """As far as was looked; `flapping.is_at_rest` tells whether it has come to rest since."""
        return self.flapping_since is not None


UNTURNED = Turning()
"""Of an alert that was never seen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredAlert:
    """An alert as it is kept: the latest report of one fingerprint, and where it belongs."""

    id: int
    alert: Alert
    service: str | None
    environment: str | None
    incident_id: int | None
    first_seen_at: datetime
    last_seen_at: datetime
    times_seen: int
    turning: Turning = UNTURNED
