"""Changes: the latest report of each deployment."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, and_, delete, func, or_, select, update
from sqlalchemy.sql.elements import ColumnElement

from bot.alerts.changes import Change, ChangeStatus, KnownChange, WantedChanges
from bot.store import tables
from knowledge.store.statements import insert_into

_WAS_IN_PLACE = (ChangeStatus.SUCCEEDED.value, ChangeStatus.INACTIVE.value)
_KEPT_BESIDE = ("seen_at", "began_at", "was_in_place")


def _change(row: RowMapping) -> Change:
    values = {name: value for name, value in row.items() if name not in _KEPT_BESIDE}
    return Change(**{**values, "status": ChangeStatus(row["status"])})


def _known(row: RowMapping) -> KnownChange:
    return KnownChange(
        change=_change(row),
        at=row["at"],
        began_at=row["began_at"] or row["at"],
        previous=row["previous"] or row["was_in_place"] or "",
    )


class SqlChanges:
    """The ChangeRepository port on one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def save(self, changes: Sequence[Change], seen_at: datetime) -> None:
        table = tables.changes
        newest: dict[str, Change] = {}
        began: dict[str, datetime] = {}
        for change in changes:
            at = change.at or seen_at
            known = newest.get(change.key)
            if known is None or at >= (known.at or seen_at):
                newest[change.key] = change
            began[change.key] = min(at, began.get(change.key, at))
        if not newest:
            return
        rows = [
            {
                **asdict(change),
                "status": change.status.value,
                "links": dict(change.links),
                "at": change.at or seen_at,
                "seen_at": seen_at,
                "began_at": began[change.key],
            }
            for change in newest.values()
        ]
        statement = insert_into(self._connection, table)
        new = statement.excluded
        kept: dict[str, ColumnElement[Any]] = {
            name: new[name] for name in rows[0] if name not in ("key", "began_at", "previous")
        }
        # A later report that does not say what was in place before takes nothing back.
        kept["previous"] = func.coalesce(func.nullif(new["previous"], ""), table.c.previous)
        self._connection.execute(
            statement.on_conflict_do_update(
                index_elements=[table.c.key], set_=kept, where=table.c.at <= new["at"]
            ),
            rows,
        )
        for key, at in began.items():
            # An older report that comes late is no news, but tells when it all began.
            self._connection.execute(
                update(table)
                .where(table.c.key == key, func.coalesce(table.c.began_at, table.c.at) > at)
                .values(began_at=at)
            )

    def recent(
        self, since: datetime, limit: int, *, service: str | None = None
    ) -> Sequence[Change]:
        table = tables.changes
        statement = (
            select(table)
            .where(table.c.at >= since)
            .order_by(table.c.at.desc(), table.c.key)
            .limit(limit)
        )
        if service is not None:
            statement = statement.where(table.c.service == service)
        return [_change(row) for row in self._connection.execute(statement).mappings()]

    def find(self, wanted: WantedChanges, limit: int) -> Sequence[KnownChange]:
        table = tables.changes
        statement = (
            select(table, _version_before())
            .where(*_conditions(wanted))
            .order_by(table.c.at.desc(), table.c.key)
            .limit(limit)
        )
        return [_known(row) for row in self._connection.execute(statement).mappings()]

    def purge(self, before: datetime, limit: int) -> int:
        table = tables.changes
        later = table.alias("later")
        was_followed = (
            select(later.c.key)
            .where(
                later.c.service == table.c.service,
                later.c.environment == table.c.environment,
                later.c.status.in_(_WAS_IN_PLACE),
                later.c.version != "",
                or_(
                    later.c.at > table.c.at,
                    and_(later.c.at == table.c.at, later.c.key > table.c.key),
                ),
            )
            .exists()
        )
        was_in_place = table.c.status.in_(_WAS_IN_PLACE) & (table.c.version != "")
        old = (
            select(table.c.key)
            .where(table.c.at < before, or_(~was_in_place, was_followed))
            .order_by(table.c.key)
            .limit(limit)
        )
        return self._connection.execute(delete(table).where(table.c.key.in_(old))).rowcount


def _version_before() -> ColumnElement[str | None]:
    """The version of the newest change of the same service and environment that was in place
    when the row's own began."""
    table = tables.changes
    earlier = table.alias("earlier")
    began = func.coalesce(earlier.c.began_at, earlier.c.at)
    return (
        select(earlier.c.version)
        .where(
            earlier.c.service == table.c.service,
            earlier.c.environment == table.c.environment,
            earlier.c.status.in_(_WAS_IN_PLACE),
            earlier.c.key != table.c.key,
            earlier.c.version != "",
            earlier.c.version != table.c.version,
            began < func.coalesce(table.c.began_at, table.c.at),
        )
        .order_by(began.desc(), earlier.c.key)
        .limit(1)
        .correlate(table)
        .scalar_subquery()
        .label("was_in_place")
    )


def _conditions(wanted: WantedChanges) -> list[ColumnElement[bool]]:
    table = tables.changes
    found: list[ColumnElement[bool]] = []
    if wanted.services:
        found.append(table.c.service.in_(wanted.services))
    if wanted.environments:
        found.append(func.lower(table.c.environment).in_(wanted.environments))
    if wanted.statuses:
        found.append(table.c.status.in_([status.value for status in wanted.statuses]))
    if wanted.since is not None:
        found.append(table.c.at >= wanted.since)
    if wanted.until is not None:
        found.append(func.coalesce(table.c.began_at, table.c.at) <= wanted.until)
    if wanted.before is not None:
        at, key = wanted.before
        found.append(or_(table.c.at < at, and_(table.c.at == at, table.c.key > key)))
    return found
