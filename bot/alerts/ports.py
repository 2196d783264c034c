"""The AlertRepository port."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from bot.alerts.model import Alert, StoredAlert


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

    def list(self, limit: int, before_id: int | None = None) -> Sequence[StoredAlert]: ...
