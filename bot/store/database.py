"""Database: opens units of work, migrates the schema, and says how things stand."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, func, select, text

from bot.clock import Clock
from bot.errors import DatabaseBusy, SchemaMismatch
from bot.store import schema
from bot.store.engines import display_name, make_engines, parse_url, sqlite_path
from bot.store.failures import translated
from bot.store.locks import Lock
from bot.store.schema import SchemaState
from bot.store.uow import SqlUnitOfWork
from bot.uow import UnitOfWork
from knowledge.store.knowledge import KnowledgeStore

BUSY_TIMEOUT_SECONDS = 5.0
MIGRATE_WAIT_SECONDS = 60.0
"""How long a second process waits for the one that migrates."""


class Database:
    """One database by URL (`sqlite:///FILE` or `postgresql://...`); the UnitOfWorkFactory port.

    Connects on first use. Safe to use from several threads. Units do not nest: on SQLite a
    second `begin()` inside a first one of the same process waits for it, and gives up.
    SettingsError on a URL that cannot be used.
    """

    def __init__(
        self, url: str, *, clock: Clock, busy_timeout_seconds: float = BUSY_TIMEOUT_SECONDS
    ) -> None:
        self._url = parse_url(url)
        self._clock = clock
        self._name = display_name(self._url)
        self._engines = make_engines(self._url, busy_timeout=busy_timeout_seconds)

    @property
    def dialect(self) -> str:
        """`sqlite` or `postgresql`."""
        return self._url.get_backend_name()

    @property
    def url(self) -> str:
        """What it was opened with, password included: for opening it again, never to be shown."""
        return self._url.render_as_string(hide_password=False)

    @property
    def name(self) -> str:
        """What to call it when talking to people; no secrets in it."""
        return self._name

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A connection in a transaction that may write; commits on leaving without an error."""
        with translated(self._name), self._engines.writer.begin() as connection:
            yield connection

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection that sees one moment and refuses to write."""
        with translated(self._name), self._engines.reader.begin() as connection:
            yield connection

    @contextmanager
    def begin(self) -> Iterator[UnitOfWork]:
        with self.writing() as connection:
            yield SqlUnitOfWork(connection, self._clock, writing=True)

    @contextmanager
    def read(self) -> Iterator[UnitOfWork]:
        with self.reading() as connection:
            yield SqlUnitOfWork(connection, self._clock, writing=False)

    def knowledge_source(self) -> KnowledgeStore:
        """The knowledge outside of any unit of work; each call is its own transaction."""
        return KnowledgeStore(read=self.reading, write=self.writing)

    def ping(self) -> None:
        """DatabaseBusy when the database cannot even be read now."""
        with self.reading() as connection:
            connection.execute(select(1))

    def schema_state(self) -> SchemaState:
        path = sqlite_path(self._url)
        if path is not None and not path.exists():
            return SchemaState.EMPTY
        with self.reading() as connection:
            return schema.schema_state(connection)

    def require_current_schema(self) -> None:
        """SchemaMismatch unless the schema is exactly the one this program works with."""
        state = self.schema_state()
        if state is SchemaState.NEWER:
            raise SchemaMismatch(
                f"{self._name} was migrated by a newer version of recall: use that version."
            )
        if state is not SchemaState.CURRENT:
            raise SchemaMismatch(f"{self._name} is not up to date: run `recall migrate`.")

    def migrate(self, revision: str = "head") -> None:
        """Bring the schema up to `revision`; makes the SQLite file and its folder if need be.

        One process at a time does it, others wait for it. SchemaMismatch when the schema is
        newer than this program; nothing is changed then.
        """
        path = sqlite_path(self._url)
        if path is not None:
            self._create_file(path)
        engines = make_engines(self._url, busy_timeout=MIGRATE_WAIT_SECONDS, switch_to_wal=True)
        try:
            with translated(self._name), engines.writer.begin() as connection:
                self._migrate(connection, revision)
        finally:
            engines.dispose()

    def _migrate(self, connection: Connection, revision: str) -> None:
        if self.dialect == "postgresql":
            # waiting for a long migration is right here, unlike for everyday locks
            connection.execute(text("SET LOCAL lock_timeout = 0"))
            connection.execute(select(func.pg_advisory_xact_lock(Lock.MIGRATE)))
        if schema.schema_state(connection) is SchemaState.NEWER:
            raise SchemaMismatch(
                f"{self._name} was migrated by a newer version of recall: use that version."
            )
        schema.upgrade(connection, revision)

    def _create_file(self, path: Path) -> None:
        """Readable by its owner alone: the inbox holds what senders put into alerts."""
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        except OSError as error:
            raise DatabaseBusy(
                f"{self._name} cannot be made ({error.strerror}): make its folder writable for "
                "the user that runs recall, or choose another one."
            ) from error

    def close(self) -> None:
        self._engines.dispose()
