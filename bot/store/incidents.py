"""Incidents and their timelines."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import (
    JSON,
    Column,
    Connection,
    RowMapping,
    Select,
    delete,
    func,
    insert,
    select,
    type_coerce,
    update,
)

from bot.alerts.model import Severity
from bot.incidents.model import (
    AlertBeat,
    Firing,
    Incident,
    IncidentState,
    KeptEntry,
    TimelineEntry,
    TimelineKind,
)
from bot.incidents.ports import Wanted
from bot.people.model import SYSTEM
from bot.store.tables import NOT_OVER, alerts, incidents, timeline
from knowledge.model import EVERYONE
from knowledge.store.documents import visibility_from_json, visibility_to_json
from knowledge.store.statements import chunks, insert_into

KEY_PREFIX = "RCL-"
_KEY = re.compile(rf"{KEY_PREFIX}([1-9][0-9]{{0,17}})", re.IGNORECASE | re.ASCII)

_OVER = [state.value for state in IncidentState if state.is_over]
_BEATS = [TimelineKind.ALERT_FIRED.value, TimelineKind.ALERT_RESOLVED.value]
OPEN_ATTEMPTS = 10
"""Each loses only against an incident that opened and ended between two of our statements."""


def _incident(row: RowMapping) -> Incident:
    return Incident(
        id=row["id"],
        key=f"{KEY_PREFIX}{row['id']}",
        title=row["title"],
        service=row["service"],
        environment=row["environment"],
        severity=Severity(row["severity"]),
        state=IncidentState(row["state"]),
        group_key=row["group_key"],
        opened_at=row["opened_at"],
        resolved_at=row["resolved_at"],
        revision=row["revision"],
        team_id=row["team_id"],
        visibility=visibility_from_json(row["visibility"]),
        owner=row["owner"],
        snoozed_until=row["snoozed_until"],
        quiet_since=row["quiet_since"],
        quiet_from=IncidentState(row["quiet_from"]) if row["quiet_from"] else None,
    )


def _entry(row: RowMapping) -> TimelineEntry:
    return TimelineEntry(
        at=row["at"],
        kind=TimelineKind(row["kind"]),
        text=row["text"],
        actor=row["actor"],
        data=row["data"],
    )


def _beat(row: RowMapping, service: str | None, environment: str | None) -> AlertBeat:
    data = row["data"]
    severity = data.get("severity", "")
    return AlertBeat(
        incident_id=row["incident_id"],
        at=row["at"],
        alert=data.get("alert", ""),
        fingerprint=data.get("fingerprint", ""),
        fires=row["kind"] == TimelineKind.ALERT_FIRED.value,
        severity=Severity(severity) if severity in set(Severity) else Severity.UNKNOWN,
        service=service,
        environment=environment,
    )


class SqlIncidents:
    """The IncidentRepository port on one connection.

    In a writing unit the incidents that are read stay locked until its end: read, decide and
    save cannot be overtaken by another worker.
    """

    def __init__(self, connection: Connection, *, writing: bool) -> None:
        self._connection = connection
        self._writing = writing

    def _one(self, statement: Select[*tuple[object, ...]]) -> Incident | None:
        if self._writing:
            statement = statement.with_for_update()
        row = self._connection.execute(statement).mappings().first()
        return None if row is None else _incident(row)

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
        statement = (
            insert_into(self._connection, incidents)
            .values(
                title=title,
                service=service,
                environment=environment,
                severity=severity.value,
                state=IncidentState.OPEN.value,
                group_key=group_key,
                opened_at=now,
                revision=1,
                team_id=team_id,
                visibility=visibility_to_json(EVERYONE),
            )
            .on_conflict_do_nothing(index_elements=[incidents.c.group_key], index_where=NOT_OVER)
            .returning(incidents)
        )
        for _ in range(OPEN_ATTEMPTS):
            # looking first is not only quicker: a refused insert uses up a number of its sequence
            there = self._one(select(incidents).where(incidents.c.group_key == group_key, NOT_OVER))
            if there is not None:
                return there, False
            row = self._connection.execute(statement).mappings().first()
            if row is not None:
                return _incident(row), True
        raise RuntimeError(f"the incident of group {group_key!r} opens and ends all the time")

    def get(self, incident_id: int) -> Incident | None:
        return self._one(select(incidents).where(incidents.c.id == incident_id))

    def get_by_key(self, key: str) -> Incident | None:
        match = _KEY.fullmatch(key.strip())
        return None if match is None else self.get(int(match.group(1)))

    def active(self, service: str | None = None) -> Sequence[Incident]:
        statement = select(incidents).where(NOT_OVER).order_by(incidents.c.id.desc())
        if service is not None:
            statement = statement.where(incidents.c.service == service)
        return [_incident(row) for row in self._connection.execute(statement).mappings()]

    def save(self, incident: Incident) -> None:
        """LookupError when there is no such incident."""
        saved = self._connection.execute(
            update(incidents)
            .where(incidents.c.id == incident.id)
            .values(
                title=incident.title,
                service=incident.service,
                environment=incident.environment,
                severity=incident.severity.value,
                state=incident.state.value,
                group_key=incident.group_key,
                opened_at=incident.opened_at,
                resolved_at=incident.resolved_at,
                revision=incident.revision,
                team_id=incident.team_id,
                visibility=visibility_to_json(incident.visibility),
                owner=incident.owner,
                snoozed_until=incident.snoozed_until,
                quiet_since=incident.quiet_since,
                quiet_from=incident.quiet_from.value if incident.quiet_from else None,
            )
            .returning(incidents.c.id)
        )
        if saved.first() is None:
            raise LookupError(f"there is no incident with the id {incident.id}")

    def add_timeline(self, incident_id: int, entries: Sequence[TimelineEntry]) -> None:
        if not entries:
            return
        rows = [
            {
                "incident_id": incident_id,
                "at": entry.at,
                "kind": entry.kind.value,
                "text": entry.text,
                "actor": entry.actor,
                "data": entry.data,
                "source": entry.source,
            }
            for entry in entries
        ]
        self._connection.execute(insert(timeline), rows)

    def timeline(self, incident_id: int) -> Sequence[TimelineEntry]:
        """Oldest first; what happened at one moment, in the order in which it was added."""
        statement = (
            select(timeline)
            .where(timeline.c.incident_id == incident_id)
            .order_by(timeline.c.at, timeline.c.id)
        )
        return [_entry(row) for row in self._connection.execute(statement).mappings()]

    def entries_about(self, source: str) -> Sequence[KeptEntry]:
        statement = select(timeline).where(timeline.c.source == source).order_by(timeline.c.id)
        return [
            KeptEntry(row["id"], row["incident_id"], _entry(row))
            for row in self._connection.execute(statement).mappings()
        ]

    def change_entry(self, entry_id: int, *, text: str, data: Mapping[str, str]) -> None:
        changed = self._connection.execute(
            update(timeline)
            .where(timeline.c.id == entry_id)
            .values(text=text, data=dict(data))
            .returning(timeline.c.id)
        )
        if changed.first() is None:
            raise LookupError(f"there is no timeline entry with the id {entry_id}")

    def remove_entry(self, entry_id: int) -> bool:
        statement = delete(timeline).where(timeline.c.id == entry_id).returning(timeline.c.id)
        return self._connection.execute(statement).first() is not None

    def touched(self, incident_ids: Sequence[int]) -> frozenset[int]:
        found: set[int] = set()
        for some in chunks(sorted(incident_ids)):
            statement = (
                select(timeline.c.incident_id)
                .where(
                    timeline.c.incident_id.in_(some),
                    timeline.c.actor.not_in(["", SYSTEM.key]),
                )
                .distinct()
            )
            found.update(self._connection.execute(statement).scalars())
        return frozenset(found)

    def quiet(
        self, before: datetime, limit: int, alone_before: datetime | None = None
    ) -> Sequence[int]:
        is_due = incidents.c.quiet_since <= before
        if alone_before is not None:
            own = select(alerts.c.id).where(alerts.c.incident_id == incidents.c.id)
            are_many = own.limit(1).offset(1).exists()
            is_due = (is_due & are_many) | (incidents.c.quiet_since <= alone_before)
        statement = (
            select(incidents.c.id).where(NOT_OVER, is_due).order_by(incidents.c.id).limit(limit)
        )
        return list(self._connection.execute(statement).scalars())

    def past(self, service: str, limit: int) -> Sequence[Incident]:
        statement = (
            select(incidents)
            .where(incidents.c.service == service, incidents.c.state.in_(_OVER))
            .order_by(incidents.c.id.desc())
            .limit(limit)
        )
        return [_incident(row) for row in self._connection.execute(statement).mappings()]

    def opened_at(self, at: datetime) -> Sequence[Incident]:
        statement = select(incidents).where(incidents.c.opened_at == at).order_by(incidents.c.id)
        return [_incident(row) for row in self._connection.execute(statement).mappings()]

    def opened_since(
        self, at: datetime, limit: int = 2_000, until: datetime | None = None
    ) -> Sequence[Incident]:
        return self._newest(incidents.c.opened_at, at, limit, until)

    def acknowledged(self, incident_ids: Sequence[int]) -> Mapping[int, datetime]:
        found: dict[int, datetime] = {}
        for some in chunks(sorted(set(incident_ids))):
            statement = (
                select(timeline.c.incident_id, func.min(timeline.c.at))
                .where(
                    timeline.c.incident_id.in_(some),
                    timeline.c.kind == TimelineKind.STATE_CHANGED.value,
                    timeline.c.actor != "",
                )
                .group_by(timeline.c.incident_id)
            )
            found |= {row[0]: row[1] for row in self._connection.execute(statement)}
        return found

    def resolved_since(self, at: datetime, limit: int = 2_000) -> Sequence[Incident]:
        return self._newest(incidents.c.resolved_at, at, limit)

    def _newest(
        self, column: Column[datetime], at: datetime, limit: int, until: datetime | None = None
    ) -> Sequence[Incident]:
        statement = (
            select(incidents)
            .where(column >= at)
            .order_by(column.desc(), incidents.c.id.desc())
            .limit(limit)
        )
        if until is not None:
            statement = statement.where(column < until)
        return [_incident(row) for row in self._connection.execute(statement).mappings()]

    def firings(self, incident_ids: Sequence[int], limit: int = 20_000) -> Sequence[Firing]:
        found: list[Firing] = []
        for some in chunks(sorted(set(incident_ids))):
            statement = (
                select(
                    timeline.c.incident_id,
                    timeline.c.at,
                    type_coerce(timeline.c.data, JSON)["alert"].as_string(),
                )
                .where(
                    timeline.c.incident_id.in_(some),
                    timeline.c.kind == TimelineKind.ALERT_FIRED.value,
                )
                .order_by(timeline.c.incident_id, timeline.c.at, timeline.c.id)
                .limit(limit - len(found))
            )
            found += [
                Firing(incident_id=row[0], at=row[1], alert=row[2] or "")
                for row in self._connection.execute(statement)
            ]
        return found

    def courses(
        self, service: str | None, environment: str | None, since: datetime, most: int = 2_000
    ) -> Mapping[int, Sequence[AlertBeat]]:
        newest = (
            select(incidents.c.id)
            .where(
                incidents.c.service.is_not_distinct_from(service),
                incidents.c.environment.is_not_distinct_from(environment),
                incidents.c.opened_at >= since,
            )
            .order_by(incidents.c.id.desc())
            .limit(most)
        )
        ids = list(self._connection.execute(newest).scalars())
        found: dict[int, list[AlertBeat]] = {}
        for some in chunks(sorted(ids)):
            statement = (
                select(timeline)
                .where(timeline.c.incident_id.in_(some), timeline.c.kind.in_(_BEATS))
                .order_by(timeline.c.incident_id, timeline.c.at, timeline.c.id)
            )
            for row in self._connection.execute(statement).mappings():
                beat = _beat(row, service, environment)
                found.setdefault(beat.incident_id, []).append(beat)
        return found

    def list(self, limit: int, before_id: int | None = None) -> Sequence[Incident]:
        """Newest first; the next page begins before the last one's id."""
        statement = select(incidents).order_by(incidents.c.id.desc()).limit(limit)
        if before_id is not None:
            statement = statement.where(incidents.c.id < before_id)
        return [_incident(row) for row in self._connection.execute(statement).mappings()]

    def find(self, wanted: Wanted, limit: int, before_id: int | None = None) -> Sequence[Incident]:
        statement = select(incidents).order_by(incidents.c.id.desc()).limit(limit)
        if wanted.states:
            states = [state.value for state in wanted.states]
            statement = statement.where(incidents.c.state.in_(states))
        if wanted.service:
            statement = statement.where(incidents.c.service == wanted.service)
        words = wanted.words.strip()
        key = _KEY.fullmatch(words)
        if key is not None:
            statement = statement.where(incidents.c.id == int(key.group(1)))
        elif words:
            statement = statement.where(incidents.c.title.icontains(words, autoescape=True))
        found: list[Incident] = []
        while len(found) < limit:
            # Who may see an incident is JSON, which no index tells apart: asked again until
            # enough may be seen.
            older = statement if before_id is None else statement.where(incidents.c.id < before_id)
            rows = self._connection.execute(older).mappings().all()
            some = [_incident(row) for row in rows]
            found += [incident for incident in some if incident.visibility.is_everyone]
            if len(some) < limit:
                break
            before_id = some[-1].id
        return found[:limit]
