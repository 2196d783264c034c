"""The keys under which programs asked for actions."""

from datetime import datetime

from sqlalchemy import Connection, delete, select, update

from bot.actions.ports import Asked
from bot.store.action_tables import asked_keys
from knowledge.store.statements import insert_into


class SqlAskedKeys:
    """The AskedKeys port on one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def claim(self, actor: str, key: str, fingerprint: str, now: datetime) -> Asked | None:
        # Whoever comes second waits here for the first one's commit, and then finds its row.
        statement = (
            insert_into(self._connection, asked_keys)
            .values(actor=actor, key=key, fingerprint=fingerprint, at=now)
            .on_conflict_do_nothing()
            .returning(asked_keys.c.key)
        )
        if self._connection.execute(statement).first() is not None:
            return None
        found = select(asked_keys.c.request_id, asked_keys.c.fingerprint).where(
            asked_keys.c.actor == actor, asked_keys.c.key == key
        )
        row = self._connection.execute(found).one()
        return Asked(request_id=row[0], fingerprint=row[1])

    def settle(self, actor: str, key: str, request_id: int) -> None:
        mine = (asked_keys.c.actor == actor, asked_keys.c.key == key)
        self._connection.execute(update(asked_keys).where(*mine).values(request_id=request_id))

    def release(self, actor: str, key: str) -> None:
        mine = (asked_keys.c.actor == actor, asked_keys.c.key == key)
        self._connection.execute(delete(asked_keys).where(*mine))

    def purge(self, before: datetime) -> int:
        return self._connection.execute(delete(asked_keys).where(asked_keys.c.at < before)).rowcount
