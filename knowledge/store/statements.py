"""The few statements whose form differs between SQLite and PostgreSQL."""

from collections.abc import Iterator, Sequence
from typing import TypeVar

from sqlalchemy import Connection, Table, func, select
from sqlalchemy.dialects import postgresql, sqlite

Item = TypeVar("Item")

CHUNK = 500
"""Values a statement: far below SQLite's 32,766 variables, large enough to be one round trip."""

INDEX_LOG_LOCK = 0x5243_4C03
"""Advisory lock of everybody who appends to the index log (listed in bot.store.locks too)."""

CURATING_LOCK = 0x5243_4C11
"""Advisory lock of whoever publishes an edit: it compares with the newest version first."""


def chunks(items: Sequence[Item], size: int = CHUNK) -> Iterator[Sequence[Item]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]


def insert_into(connection: Connection, table: Table) -> sqlite.Insert | postgresql.Insert:
    """An INSERT that knows ON CONFLICT, in the connection's own dialect."""
    return insert_for(connection.dialect.name, table)


def insert_for(dialect: str, table: Table) -> sqlite.Insert | postgresql.Insert:
    """The same for a dialect by its name, for statements that are made once and kept."""
    return postgresql.insert(table) if dialect == "postgresql" else sqlite.insert(table)


def lock_until_commit(connection: Connection, lock_id: int) -> None:
    """Wait for an advisory lock that ends with the transaction.

    Does nothing on SQLite: there a writing transaction already holds the only writer's lock.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_advisory_xact_lock(lock_id)))
