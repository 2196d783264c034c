"""SQLAlchemy engines, set up so that both databases keep the same promises.

SQLite: one connection that writes (its transactions begin IMMEDIATE, so a unit either has the
writer's lock from its first statement or fails before it did anything) and several that only
read. The single writing connection is also a fair queue between the threads of one process, and
`turns` makes one between processes.
PostgreSQL: one pool; reading units are REPEATABLE READ and READ ONLY.
"""

import json
import sqlite3
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.pool import QueuePool

from bot.errors import SettingsError
from bot.store.turns import POLL_SECONDS, Turns

SQLITE_READERS = 32
POSTGRES_POOL = 10
POSTGRES_OVERFLOW = 20
CONNECT_TIMEOUT_SECONDS = 5


@dataclass(frozen=True, slots=True)
class Engines:
    """`writer` and `reader` of one database; the same engine may be behind both."""

    writer: Engine
    reader: Engine

    def dispose(self) -> None:
        self.writer.dispose()
        self.reader.dispose()


def parse_url(url: str) -> URL:
    """`url` with the driver Recall uses. SettingsError when it is no URL we can work with."""
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise SettingsError(["the database URL cannot be read: use sqlite:///FILE"]) from error
    backend = parsed.drivername.partition("+")[0]
    if backend == "sqlite":
        if parsed.database in (None, "", ":memory:"):
            raise SettingsError(
                ["the database URL names no file: SQLite in memory cannot be shared by processes"]
            )
        return parsed.set(drivername="sqlite+pysqlite")
    if backend in ("postgres", "postgresql"):
        return parsed.set(drivername="postgresql+psycopg")
    raise SettingsError(
        [f"the database URL begins with {backend}://; Recall knows sqlite:/// and postgresql://"]
    )


def sqlite_path(url: URL) -> Path | None:
    """The database's file; None when it is not SQLite."""
    if url.get_backend_name() != "sqlite" or url.database is None:
        return None
    return Path(url.database)


def display_name(url: URL) -> str:
    """What messages call the database; without user and password."""
    path = sqlite_path(url)
    if path is not None:
        return f"The database {path}"
    where = f"{url.host}:{url.port}" if url.port else url.host or "this machine"
    return f"The PostgreSQL database {url.database} on {where}"


def _dump_json(value: Any) -> str:
    """NaN and infinities are no JSON: ValueError, on both databases alike."""
    return json.dumps(value, allow_nan=False, separators=(",", ":"))


def _switch_to_wal(connection: sqlite3.Connection, patience: float) -> None:
    """Let readers and the writer not wait for each other; the file remembers it.

    SQLite refuses this switch at once, without its usual wait, while another process opens
    the same new file, so the wait (up to `patience` seconds) is here.
    """
    deadline = time.monotonic() + patience
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            busy = error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY
            if not busy or time.monotonic() > deadline:
                raise
            time.sleep(0.02)
        else:
            return


def _sqlite_engine(
    url: URL, *, begin: str, busy_timeout: float, connections: int, switch_to_wal: bool = False
) -> Engine:
    path = sqlite_path(url)
    assert path is not None
    mode = str(url.query.get("mode", "rw"))
    address = f"file:{quote(str(path.absolute()))}?mode={quote(mode)}"
    reads_only = begin == "BEGIN"

    def connect() -> sqlite3.Connection:
        connection = sqlite3.connect(
            address, uri=True, timeout=busy_timeout, isolation_level=None, check_same_thread=False
        )
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA synchronous = FULL")
        if switch_to_wal:
            _switch_to_wal(connection, patience=busy_timeout)
        if reads_only:
            connection.execute("PRAGMA query_only = ON")
        return connection

    turns = None if reads_only else Turns(path, patience=busy_timeout)
    engine = create_engine(
        url.set(query={}),
        creator=connect,
        poolclass=QueuePool,
        pool_size=connections,
        max_overflow=0,
        pool_timeout=busy_timeout,
        json_serializer=_dump_json,
    )

    def let_turns_go(_: Engine) -> None:
        if turns is not None:
            turns.close()

    event.listen(engine, "engine_disposed", let_turns_go)

    def begin_transaction(connection: Connection) -> None:
        if turns is None:
            connection.exec_driver_sql(begin)
            return
        with turns.waited():
            deadline = time.monotonic() + busy_timeout
            while not _has_begun(connection, begin):
                if time.monotonic() > deadline:
                    connection.exec_driver_sql(begin)  # raises as any other statement would
                    return
                time.sleep(POLL_SECONDS)

    event.listen(engine, "begin", begin_transaction)
    return engine


def _has_begun(connection: Connection, begin: str) -> bool:
    """Try once. SQLite's own waiting sleeps up to 100 ms between two looks, and would miss the
    short moment in which the lock is free."""
    raw = connection.connection.dbapi_connection
    assert isinstance(raw, sqlite3.Connection)
    patience = raw.execute("PRAGMA busy_timeout").fetchone()[0]
    raw.execute("PRAGMA busy_timeout = 0")
    try:
        raw.execute(begin)
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
            connection.exec_driver_sql(begin)  # whatever it is: raised as any other error is
        return False
    finally:
        raw.execute(f"PRAGMA busy_timeout = {int(patience)}")
    return True


def _postgres_engine(url: URL, busy_timeout: float) -> Engine:
    return create_engine(
        url,
        pool_size=POSTGRES_POOL,
        max_overflow=POSTGRES_OVERFLOW,
        pool_timeout=busy_timeout,
        pool_pre_ping=True,
        json_serializer=_dump_json,
        connect_args={
            "connect_timeout": CONNECT_TIMEOUT_SECONDS,
            "application_name": "recall",
            "options": f"-c lock_timeout={int(busy_timeout * 1000)} -c timezone=UTC",
        },
    )


def make_engines(url: URL, *, busy_timeout: float, switch_to_wal: bool = False) -> Engines:
    """Engines for `url` (from `parse_url`). Connects to nothing yet.

    `busy_timeout` is how many seconds a transaction waits for a lock before it gives up.
    `switch_to_wal` makes the writer set SQLite's journal mode, which needs the file to itself.
    """
    if url.get_backend_name() == "sqlite":
        return Engines(
            writer=_sqlite_engine(
                url,
                begin="BEGIN IMMEDIATE",
                busy_timeout=busy_timeout,
                connections=1,
                switch_to_wal=switch_to_wal,
            ),
            reader=_sqlite_engine(
                url, begin="BEGIN", busy_timeout=busy_timeout, connections=SQLITE_READERS
            ),
        )
    engine = _postgres_engine(url, busy_timeout)
    reader = engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
    return Engines(writer=engine, reader=reader)
