"""The AlertRepository port."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from bot.alerts.model import UNTURNED, Alert, Severity, StoredAlert, Turning
from bot.alerts.unresolved import ResolvedShare, Unresolved
from bot.incidents.traces import Trace

LEAST_TOLD = 2
"""In how many batches a service must be named before it counts as one that is called."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertWrite:
    """One merged alert to keep, with what was resolved for it."""

    alert: Alert
    service: str | None
    environment: str | None
    incident_id: int | None
    turning: Turning = UNTURNED


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """How many alerts of one service in one incident began to fire, the worst of them first."""

    incident_id: int
    service: str | None
    environment: str | None
    severity: Severity
    alerts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """How many alerts of one service an incident has, and how many of them fire."""

    incident_id: int
    service: str | None
    environment: str | None
    alerts: int
    firing: int


class AlertRepository(Protocol):
    def by_fingerprint(self, fingerprints: Sequence[str]) -> Mapping[str, StoredAlert]: ...

    def save(self, writes: Sequence[AlertWrite], now: datetime) -> None:
        """Insert or update by fingerprint, one statement for all; counts `times_seen`."""
        ...

    def of_incident(self, incident_id: int, limit: int | None = None) -> Sequence[StoredAlert]:
        """Its alerts, those that fire first, then the newest; all of them without a limit."""
        ...

    def names_in(self, incident_id: int) -> Mapping[str, int]:
        """How many alerts of the incident have each name."""
        ...

    def traces(self, incident_ids: Sequence[int], since: datetime) -> Sequence[tuple[int, Trace]]:
        """(incident id, trace) for each kind of alert (name, service) of these incidents that
        fires, does not flap and was seen since then: the newest instance stands for the
        others."""
        ...

    def beginnings(
        self, incident_ids: Sequence[int], since: datetime
    ) -> Sequence[tuple[int, Trace]]:
        """(incident id, trace) for each kind of alert (name, service) of these incidents that was
        first heard of since then, or came back since then and fires: as the first instance of
        that kind was, and at that time, whatever became of it."""
        ...

    def resting(self, before: datetime, limit: int) -> Sequence[StoredAlert]:
        """Flapping ones that turned last before then, locked in a unit that may write."""
        ...

    def turn(self, alert_id: int, turning: Turning) -> None:
        """Replace what is known of how it turned."""
        ...

    def begun_since(self, at: datetime) -> Sequence[Begun]:
        """What fires in incidents that are not over, and began to at `at` or later."""
        ...

    def tally(self, incident_ids: Sequence[int]) -> Sequence[Tally]:
        """Counts of these incidents' alerts by service, in the order of incidents and services."""
        ...

    def move(self, alert_ids: Sequence[int], incident_id: int) -> None:
        """Have these alerts belong to that incident from now on."""
        ...

    def runbook_urls(self, limit: int) -> Sequence[tuple[str, str | None, str | None, str]]:
        """(alert name, service, environment, address) of the newest `limit` alerts that name the
        address of their runbook, each once."""
        ...

    def tell_calls(self, calls: Iterable[tuple[str, str]], now: datetime) -> None:
        """Keep, once a batch, that alerts of the first service named the second."""
        ...

    def told_calls(self, services: Collection[str]) -> frozenset[tuple[str, str]]:
        """Those of `tell_calls` that concern any of these services, told in at least
        `LEAST_TOLD` batches."""
        ...

    def list(self, limit: int, before_id: int | None = None) -> Sequence[StoredAlert]: ...

    def turned_since(self, at: datetime) -> ResolvedShare:
        """Counts of those that began or ended last at `at` or later."""
        ...

    def unresolved_since(self, at: datetime, limit: int) -> Sequence[Unresolved]:
        """Those of them without a service or an environment, the last to turn first."""
        ...
