"""What a database can say about its own health."""

from sqlalchemy import text

from bot.store.database import Database

_MOST_FAULTS = 5


def integrity_faults(database: Database) -> list[str]:
    """Faults that SQLite finds in its file, a few of them; PostgreSQL keeps watch itself."""
    if database.dialect != "sqlite":
        return []
    with database.reading() as connection:
        found = connection.execute(text(f"PRAGMA quick_check({_MOST_FAULTS})")).scalars().all()
    return [str(fault) for fault in found if fault != "ok"]


def description(database: Database) -> str:
    """Kind and version, and for SQLite how it keeps its journal."""
    with database.reading() as connection:
        if database.dialect == "sqlite":
            version = connection.execute(text("SELECT sqlite_version()")).scalar_one()
            journal = connection.execute(text("PRAGMA journal_mode")).scalar_one()
            return f"SQLite {version}, journal {journal}"
        version = connection.execute(text("SHOW server_version")).scalar_one()
        return f"PostgreSQL {version}"


def uses_wal(database: Database) -> bool:
    """Whether readers and the writer keep out of each other's way."""
    if database.dialect != "sqlite":
        return True
    with database.reading() as connection:
        journal = connection.execute(text("PRAGMA journal_mode")).scalar_one()
    return str(journal).lower() == "wal"


def try_to_write(database: Database) -> None:
    """Write something and take it back. Raises DatabaseBusy when nothing can be written."""
    with database.writing() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = version_num"))
        connection.rollback()
