"""What every unit of work promises, whatever is done in it, on both databases."""

import threading

import pytest

from bot.alerts.model import Severity
from bot.clock import ManualClock
from bot.errors import DatabaseBusy, RecallError
from bot.jobs.ports import InboxItem, InboxKind
from bot.store.database import Database


def item(name: str, clock: ManualClock) -> InboxItem:
    return InboxItem(
        id=name,
        kind=InboxKind.ALERT,
        source="generic",
        body=b"{}",
        content_type="application/json",
        received_at=clock.now(),
    )


def pending(database: Database) -> int:
    with database.read() as unit:
        return unit.inbox.counts()["pending"]


def test_leaving_without_an_error_commits(database: Database, clock: ManualClock) -> None:
    with database.begin() as unit:
        unit.inbox.add_many([item("one", clock)])
    assert pending(database) == 1


def test_an_error_undoes_everything_in_the_unit(database: Database, clock: ManualClock) -> None:
    def fail() -> None:
        with database.begin() as unit:
            unit.inbox.add_many([item("one", clock)])
            unit.jobs.add("k", "suggest", {}, clock.now())
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    with database.read() as unit:
        assert unit.inbox.counts()["pending"] == 0
        assert unit.jobs.counts()["pending"] == 0


def test_a_reading_unit_refuses_to_write(database: Database, clock: ManualClock) -> None:
    with pytest.raises(RecallError), database.read() as unit:
        unit.inbox.add_many([item("one", clock)])
    assert pending(database) == 0
    with database.begin() as unit:
        unit.inbox.add_many([item("one", clock)])
    assert pending(database) == 1, "writing works again on the same connections"


def test_a_reading_unit_sees_one_moment_and_waits_for_nobody(
    database: Database, clock: ManualClock
) -> None:
    with database.read() as reader:
        assert reader.inbox.counts()["pending"] == 0
        with database.begin() as writer:
            writer.inbox.add_many([item("one", clock)])
            assert pending(database) == 0
        assert reader.inbox.counts()["pending"] == 0
    assert pending(database) == 1


def test_a_unit_works_in_any_thread(database: Database, clock: ManualClock) -> None:
    def add() -> None:
        with database.begin() as unit:
            unit.inbox.add_many([item("one", clock)])

    pending(database)
    thread = threading.Thread(target=add)
    thread.start()
    thread.join()
    assert pending(database) == 1


def test_ping_reads_and_a_closed_database_opens_again(database: Database) -> None:
    database.ping()
    database.close()
    database.ping()


def test_a_row_that_another_worker_holds_is_waited_for_and_then_told(
    database: Database, clock: ManualClock
) -> None:
    with database.begin() as unit:
        unit.incidents.open(
            group_key="g",
            title="t",
            service=None,
            environment=None,
            severity=Severity.HIGH,
            team_id="T1",
            now=clock.now(),
        )
    impatient = Database(database.url, clock=clock, busy_timeout_seconds=0.1)

    def take_the_same() -> None:
        with impatient.begin() as unit:
            unit.incidents.get(1)

    with database.begin() as holder:
        assert holder.incidents.get(1) is not None
        with pytest.raises(DatabaseBusy, match=r"locked.*try again"):
            take_the_same()
    impatient.close()
