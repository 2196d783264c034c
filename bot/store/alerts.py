"""Alerts: the latest report of each fingerprint."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from functools import cache

from sqlalchemy import (
    JSON,
    Connection,
    Executable,
    RowMapping,
    case,
    func,
    or_,
    select,
    type_coerce,
    update,
)

from bot.alerts.model import Alert, AlertStatus, Severity, StoredAlert, Turning
from bot.alerts.ports import LEAST_TOLD, AlertWrite, Begun, Tally
from bot.alerts.unresolved import ResolvedShare, Unresolved
from bot.incidents.model import IncidentState
from bot.incidents.traces import Trace
from bot.store import alert_traces
from bot.store.tables import alerts, incidents
from bot.store.told_tables import told_calls
from knowledge.store.statements import chunks, insert_for, insert_into

_OVER = [state.value for state in IncidentState if state.is_over]
_OVERWRITTEN = (
    "source",
    "name",
    "status",
    "severity",
    "starts_at",
    "ends_at",
    "summary",
    "description",
    "labels",
    "links",
    "group_key",
    "service",
    "environment",
    "incident_id",
    "last_seen_at",
    "turned_at",
    "ends",
    "flapping_since",
)


def _stored(row: RowMapping) -> StoredAlert:
    return StoredAlert(
        id=row["id"],
        alert=Alert(
            source=row["source"],
            fingerprint=row["fingerprint"],
            name=row["name"],
            status=AlertStatus(row["status"]),
            severity=Severity(row["severity"]),
            starts_at=row["starts_at"],
            ends_at=row["ends_at"],
            summary=row["summary"],
            description=row["description"],
            labels=row["labels"],
            links=row["links"],
            group_key=row["group_key"],
        ),
        service=row["service"],
        environment=row["environment"],
        incident_id=row["incident_id"],
        first_seen_at=row["first_seen_at"],
        last_seen_at=row["last_seen_at"],
        times_seen=row["times_seen"],
        turning=Turning(
            turned_at=row["turned_at"],
            ends=tuple(datetime.fromisoformat(end) for end in row["ends"]),
            flapping_since=row["flapping_since"],
        ),
    )


def _row(write: AlertWrite, now: datetime, times_seen: int) -> dict[str, object]:
    alert = write.alert
    return {
        "fingerprint": alert.fingerprint,
        "source": alert.source,
        "name": alert.name,
        "status": alert.status.value,
        "severity": alert.severity.value,
        "starts_at": alert.starts_at,
        "ends_at": alert.ends_at,
        "summary": alert.summary,
        "description": alert.description,
        "labels": alert.labels,
        "links": alert.links,
        "group_key": alert.group_key,
        "service": write.service,
        "environment": write.environment,
        "incident_id": write.incident_id,
        "first_seen_at": now,
        "last_seen_at": now,
        "times_seen": times_seen,
        **_turning(write.turning),
    }


def _turning(turning: Turning) -> dict[str, object]:
    return {
        "turned_at": turning.turned_at,
        "ends": [end.isoformat() for end in turning.ends],
        "flapping_since": turning.flapping_since,
    }


@cache
def _saving(dialect: str) -> Executable:
    """Made once: it costs a millisecond, for which SQLite would be held each time."""
    statement = insert_for(dialect, alerts)
    new = statement.excluded
    return statement.on_conflict_do_update(
        index_elements=[alerts.c.fingerprint],
        set_={
            **{name: new[name] for name in _OVERWRITTEN},
            "times_seen": alerts.c.times_seen + new.times_seen,
        },
    ).returning(alerts.c.id)


class SqlAlerts:
    """The AlertRepository port on one connection."""

    def __init__(self, connection: Connection, *, writing: bool) -> None:
        self._connection = connection
        self._writing = writing

    def by_fingerprint(self, fingerprints: Sequence[str]) -> dict[str, StoredAlert]:
        """Those that are known. In a writing unit they stay locked until its end, so that two
        workers cannot both merge into the same earlier report."""
        found: dict[str, StoredAlert] = {}
        for some in chunks(sorted(set(fingerprints))):
            statement = (
                select(alerts).where(alerts.c.fingerprint.in_(some)).order_by(alerts.c.fingerprint)
            )
            if self._writing:
                statement = statement.with_for_update()
            for row in self._connection.execute(statement).mappings():
                found[row["fingerprint"]] = _stored(row)
        return found

    def save(self, writes: Sequence[AlertWrite], now: datetime) -> None:
        """The last write of a fingerprint counts; each one counts towards `times_seen`."""
        times: dict[str, int] = {}
        last: dict[str, AlertWrite] = {}
        for write in writes:
            times[write.alert.fingerprint] = times.get(write.alert.fingerprint, 0) + 1
            last[write.alert.fingerprint] = write
        if not last:
            return
        # one order for everybody: two workers that save the same alerts cannot deadlock
        rows = [_row(last[each], now, times[each]) for each in sorted(last)]
        self._connection.execute(_saving(self._connection.dialect.name), rows).all()

    def of_incident(self, incident_id: int, limit: int | None = None) -> Sequence[StoredAlert]:
        firing_first = case((alerts.c.status == AlertStatus.FIRING.value, 0), else_=1)
        statement = (
            select(alerts)
            .where(alerts.c.incident_id == incident_id)
            .order_by(firing_first, alerts.c.last_seen_at.desc(), alerts.c.id.desc())
            .limit(limit)
        )
        return [_stored(row) for row in self._connection.execute(statement).mappings()]

    def names_in(self, incident_id: int) -> Mapping[str, int]:
        statement = (
            select(alerts.c.name, func.count())
            .where(alerts.c.incident_id == incident_id)
            .group_by(alerts.c.name)
            .order_by(alerts.c.name)
        )
        return {row[0]: row[1] for row in self._connection.execute(statement)}

    def traces(self, incident_ids: Sequence[int], since: datetime) -> Sequence[tuple[int, Trace]]:
        return alert_traces.traces(self._connection, incident_ids, since)

    def beginnings(
        self, incident_ids: Sequence[int], since: datetime
    ) -> Sequence[tuple[int, Trace]]:
        return alert_traces.beginnings(self._connection, incident_ids, since)

    def resting(self, before: datetime, limit: int) -> Sequence[StoredAlert]:
        statement = (
            select(alerts)
            .where(alerts.c.flapping_since.is_not(None), alerts.c.turned_at <= before)
            .order_by(alerts.c.fingerprint)
            .limit(limit)
        )
        if self._writing:
            statement = statement.with_for_update()
        return [_stored(row) for row in self._connection.execute(statement).mappings()]

    def turn(self, alert_id: int, turning: Turning) -> None:
        self._connection.execute(
            update(alerts).where(alerts.c.id == alert_id).values(**_turning(turning))
        )

    def begun_since(self, at: datetime) -> Sequence[Begun]:
        table = alerts
        place = (table.c.incident_id, table.c.service, table.c.environment, table.c.severity)
        statement = (
            select(*place, func.count())
            .where(table.c.turned_at >= at, table.c.status == AlertStatus.FIRING.value)
            .join(incidents, incidents.c.id == table.c.incident_id)
            .where(incidents.c.state.not_in(_OVER))
            .group_by(*place)
        )
        found = [
            Begun(
                incident_id=row[0],
                service=row[1],
                environment=row[2],
                severity=Severity(row[3]),
                alerts=row[4],
            )
            for row in self._connection.execute(statement)
        ]
        return sorted(found, key=lambda one: (one.severity.rank, one.incident_id))

    def tally(self, incident_ids: Sequence[int]) -> Sequence[Tally]:
        table, found = alerts, list[Tally]()
        place = (table.c.incident_id, table.c.service, table.c.environment)
        fires = case((table.c.status == AlertStatus.FIRING.value, 1), else_=0)
        for some in chunks(sorted(set(incident_ids))):
            statement = (
                select(*place, func.count(), func.sum(fires))
                .where(table.c.incident_id.in_(some))
                .group_by(*place)
                .order_by(*place)
            )
            found += [
                Tally(
                    incident_id=row[0],
                    service=row[1],
                    environment=row[2],
                    alerts=row[3],
                    firing=int(row[4]),
                )
                for row in self._connection.execute(statement)
            ]
        return found

    def move(self, alert_ids: Sequence[int], incident_id: int) -> None:
        for some in chunks(sorted(alert_ids)):
            self._connection.execute(
                update(alerts).where(alerts.c.id.in_(some)).values(incident_id=incident_id)
            )

    def runbook_urls(self, limit: int) -> Sequence[tuple[str, str | None, str | None, str]]:
        place = (alerts.c.name, alerts.c.service, alerts.c.environment)
        url = type_coerce(alerts.c.links, JSON)["runbook"].as_string().label("url")
        newest = select(*place, url).order_by(alerts.c.id.desc()).limit(limit).subquery()
        statement = select(newest).where(newest.c.url.is_not(None)).distinct()
        return [(row[0], row[1], row[2], row[3]) for row in self._connection.execute(statement)]

    def tell_calls(self, calls: Iterable[tuple[str, str]], now: datetime) -> None:
        # in one order, as in `save`
        rows = [
            {"service": service, "callee": callee, "times": 1, "told_at": now}
            for service, callee in sorted(set(calls))
        ]
        if not rows:
            return
        table = told_calls
        statement = insert_into(self._connection, table)
        self._connection.execute(
            statement.on_conflict_do_update(
                index_elements=[table.c.service, table.c.callee],
                set_={"times": table.c.times + 1, "told_at": statement.excluded.told_at},
            ),
            rows,
        )

    def told_calls(self, services: Collection[str]) -> frozenset[tuple[str, str]]:
        table, found = told_calls, set[tuple[str, str]]()
        for some in chunks(sorted(services)):
            statement = select(table.c.service, table.c.callee).where(
                table.c.times >= LEAST_TOLD,
                or_(table.c.service.in_(some), table.c.callee.in_(some)),
            )
            found |= {(row[0], row[1]) for row in self._connection.execute(statement)}
        return frozenset(found)

    def list(self, limit: int, before_id: int | None = None) -> Sequence[StoredAlert]:
        """Newest first; the next page begins before the last one's id."""
        statement = select(alerts).order_by(alerts.c.id.desc()).limit(limit)
        if before_id is not None:
            statement = statement.where(alerts.c.id < before_id)
        return [_stored(row) for row in self._connection.execute(statement).mappings()]

    def turned_since(self, at: datetime) -> ResolvedShare:
        no_service, no_environment = alerts.c.service.is_(None), alerts.c.environment.is_(None)
        row = self._connection.execute(
            select(
                func.count(),
                func.count(case((no_service, 1))),
                func.count(case((no_environment, 1))),
                func.count(case((or_(no_service, no_environment), 1))),
            ).where(alerts.c.turned_at >= at)
        ).one()
        return ResolvedShare(
            alerts=row[0], without_service=row[1], without_environment=row[2], unresolved=row[3]
        )

    def unresolved_since(self, at: datetime, limit: int) -> Sequence[Unresolved]:
        columns = (alerts.c.source, alerts.c.name, alerts.c.labels)
        statement = (
            select(*columns, alerts.c.service, alerts.c.environment)
            .where(
                alerts.c.turned_at >= at,
                or_(alerts.c.service.is_(None), alerts.c.environment.is_(None)),
            )
            .order_by(alerts.c.turned_at.desc(), alerts.c.id.desc())
            .limit(limit)
        )
        return [
            Unresolved(
                source=row["source"],
                name=row["name"],
                labels=row["labels"],
                has_service=row["service"] is not None,
                has_environment=row["environment"] is not None,
            )
            for row in self._connection.execute(statement).mappings()
        ]
