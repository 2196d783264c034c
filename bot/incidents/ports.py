"""The IncidentRepository port."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from bot.alerts.model import Severity
from bot.incidents.model import Firing, Incident, TimelineEntry


class IncidentRepository(Protocol):
    def open(
        self,
        *,
        group_key: str,
        title: str,
        service: str | None,
        environment: str | None,
        severity: Severity,
        team_id: str,
        now: datetime,
    ) -> tuple[Incident, bool]:
        """The incident of that group key that is not over, or a new one (then True).

        Safe against a second worker: one open incident per group key is a unique index.
        """
        ...

    def get(self, incident_id: int) -> Incident | None: ...

    def get_by_key(self, key: str) -> Incident | None: ...

    def active(self, service: str | None = None) -> Sequence[Incident]:
        """Those that are not over, newest first."""
        ...

    def save(self, incident: Incident) -> None:
        """Store the changed fields; the caller has raised `revision`."""
        ...

    def add_timeline(self, incident_id: int, entries: Sequence[TimelineEntry]) -> None: ...

    def timeline(self, incident_id: int) -> Sequence[TimelineEntry]: ...

    def opened_since(self, at: datetime, limit: int = 2_000) -> Sequence[Incident]:
        """Those that opened at `at` or later, newest first."""
        ...

    def resolved_since(self, at: datetime, limit: int = 2_000) -> Sequence[Incident]:
        """Those that ended at `at` or later, the last to end first."""
        ...

    def firings(self, incident_ids: Sequence[int], limit: int = 20_000) -> Sequence[Firing]:
        """What fired in these incidents, in the order of incidents and time; the rest beyond
        `limit` is left out."""
        ...

    def list(self, limit: int, before_id: int | None = None) -> Sequence[Incident]: ...
