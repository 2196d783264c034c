"""A database that cannot be used: what is raised, and what people are told to do."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event, text
from sqlalchemy.exc import IntegrityError

from bot.clock import ManualClock
from bot.errors import DatabaseBusy, DataError, SchemaMismatch, SettingsError
from bot.jobs.ports import InboxItem, InboxKind
from bot.store.database import Database
from tests.support.databases import sqlite_database, sqlite_url
from tests.support.together import together

CLOCK = ManualClock()


def delivery(name: str, size: int = 2) -> InboxItem:
    return InboxItem(
        id=name,
        kind=InboxKind.ALERT,
        source="generic",
        body=b"x" * size,
        content_type="application/json",
        received_at=CLOCK.now(),
    )


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with sqlite_database(tmp_path, CLOCK, busy_timeout_seconds=0.1) as opened:
        yield opened


def write(database: Database, size: int = 2) -> None:
    with database.begin() as unit:
        unit.inbox.add_many([delivery(str(size), size)])


def test_a_lock_that_another_process_holds_is_waited_for_and_then_told(
    database: Database, tmp_path: Path
) -> None:
    other = sqlite3.connect(tmp_path / "recall.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(DatabaseBusy, match=r"recall\.db is locked.*try again") as caught:
        write(database)
    assert caught.value.retry_after is not None
    with database.read() as unit:
        assert unit.inbox.counts()["pending"] == 0, "reading goes on"
    other.execute("ROLLBACK")
    other.close()
    write(database)


def test_a_thread_that_writes_too_long_makes_the_next_one_give_up(database: Database) -> None:
    with database.begin(), pytest.raises(DatabaseBusy, match="busy"):
        write(database)
    write(database)


def test_a_read_only_database_is_read_but_not_written(tmp_path: Path) -> None:
    database = Database(f"{sqlite_url(tmp_path)}?mode=ro", clock=CLOCK)
    with database.read() as unit:
        assert unit.inbox.counts()["pending"] == 0
    with pytest.raises(DatabaseBusy, match="writable"):
        write(database)
    database.close()


@pytest.fixture
def nearly_full() -> Iterator[None]:
    """SQLite stops growing at 80 pages, which is what a full disk looks like to it."""

    def limit(connection: sqlite3.Connection, record: Any) -> None:
        connection.execute("PRAGMA max_page_count = 80")

    event.listen(Engine, "connect", limit)
    yield
    event.remove(Engine, "connect", limit)


@pytest.mark.usefixtures("nearly_full")
def test_a_full_disk_is_told_and_loses_nothing(database: Database) -> None:
    write(database)
    with pytest.raises(DatabaseBusy, match="disk is full: free some space"):
        write(database, size=1_000_000)
    with database.read() as unit:
        assert [each.id for each in unit.inbox.list(None, 9)] == ["2"]


def test_a_missing_file_is_told_and_not_made_by_the_way(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'gone.db'}", clock=CLOCK)
    with pytest.raises(DatabaseBusy, match=r"cannot be opened.*recall migrate"):
        write(database)
    with pytest.raises(DatabaseBusy, match="cannot be opened"):
        database.ping()
    assert database.schema_state() == "empty"
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    database = Database(f"sqlite:///{tmp_path / 'file' / 'recall.db'}", clock=CLOCK)
    with pytest.raises(DatabaseBusy, match=r"cannot be made.*folder"):
        database.migrate()


def test_a_new_database_is_its_owners_alone(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "odd name?#%41.db"
    database = Database(f"sqlite:///{path}".replace("?", "%3F"), clock=CLOCK)
    database.migrate()
    database.close()
    (made,) = path.parent.iterdir()
    assert made.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("damage", ["not a database at all" * 500, "\0" * 4096])
def test_a_damaged_file_is_no_passing_trouble(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "recall.db"
    path.write_text(damage)
    database = Database(f"sqlite:///{path}", clock=CLOCK)
    with pytest.raises(DataError, match="restore"):
        write(database)


def test_a_database_that_was_never_migrated_is_told(tmp_path: Path) -> None:
    (tmp_path / "recall.db").touch()
    database = Database(f"sqlite:///{tmp_path / 'recall.db'}", clock=CLOCK)
    with pytest.raises(SchemaMismatch, match="recall migrate"):
        write(database)
    assert database.schema_state() == "empty"


def test_our_own_mistakes_are_not_hidden(database: Database) -> None:
    with pytest.raises(IntegrityError), database.writing() as connection:
        connection.execute(text("INSERT INTO vectors (space_id) VALUES (NULL)"))


def test_writers_of_one_process_queue_up_instead_of_failing(tmp_path: Path) -> None:
    with sqlite_database(tmp_path, CLOCK) as database:

        def add(number: int) -> None:
            with database.begin() as unit:
                unit.inbox.add_many([delivery(str(number))])

        together(16, add)
        with database.read() as unit:
            assert unit.inbox.counts()["pending"] == 16


def test_a_server_that_is_not_there_is_told_without_the_password() -> None:
    url = "postgres://somebody:s3cret@127.0.0.1:1/recall"
    database = Database(url, clock=CLOCK)
    with pytest.raises(DatabaseBusy, match="cannot be reached") as caught:
        write(database)
    assert "s3cret" not in str(caught.value)
    assert "127.0.0.1:1" in str(caught.value)
    assert database.dialect == "postgresql"


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("", "cannot be read"),
        ("nonsense", "cannot be read"),
        ("mysql://root:s3cret@host/db", "mysql"),
        ("sqlite://", "names no file"),
        ("sqlite:///:memory:", "names no file"),
    ],
)
def test_a_url_that_cannot_be_used_is_a_wrong_setting(url: str, problem: str) -> None:
    with pytest.raises(SettingsError, match=problem) as caught:
        Database(url, clock=CLOCK)
    assert "s3cret" not in str(caught.value)
