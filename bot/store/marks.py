"""Marks: small values under a name that must outlive a process."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, select

from bot.store.tables import marks
from knowledge.store.statements import insert_into


class SqlMarks:
    """The Marks port on one connection."""

    def __init__(self, connection: Connection, *, writing: bool) -> None:
        self._connection = connection
        self._writing = writing

    def get(self, key: str) -> Mapping[str, Any] | None:
        statement = select(marks.c.value).where(marks.c.key == key)
        if self._writing:
            statement = statement.with_for_update()
        value: Mapping[str, Any] | None = self._connection.execute(statement).scalar_one_or_none()
        return value

    def put(self, key: str, value: Mapping[str, Any], now: datetime) -> None:
        statement = insert_into(self._connection, marks).values(key=key, value=value, at=now)
        new = statement.excluded
        self._connection.execute(
            statement.on_conflict_do_update(
                index_elements=[marks.c.key], set_={"value": new.value, "at": new.at}
            )
        )

    def under(self, prefix: str) -> Mapping[str, Mapping[str, Any]]:
        statement = (
            select(marks.c.key, marks.c.value)
            .where(marks.c.key.startswith(prefix, autoescape=True))
            .order_by(marks.c.at, marks.c.key)
        )
        return {row.key: row.value for row in self._connection.execute(statement)}

    def remove(self, key: str) -> None:
        self._connection.execute(delete(marks).where(marks.c.key == key))
