"""The AlertRepository port."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from bot.alerts.model import Alert, StoredAlert
from bot.incidents.traces import Trace


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertWrite:
    """One merged alert to keep, with what was resolved for it."""

    alert: Alert
    service: str | None
    environment: str | None
    incident_id: int | None


class AlertRepository(Protocol):
    def by_fingerprint(self, fingerprints: Sequence[str]) -> Mapping[str, StoredAlert]: ...

    def save(self, writes: Sequence[AlertWrite], now: datetime) -> None:
        """Insert or update by fingerprint, one statement for all; counts `times_seen`."""
        ...

    def of_incident(self, incident_id: int) -> Sequence[StoredAlert]:
        """Firing ones first, then newest first."""
        ...

    def traces(self, incident_ids: Sequence[int], since: datetime) -> Sequence[tuple[int, Trace]]:
        """(incident id, trace) for each kind of alert (name, service) of these incidents that
        fires and was seen since then: the newest instance stands for the others."""
        ...

    def move(self, alert_ids: Sequence[int], incident_id: int) -> None:
        """Have these alerts belong to that incident from now on."""
        ...

    def list(self, limit: int, before_id: int | None = None) -> Sequence[StoredAlert]: ...
