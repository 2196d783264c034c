"""The IncidentRepository port."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from bot.alerts.model import Severity
from bot.incidents.model import (
    AlertBeat,
    Firing,
    Incident,
    IncidentState,
    KeptEntry,
    TimelineEntry,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which incidents are looked for; what is empty does not matter. `words` are part of the
    title, of whatever case, or the key."""

    states: tuple[IncidentState, ...] = ()
    service: str = ""
    words: str = ""


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

    def entries_about(self, source: str) -> Sequence[KeptEntry]:
        """The timeline entries, of any incident, that were made of one message (see
        `source_key`), oldest first."""
        ...

    def change_entry(self, entry_id: int, *, text: str, data: Mapping[str, str]) -> None:
        """Replace what an entry says; when, of what kind and by whom it is stays. LookupError
        when there is no such entry."""
        ...

    def remove_entry(self, entry_id: int) -> bool:
        """Take an entry out; False when it was not there."""
        ...

    def quiet(
        self, before: datetime, limit: int, alone_before: datetime | None = None
    ) -> Sequence[int]:
        """The ids of those that are not over, and quiet since then or longer, in order; of one
        that has at most one alert since `alone_before`, if that is given."""
        ...

    def past(self, service: str, limit: int) -> Sequence[Incident]:
        """Those of a service that are over, newest first."""
        ...

    def opened_at(self, at: datetime) -> Sequence[Incident]:
        """Those that opened at just that moment, in order."""
        ...

    def opened_since(
        self, at: datetime, limit: int = 2_000, until: datetime | None = None
    ) -> Sequence[Incident]:
        """Those that opened at `at` or later, and before `until`, newest first."""
        ...

    def acknowledged(self, incident_ids: Sequence[int]) -> Mapping[int, datetime]:
        """When a person first changed the state of each; those that nobody did are left out."""
        ...

    def touched(self, incident_ids: Sequence[int]) -> frozenset[int]:
        """Those of them in whose timeline a person has said or done anything."""
        ...

    def resolved_since(self, at: datetime, limit: int = 2_000) -> Sequence[Incident]:
        """Those that ended at `at` or later, the last to end first."""
        ...

    def firings(self, incident_ids: Sequence[int], limit: int = 20_000) -> Sequence[Firing]:
        """What fired in these incidents, in the order of incidents and time; the rest beyond
        `limit` is left out."""
        ...

    def courses(
        self,
        service: str | None,
        environment: str | None,
        since: datetime,
        most: int = 2_000,
    ) -> Mapping[int, Sequence[AlertBeat]]:
        """How the alerts of the newest incidents of that service and environment came and went,
        by incident, in order of time; those without any are left out."""
        ...

    def list(self, limit: int, before_id: int | None = None) -> Sequence[Incident]: ...

    def find(self, wanted: Wanted, limit: int, before_id: int | None = None) -> Sequence[Incident]:
        """Those that everyone may see and `wanted` describes, newest first."""
        ...
