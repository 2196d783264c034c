"""What the alerts of incidents show, one trace for each kind of them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, cast

from sqlalchemy import Connection, RowMapping, Select, and_, case, func, or_, select

from bot.alerts.model import FROM_POSTS, AlertStatus
from bot.incidents.telling import telling
from bot.incidents.traces import Trace, namespace_of, node_of, words_of
from bot.store.tables import alerts
from knowledge.store.statements import chunks

_KIND = (alerts.c.incident_id, alerts.c.name, alerts.c.service)
_SHOWN = (*_KIND, alerts.c.source, alerts.c.summary, alerts.c.labels)


def traces(
    connection: Connection, incident_ids: Sequence[int], since: datetime
) -> list[tuple[int, Trace]]:
    """See the AlertRepository port."""
    rank = func.row_number().over(
        partition_by=_KIND, order_by=(alerts.c.last_seen_at.desc(), alerts.c.id.desc())
    )
    times = (alerts.c.first_seen_at, alerts.c.starts_at, alerts.c.last_seen_at)
    found: list[tuple[int, Trace]] = []
    for some in chunks(sorted(incident_ids)):
        ranked = select(*_SHOWN, *times, rank.label("rank")).where(
            alerts.c.incident_id.in_(some),
            alerts.c.status == AlertStatus.FIRING.value,
            alerts.c.last_seen_at >= since,
            alerts.c.flapping_since.is_(None),
        )
        found += [
            (row["incident_id"], _trace(row, _began(row))) for row in _first(connection, ranked)
        ]
    return found


def beginnings(
    connection: Connection, incident_ids: Sequence[int], since: datetime
) -> list[tuple[int, Trace]]:
    """See the AlertRepository port."""
    is_new = alerts.c.first_seen_at >= since
    is_back = and_(alerts.c.status == AlertStatus.FIRING.value, alerts.c.turned_at >= since)
    began = case((is_new, alerts.c.first_seen_at), else_=alerts.c.turned_at)
    rank = func.row_number().over(partition_by=_KIND, order_by=(began, alerts.c.id))
    found: list[tuple[int, Trace]] = []
    for some in chunks(sorted(incident_ids)):
        ranked = select(*_SHOWN, began.label("began"), rank.label("rank")).where(
            alerts.c.incident_id.in_(some), or_(is_new, is_back)
        )
        found += [
            (row["incident_id"], _trace(row, row["began"])) for row in _first(connection, ranked)
        ]
    return found


def _first(connection: Connection, ranked: Select[Any]) -> list[RowMapping]:
    rows = ranked.subquery()
    return list(connection.execute(select(rows).where(rows.c.rank == 1)).mappings())


def _trace(row: RowMapping, at: datetime) -> Trace:
    return Trace(
        name=row["name"],
        service=row["service"],
        at=at,
        node=node_of(row["labels"]),
        namespace=namespace_of(row["labels"]),
        words=words_of(row["name"], row["summary"]),
        is_post=row["source"] == FROM_POSTS,
        telling=telling(row["name"]),
    )


def _began(row: RowMapping) -> datetime:
    """When the alert began to fire, between when it was first and last heard of: a repeat is no
    sign that the problem spreads, and senders' clocks are off."""
    if row["starts_at"] is None:
        return cast("datetime", row["last_seen_at"])
    return cast("datetime", max(row["first_seen_at"], min(row["starts_at"], row["last_seen_at"])))
