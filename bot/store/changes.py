"""Changes: the latest report of each deployment."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime

from sqlalchemy import Connection, RowMapping, select

from bot.alerts.changes import Change, ChangeStatus
from bot.store import tables
from knowledge.store.statements import insert_into


def _change(row: RowMapping) -> Change:
    values = {**row, "status": ChangeStatus(row["status"])}
    del values["seen_at"]
    return Change(**values)


class SqlChanges:
    """The ChangeRepository port on one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def save(self, changes: Sequence[Change], seen_at: datetime) -> None:
        table = tables.changes
        newest: dict[str, Change] = {}
        for change in changes:
            known = newest.get(change.key)
            if known is None or (change.at or seen_at) >= (known.at or seen_at):
                newest[change.key] = change
        if not newest:
            return
        rows = [
            {
                **asdict(change),
                "status": change.status.value,
                "links": dict(change.links),
                "at": change.at or seen_at,
                "seen_at": seen_at,
            }
            for change in newest.values()
        ]
        statement = insert_into(self._connection, table)
        self._connection.execute(
            statement.on_conflict_do_update(
                index_elements=[table.c.key],
                set_={name: statement.excluded[name] for name in rows[0] if name != "key"},
                where=table.c.at <= statement.excluded["at"],
            ),
            rows,
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
