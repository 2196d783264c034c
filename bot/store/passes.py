"""Passes to the console: one-time links, sessions, and sign-ins that were started."""

from datetime import datetime

from sqlalchemy import Connection, RowMapping, delete, insert, select

from bot.people.model import Actor, Role
from bot.people.sessions import Pass, PassKind
from bot.store.console_tables import console_passes


class SqlPasses:
    """The PassRepository port on one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def keep(self, digest: str, given: Pass) -> None:
        self._connection.execute(
            insert(console_passes).values(
                digest=digest,
                kind=given.kind.value,
                team_id=given.actor.team_id,
                user_id=given.actor.user_id,
                name=given.name,
                role=given.role.value,
                guard=given.guard,
                made_at=given.made_at,
                expires_at=given.expires_at,
                data=dict(given.data),
            )
        )

    def find(self, digest: str, kind: PassKind, now: datetime) -> Pass | None:
        table = console_passes
        statement = select(table).where(
            table.c.digest == digest, table.c.kind == kind.value, table.c.expires_at > now
        )
        row = self._connection.execute(statement).mappings().first()
        return None if row is None else _pass(row)

    def use_up(self, digest: str, kind: PassKind, now: datetime) -> Pass | None:
        table = console_passes
        statement = (
            delete(table)
            .where(table.c.digest == digest, table.c.kind == kind.value)
            .returning(*table.c)
        )
        row = self._connection.execute(statement).mappings().first()
        return None if row is None or row["expires_at"] <= now else _pass(row)

    def purge(self, now: datetime) -> int:
        table = console_passes
        return self._connection.execute(delete(table).where(table.c.expires_at <= now)).rowcount


def _pass(row: RowMapping) -> Pass:
    return Pass(
        kind=PassKind(row["kind"]),
        actor=Actor(team_id=row["team_id"], user_id=row["user_id"]),
        name=row["name"],
        role=Role(row["role"]),
        guard=row["guard"],
        made_at=row["made_at"],
        expires_at=row["expires_at"],
        data=row["data"],
    )
