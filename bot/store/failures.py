"""From a driver's error to one of ours, with a sentence that says what to do.

Only conditions of the database itself are translated: locked, full, read-only, not reachable,
damaged, or another schema. A broken constraint or a wrong statement is our own mistake and
stays the error it is.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from bot.errors import DatabaseBusy, DataError, RecallError, SchemaMismatch

RETRY_AFTER_SECONDS = 2.0

_SQLITE_BUSY = {
    sqlite3.SQLITE_BUSY: "is locked by another process; this passes by itself, try again",
    sqlite3.SQLITE_LOCKED: "is locked by another connection; this passes by itself, try again",
    sqlite3.SQLITE_READONLY: "cannot be written: make the file and its folder writable for the "
    "user that runs recall",
    sqlite3.SQLITE_FULL: "cannot grow because the disk is full: free some space",
    sqlite3.SQLITE_CANTOPEN: "cannot be opened: check that the file exists (`recall migrate` "
    "makes it) and that its folder can be read and written",
    sqlite3.SQLITE_IOERR: "cannot be read or written: the disk reports an error or is full",
}
_SQLITE_DAMAGED = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})

_POSTGRES_BUSY = {
    "08": "cannot be reached: check that the server runs and that its address is right",
    "25006": "is read-only (a standby, perhaps): point recall at the primary server",
    "28": "refuses the login: check user and password in the database URL",
    "3D": "does not exist: create it, then run `recall migrate`",
    "40": "had to undo this because of another transaction; try again",
    "53100": "cannot grow because the disk is full: free some space",
    "53": "is out of resources (connections or memory): try again, or raise its limits",
    "55P03": "is locked by another transaction; this passes by itself, try again",
    "57": "is being stopped or started; try again",
    "58": "reports a system error of its machine: read the server's log",
}
"""By SQLSTATE, or by its class (the first two characters). The longest match wins."""
_POSTGRES_OTHER_SCHEMA = frozenset({"42P01", "42703", "3F000"})

_OTHER_SCHEMA = (
    "{name} does not have the tables that this program needs: run `recall migrate`, or use the "
    "version of recall that the database was made for"
)


def _translate_sqlite(error: sqlite3.Error, name: str) -> RecallError | None:
    code = getattr(error, "sqlite_errorcode", None)
    if code is None:
        return None
    primary = code & 0xFF  # extended codes carry the primary one in their lowest byte
    if sentence := _SQLITE_BUSY.get(primary):
        return DatabaseBusy(f"{name} {sentence}.", retry_after=RETRY_AFTER_SECONDS)
    if primary in _SQLITE_DAMAGED:
        return DataError(f"{name} is damaged or not a database: restore it from a backup.")
    if str(error).startswith(("no such table", "no such column")):
        return SchemaMismatch(_OTHER_SCHEMA.format(name=name) + ".")
    return None


def _translate_postgres(error: DBAPIError, name: str) -> RecallError | None:
    state: str | None = getattr(error.orig, "sqlstate", None)
    if state is None:
        # psycopg gives no SQLSTATE when there was no server to give one
        if error.connection_invalidated or type(error.orig).__name__ in (
            "OperationalError",
            "ConnectionTimeout",
            "InterfaceError",
        ):
            return DatabaseBusy(f"{name} {_POSTGRES_BUSY['08']}.", retry_after=RETRY_AFTER_SECONDS)
        return None
    if state in _POSTGRES_OTHER_SCHEMA:
        return SchemaMismatch(_OTHER_SCHEMA.format(name=name) + ".")
    sentence = _POSTGRES_BUSY.get(state) or _POSTGRES_BUSY.get(state[:2])
    if sentence is None:
        return None
    return DatabaseBusy(f"{name} {sentence}.", retry_after=RETRY_AFTER_SECONDS)


@contextmanager
def translated(name: str) -> Iterator[None]:
    """Raise DatabaseBusy, SchemaMismatch or DataError for what the driver reports inside.

    `name` is what the sentence calls the database; it must hold no password.
    """
    try:
        yield
    except PoolTimeout as error:
        raise DatabaseBusy(
            f"{name} is busy: all of this process's connections are in use; try again.",
            retry_after=RETRY_AFTER_SECONDS,
        ) from error
    except DBAPIError as error:
        if isinstance(error.orig, sqlite3.Error):
            ours = _translate_sqlite(error.orig, name)
        else:
            ours = _translate_postgres(error, name)
        if ours is None:
            raise
        raise ours from error
