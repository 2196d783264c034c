"""The whole database as plain rows, in a form that both databases read back the same.

Used by backup and restore. Values keep their meaning, not their driver's form: moments as
ISO 8601 in UTC, bytes as base64, JSON as JSON.
"""

import base64
import binascii
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import Any

from alembic.runtime.migration import MigrationContext
from sqlalchemy import (
    Column,
    Connection,
    LargeBinary,
    Table,
    func,
    insert,
    inspect,
    select,
    text,
)

from bot.errors import DataError
from bot.store import action_tables  # its metadata holds every table of bot
from bot.store.console_tables import console_passes, personal_tokens
from bot.store.tables import marks
from knowledge.store import tables as remembering
from knowledge.store.columns import UtcDateTime

_ROWS_A_STATEMENT = 200
_FETCH = 500


_TABLES: Mapping[str, Table] = {
    table.name: table
    for metadata in (remembering.metadata, action_tables.metadata)
    for table in metadata.sorted_tables
    # Marks tell when this installation was last there, a pass opens this console, a token asks
    # here: another installation must not take them over, and a backup is no place for what lets
    # people in.
    if table.name not in (marks.name, console_passes.name, personal_tokens.name)
}


class TableDump:
    """Reads and fills all tables on one connection, inside the transaction it is in."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def revision(self) -> str:
        """The schema's revision. Raises DataError when the database has no schema."""
        found = MigrationContext.configure(self._connection).get_current_revision()
        if found is None:
            raise DataError("the database is empty; there is nothing to back up")
        return found

    def table_names(self) -> tuple[str, ...]:
        """Every table of ours that exists, parents before children."""
        present = set(inspect(self._connection).get_table_names())
        return tuple(name for name in _TABLES if name in present)

    def is_empty(self) -> bool:
        return not any(
            self._connection.execute(select(1).select_from(_TABLES[name]).limit(1)).first()
            for name in self.table_names()
        )

    def count(self, name: str) -> int:
        statement = select(func.count()).select_from(_TABLES[name])
        return self._connection.execute(statement).scalar_one()

    def columns(self, name: str) -> tuple[str, ...]:
        """The columns of `name` that exist in this database, in the order of the model."""
        present = {column["name"] for column in inspect(self._connection).get_columns(name)}
        return tuple(column.name for column in _TABLES[name].columns if column.name in present)

    def rows(self, name: str, names: Sequence[str]) -> Iterator[list[Any]]:
        """All rows as JSON values, by primary key: equal content gives equal bytes."""
        table = _TABLES[name]
        wanted = [table.c[column] for column in names]
        statement = select(*wanted).order_by(*table.primary_key.columns)
        for row in self._connection.execute(statement.execution_options(yield_per=_FETCH)):
            yield [_to_json(value) for value in row]

    def load(self, name: str, names: Sequence[str], values: Iterable[Sequence[Any]]) -> int:
        """Insert rows made by `rows`; how many there were.

        Raises DataError for an unknown column and for a value that its column cannot hold.
        """
        table = _TABLES[name]
        unknown = sorted(set(names) - set(self.columns(name)))
        if unknown:
            raise DataError(f"the backup's table {name} has an unknown column {unknown[0]!r}")
        wanted = [table.c[column] for column in names]
        source, total = iter(values), 0
        while batch := list(islice(source, _ROWS_A_STATEMENT)):
            self._connection.execute(insert(table), [_row(name, wanted, row) for row in batch])
            total += len(batch)
        return total

    def sequences(self) -> dict[str, int]:
        """The highest id that each numbered table ever gave out, gone rows included."""
        found: dict[str, int] = {}
        for name, column in self._numbered():
            highest = self._connection.execute(select(func.max(column))).scalar_one() or 0
            found[name] = max(highest, self._given_out(name, column.name))
        return found

    def restore_sequences(self, wanted: Mapping[str, int]) -> None:
        """See to it that no id is ever given out twice; call after the rows are there."""
        for name, column in self._numbered():
            highest = self._connection.execute(select(func.max(column))).scalar_one() or 0
            last = max(highest, wanted.get(name, 0))
            if last <= 0:
                continue
            if self._connection.dialect.name == "postgresql":
                self._connection.execute(
                    text("SELECT setval(pg_get_serial_sequence(:name, :column), :last)"),
                    {"name": name, "column": column.name, "last": last},
                )
            elif _TABLES[name].dialect_options["sqlite"]["autoincrement"]:
                values = {"name": name, "last": last}
                self._connection.execute(
                    text("DELETE FROM sqlite_sequence WHERE name = :name"), values
                )
                self._connection.execute(
                    text("INSERT INTO sqlite_sequence (name, seq) VALUES (:name, :last)"), values
                )

    def check_references(self) -> None:
        """DataError when a row points at one that is not there; PostgreSQL checks that itself."""
        if self._connection.dialect.name == "sqlite":
            broken = self._connection.execute(text("PRAGMA foreign_key_check")).first()
            if broken is not None:
                raise DataError(f"a row of table {broken[0]} points at one that is not there")

    def _numbered(self) -> Iterator[tuple[str, Column[Any]]]:
        """Tables whose ids the database counts up, with that column."""
        for name in self.table_names():
            table = _TABLES[name]
            if table.autoincrement_column is not None:
                yield name, table.autoincrement_column

    def _given_out(self, name: str, column: str) -> int:
        if self._connection.dialect.name == "postgresql":
            sequence = self._connection.execute(
                text("SELECT pg_get_serial_sequence(:name, :column)"),
                {"name": name, "column": column},
            ).scalar_one()
            last = self._connection.execute(
                text("SELECT pg_sequence_last_value(CAST(:sequence AS regclass))"),
                {"sequence": sequence},
            ).scalar_one()
            return int(last or 0)
        if not _TABLES[name].dialect_options["sqlite"]["autoincrement"]:
            return 0
        last = self._connection.execute(
            text("SELECT seq FROM sqlite_sequence WHERE name = :name"), {"name": name}
        ).scalar_one_or_none()
        return int(last or 0)


def _to_json(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, bytes | memoryview):
        return base64.b64encode(bytes(value)).decode("ascii")
    return value


def _row(name: str, wanted: Sequence[Column[Any]], row: Sequence[Any]) -> dict[str, Any]:
    if not isinstance(row, list) or len(row) != len(wanted):
        raise DataError(f"a row of table {name} in the backup has the wrong number of values")
    try:
        return {
            column.name: _from_json(column, value)
            for column, value in zip(wanted, row, strict=True)
        }
    except (ValueError, TypeError, binascii.Error) as error:
        raise DataError(f"a row of table {name} in the backup has a wrong value") from error


def _from_json(column: Column[Any], value: Any) -> Any:
    if value is None:
        return None
    if isinstance(column.type, UtcDateTime):
        return datetime.fromisoformat(value)
    if isinstance(column.type, LargeBinary):
        return base64.b64decode(value, validate=True)
    return value
