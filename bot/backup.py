"""Backup and restore: the whole database in one archive that either kind of database reads.

The search index is not in it; it is rebuilt from the database. Settings and secrets are not in
it either, but deliveries that wait in the inbox are, as they came in: keep the file as safe as
the database.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bot import __version__
from bot.archive import ArchiveReader, Manifest, new_archive
from bot.clock import Clock
from bot.errors import DataError
from bot.store import schema
from bot.store.database import Database
from bot.store.dump import TableDump
from bot.store.schema import SchemaState

Progress = Callable[[int], None]
"""Told how many tables are done."""


@dataclass(frozen=True, slots=True)
class BackupReport:
    """What was written or read: the schema's revision, and rows by table."""

    schema: str
    rows: dict[str, int]


def back_up(
    database: Database, target: Path, *, clock: Clock, progress: Progress | None = None
) -> BackupReport:
    """Write everything in `database` to the new file `target`; a server may go on working.

    All tables are read in one transaction, so the copy is of one moment. Raises DataError when
    there is nothing to copy or `target` exists or cannot be written, DatabaseBusy when the
    database cannot be read.
    """
    with new_archive(target) as archive:
        with database.reading() as connection:
            tables = TableDump(connection)
            revision = tables.revision()
            for done, name in enumerate(tables.table_names(), 1):
                columns = tables.columns(name)
                archive.add(name, columns, tables.rows(name, columns))
                if progress is not None:
                    progress(done)
            sequences = tables.sequences()
        manifest = Manifest(
            recall=__version__,
            made_at=clock.now().isoformat(),
            schema=revision,
            dialect=database.dialect,
            tables=archive.tables,
            sequences=sequences,
        )
        archive.finish(manifest, target)
    return _report(manifest)


def restore(source: Path, database: Database, *, progress: Progress | None = None) -> BackupReport:
    """Fill the empty `database` from the archive `source`, then bring its schema up to date.

    The archive is read and checked as a whole before anything is touched; the rows come in one
    transaction, so a failure leaves the database empty. Raises DataError for a damaged or
    crafted archive, one of a newer version, and a database that is not empty.
    """
    archive = ArchiveReader(source)
    manifest = archive.manifest
    if not schema.knows(manifest.schema):
        raise DataError(
            f"the backup was made by recall {manifest.recall}, whose schema {manifest.schema!r} "
            "is not known here; use that version or a newer one"
        )
    archive.verify()
    _prepare(database, manifest.schema)
    with database.writing() as connection:
        tables = TableDump(connection)
        if not tables.is_empty():
            raise DataError(_NOT_EMPTY)
        known = set(tables.table_names())
        for done, (entry, columns, rows) in enumerate(archive.tables(), 1):
            if entry.name not in known:
                raise DataError(f"the backup has an unknown table {entry.name!r}")
            tables.load(entry.name, columns, rows)
            if tables.count(entry.name) != entry.rows:
                raise DataError(f"table {entry.name} did not arrive complete")
            if progress is not None:
                progress(done)
        tables.check_references()
        tables.restore_sequences(manifest.sequences)
    database.migrate()
    return _report(manifest)


_NOT_EMPTY = "the database is not empty; a backup is restored into an empty one only"


def _prepare(database: Database, revision: str) -> None:
    """See to it that the empty database has the backup's own schema."""
    if database.schema_state() is SchemaState.EMPTY:
        database.migrate(revision)
        return
    with database.reading() as connection:
        tables = TableDump(connection)
        if not tables.is_empty():
            raise DataError(_NOT_EMPTY)
        if tables.revision() != revision:
            raise DataError(
                "the database is empty but has another schema than the backup; "
                "restore into a new one"
            )


def _report(manifest: Manifest) -> BackupReport:
    return BackupReport(manifest.schema, {entry.name: entry.rows for entry in manifest.tables})
