"""Migrations on both databases: they lead exactly to the tables that the code works with."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import text

from bot.clock import ManualClock
from bot.errors import SchemaMismatch
from bot.store import schema
from bot.store.database import Database
from bot.store.schema import SchemaState
from bot.store.tables import metadata as bot_tables
from knowledge.store.tables import metadata as knowledge_tables
from tests.support.databases import postgresql_url
from tests.support.together import together


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a database without any table."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'new folder' / 'recall.db'}"
        return
    with postgresql_url(migrated=False) as made:
        yield made


@pytest.fixture
def empty(url: str, clock: ManualClock) -> Iterator[Database]:
    database = Database(url, clock=clock)
    yield database
    database.close()


def test_migrations_lead_to_the_tables_of_the_code(database: Database) -> None:
    with database.writing() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, [bot_tables, knowledge_tables]) == []


def test_migrations_can_be_undone(database: Database) -> None:
    with database.writing() as connection:
        command.downgrade(schema.alembic_config(connection), "base")
        assert schema.schema_state(connection) is SchemaState.EMPTY
    database.migrate()
    assert database.schema_state() == "current"


def test_an_empty_database_says_so_until_it_is_migrated(empty: Database) -> None:
    assert empty.schema_state() == "empty"
    with pytest.raises(SchemaMismatch, match="recall migrate"):
        empty.require_current_schema()
    empty.migrate()
    assert empty.schema_state() == "current"
    empty.require_current_schema()
    empty.migrate()
    assert empty.schema_state() == "current"


def test_eight_processes_that_start_at_once_migrate_it_once(url: str, clock: ManualClock) -> None:
    def start(_: int) -> str:
        database = Database(url, clock=clock)
        database.migrate()
        state = database.schema_state()
        database.close()
        return state

    assert together(8, start) == ["current"] * 8


def test_an_older_schema_is_told_and_brought_up_to_date(empty: Database) -> None:
    empty.migrate()
    with empty.writing() as connection:
        command.downgrade(schema.alembic_config(connection), "0001")
    assert empty.schema_state() == "older"
    with pytest.raises(SchemaMismatch, match="recall migrate"):
        empty.require_current_schema()
    with pytest.raises(SchemaMismatch, match="recall migrate"), empty.read() as unit:
        unit.inbox.counts()
    empty.migrate()
    assert empty.schema_state() == "current"


def test_a_newer_schema_is_left_alone(empty: Database) -> None:
    empty.migrate()
    with empty.writing() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    assert empty.schema_state() == "newer"
    with pytest.raises(SchemaMismatch, match="newer version"):
        empty.require_current_schema()
    with pytest.raises(SchemaMismatch, match="newer version"):
        empty.migrate()
    assert empty.schema_state() == "newer"


def test_a_migration_that_fails_leaves_nothing_behind(empty: Database) -> None:
    empty.migrate()
    with empty.writing() as connection:
        command.downgrade(schema.alembic_config(connection), "base")
        # the second migration will meet a table that is there already
        connection.execute(text("CREATE TABLE outbox (x INTEGER)"))
    with pytest.raises(Exception, match="already exists"):
        empty.migrate()
    assert empty.schema_state() == "empty"
    with pytest.raises(SchemaMismatch), empty.reading() as connection:
        connection.execute(text("SELECT * FROM documents"))
