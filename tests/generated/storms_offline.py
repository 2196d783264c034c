"""A storm through the real intake on repositories in memory: what grouping is tried out on.

It reads the same outcome as `storms_measure`, ten times as fast; the figures that count are those
measured from outside on a database.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from types import SimpleNamespace
from typing import Any, cast

from bot.alerts.model import FROM_POSTS, AlertStatus, Severity, StoredAlert, Turning
from bot.alerts.ports import LEAST_TOLD, AlertWrite, Tally
from bot.clock import ManualClock
from bot.incidents.model import Incident, IncidentState
from bot.incidents.telling import telling
from bot.incidents.traces import Trace, namespace_of, node_of, words_of
from bot.uow import UnitOfWork
from tests.generated.storms import START, UID, Storm
from tests.generated.storms_measure import Outcome, judge, play


class MemoryAlerts:
    """What grouping asks of the alert repository; for its rules see the port."""

    def __init__(self) -> None:
        self.stored: dict[str, StoredAlert] = {}
        self._members: dict[int, set[str]] = defaultdict(set)
        self._told: Counter[tuple[str, str]] = Counter()
        self._traced: dict[str, Trace] = {}
        self._by_id: dict[int, str] = {}

    def by_fingerprint(self, fingerprints: Sequence[str]) -> Mapping[str, StoredAlert]:
        return {key: self.stored[key] for key in fingerprints if key in self.stored}

    def save(self, writes: Sequence[AlertWrite], now: datetime) -> None:
        for write in writes:
            key = write.alert.fingerprint
            before = self.stored.get(key)
            self._put(
                StoredAlert(
                    id=before.id if before else len(self.stored) + 1,
                    alert=write.alert,
                    service=write.service,
                    environment=write.environment,
                    incident_id=write.incident_id,
                    first_seen_at=before.first_seen_at if before else now,
                    last_seen_at=now,
                    times_seen=before.times_seen + 1 if before else 1,
                    turning=write.turning,
                )
            )

    def _put(self, stored: StoredAlert) -> None:
        key = stored.alert.fingerprint
        before = self.stored.get(key)
        if before is not None and before.incident_id is not None:
            self._members[before.incident_id].discard(key)
        if stored.incident_id is not None:
            self._members[stored.incident_id].add(key)
        self.stored[key] = stored
        self._by_id[stored.id] = key
        self._traced[key] = _trace_of(stored)

    def of_incident(self, incident_id: int) -> Sequence[StoredAlert]:
        found = [self.stored[key] for key in self._members[incident_id]]
        return sorted(
            found,
            key=lambda one: (
                one.alert.status is not AlertStatus.FIRING,
                -one.last_seen_at.timestamp(),
                -one.id,
            ),
        )

    def traces(self, incident_ids: Sequence[int], since: datetime) -> Sequence[tuple[int, Trace]]:
        found: list[tuple[int, Trace]] = []
        for number in sorted(incident_ids):
            newest: dict[tuple[str, str | None], StoredAlert] = {}
            for key in self._members[number]:
                one = self.stored[key]
                is_over = one.alert.status is not AlertStatus.FIRING
                if is_over or one.last_seen_at < since or one.turning.is_flapping:
                    continue
                kind = (one.alert.name, one.service)
                there = newest.get(kind)
                if there is None or (there.last_seen_at, there.id) < (one.last_seen_at, one.id):
                    newest[kind] = one
            found += [(number, self._traced[one.alert.fingerprint]) for one in newest.values()]
        return found

    def beginnings(
        self, incident_ids: Sequence[int], since: datetime
    ) -> Sequence[tuple[int, Trace]]:
        found: list[tuple[int, Trace]] = []
        for number in sorted(incident_ids):
            first: dict[tuple[str, str | None], tuple[datetime, int, StoredAlert]] = {}
            for key in self._members[number]:
                one = self.stored[key]
                fires = one.alert.status is AlertStatus.FIRING
                turned = one.turning.turned_at
                at = one.first_seen_at if one.first_seen_at >= since else turned if fires else None
                if at is None or at < since:
                    continue
                kind = (one.alert.name, one.service)
                first[kind] = min(first.get(kind, (at, one.id, one)), (at, one.id, one))
            found += [
                (number, replace(self._traced[one.alert.fingerprint], at=at))
                for at, _, one in first.values()
            ]
        return found

    def resting(self, before: datetime, limit: int) -> Sequence[StoredAlert]:
        return [
            one
            for key, one in sorted(self.stored.items())
            if one.turning.flapping_since
            and one.turning.turned_at
            and one.turning.turned_at <= before
        ][:limit]

    def turn(self, alert_id: int, turning: Turning) -> None:
        self._change([alert_id], turning=turning)

    def move(self, alert_ids: Sequence[int], incident_id: int) -> None:
        self._change(alert_ids, incident_id=incident_id)

    def tally(self, incident_ids: Sequence[int]) -> Sequence[Tally]:
        return [
            Tally(
                incident_id=number,
                service=None,
                environment=None,
                alerts=len(self._members[number]),
                firing=0,
            )
            for number in incident_ids
        ]

    def tell_calls(self, calls: Iterable[tuple[str, str]], now: datetime) -> None:
        self._told.update(set(calls))

    def told_calls(self, services: Collection[str]) -> frozenset[tuple[str, str]]:
        return frozenset(
            call
            for call, times in self._told.items()
            if times >= LEAST_TOLD and not set(services).isdisjoint(call)
        )

    def _change(self, alert_ids: Sequence[int], **values: Any) -> None:
        for number in alert_ids:
            self._put(replace(self.stored[self._by_id[number]], **values))


def _trace_of(stored: StoredAlert) -> Trace:
    alert = stored.alert
    began = stored.last_seen_at
    if alert.starts_at is not None:
        began = max(stored.first_seen_at, min(alert.starts_at, stored.last_seen_at))
    return Trace(
        name=alert.name,
        service=stored.service,
        at=began,
        node=node_of(alert.labels),
        namespace=namespace_of(alert.labels),
        words=words_of(alert.name, alert.summary),
        is_post=alert.source == FROM_POSTS,
        telling=telling(alert.name),
    )


class MemoryIncidents:
    """What grouping asks of the incident repository."""

    def __init__(self, alerts: MemoryAlerts) -> None:
        self._alerts = alerts
        self.kept: dict[int, Incident] = {}
        self._open: dict[str, int] = {}

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
        there = self._open.get(group_key)
        if there is not None:
            return self.kept[there], False
        number = len(self.kept) + 1
        made = Incident(
            id=number,
            key=f"RCL-{number}",
            title=title,
            service=service,
            environment=environment,
            severity=severity,
            state=IncidentState.OPEN,
            group_key=group_key,
            opened_at=now,
            team_id=team_id,
        )
        self.kept[number] = made
        self._open[group_key] = number
        return made, True

    def get(self, incident_id: int) -> Incident | None:
        return self.kept.get(incident_id)

    def active(self, service: str | None = None) -> Sequence[Incident]:
        return [self.kept[number] for number in sorted(self._open.values(), reverse=True)]

    def save(self, incident: Incident) -> None:
        before = self.kept[incident.id]
        if self._open.get(before.group_key) == incident.id:
            del self._open[before.group_key]
        self.kept[incident.id] = incident
        if not incident.state.is_over:
            self._open[incident.group_key] = incident.id

    def add_timeline(self, incident_id: int, entries: Sequence[Any]) -> None:
        pass

    def touched(self, incident_ids: Sequence[int]) -> frozenset[int]:
        return frozenset()

    def quiet(
        self, before: datetime, limit: int, alone_before: datetime | None = None
    ) -> Sequence[int]:
        found = []
        for one in self.active():
            is_alone = alone_before is not None and len(self._alerts.of_incident(one.id)) < 2
            at = alone_before if alone_before is not None and is_alone else before
            if one.quiet_since is not None and one.quiet_since <= at:
                found.append(one.id)
        return found[:limit]


class Memory:
    """All repositories that the intake and the settling use; also the factory of the units."""

    def __init__(self) -> None:
        self.alerts = MemoryAlerts()
        self.incidents = MemoryIncidents(self.alerts)
        nothing = SimpleNamespace()
        nothing.add = lambda *_: True
        nothing.mark_done = lambda *_: None
        nothing.mark_failed = lambda *_: None
        nothing.in_force = lambda: ()
        nothing.accepted = lambda *_, **__: ()
        nothing.save = lambda *_: None
        self.jobs = self.inbox = self.bindings = self.drafts = self.held = nothing

    @property
    def unit(self) -> UnitOfWork:
        return cast("UnitOfWork", self)

    @contextmanager
    def begin(self) -> Iterator[UnitOfWork]:
        yield self.unit

    read = begin


def outcome_in_memory(storm: Storm) -> Outcome:
    return judge(storm, members_of(storm, played(storm)))


def played(storm: Storm) -> Memory:
    """What is stored once the storm is over."""
    memory = Memory()
    clock = ManualClock(START)
    play(storm, memory, clock, lambda batch, intake: intake.process(memory.unit, batch))
    return memory


def members_of(storm: Storm, memory: Memory) -> dict[str, list[str]]:
    """The planted alerts (by uid) in each incident that the list of incidents has, by its key."""
    members: dict[str, list[str]] = {
        one.key: [] for one in memory.incidents.kept.values() if one.absorbed_into is None
    }
    for stored in memory.alerts.stored.values():
        if stored.incident_id is not None:
            key = memory.incidents.kept[stored.incident_id].key
            members[key].append(stored.alert.labels[UID])
    return members
