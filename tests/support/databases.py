"""Migrated databases for tests, cheap enough for one a test.

`sqlite_database(folder, clock)` copies a file that was migrated once; `postgresql_database`
makes a database from a template on a server that starts when the first test asks for it.
Close what you got: both are context managers.
"""

import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from sqlalchemy import event

from bot.clock import Clock, SystemClock
from bot.store.database import Database
from tests.support import postgres

BUSY_TIMEOUT_SECONDS = 20.0
"""Long: many threads share two cores in the concurrency tests, and none may give up."""


@cache
def _sqlite_template() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "template.db"
        database = Database(f"sqlite:///{path}", clock=SystemClock())
        database.migrate()
        database.close()  # the last connection writes the log back: one file is all there is
        return path.read_bytes()


def sqlite_url(folder: Path) -> str:
    """The URL of a new migrated SQLite file `recall.db` in `folder`, for tests that start
    whole processes."""
    path = folder / "recall.db"
    path.write_bytes(_sqlite_template())
    return f"sqlite:///{path}"


def _unsynced(database: Database) -> Database:
    """Commits of this one do not wait for the disk: as on the tests' PostgreSQL, nothing here has
    to survive a crash of the machine. Databases of whole processes wait, as they always do."""

    def on_connect(connection: sqlite3.Connection, _record: object) -> None:
        connection.execute("PRAGMA synchronous = OFF")

    for engine in (database._engines.writer, database._engines.reader):
        event.listen(engine, "connect", on_connect)
    return database


@contextmanager
def sqlite_database(
    folder: Path, clock: Clock, busy_timeout_seconds: float = BUSY_TIMEOUT_SECONDS
) -> Iterator[Database]:
    opened = Database(sqlite_url(folder), clock=clock, busy_timeout_seconds=busy_timeout_seconds)
    database = _unsynced(opened)
    try:
        yield database
    finally:
        database.close()


@contextmanager
def postgresql_url(*, migrated: bool = True) -> Iterator[str]:
    """The URL of a new database, gone afterwards."""
    server = postgres.server()
    name = server.create(postgres.template() if migrated else None)
    try:
        yield server.url(name)
    finally:
        server.drop(name)


@contextmanager
def postgresql_database(
    clock: Clock, busy_timeout_seconds: float = BUSY_TIMEOUT_SECONDS
) -> Iterator[Database]:
    with postgresql_url() as url:
        database = Database(url, clock=clock, busy_timeout_seconds=busy_timeout_seconds)
        try:
            yield database
        finally:
            database.close()
