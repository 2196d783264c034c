"""Group commit into the inbox: all wait for their commit, and all hear when there is none."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.clock import ManualClock
from bot.errors import DatabaseBusy
from bot.jobs.inbox_writer import InboxWriter
from bot.jobs.ports import InboxItem, InboxKind
from bot.store.database import Database
from bot.uow import UnitOfWork
from tests.support.databases import sqlite_database


def an_item(name: str) -> InboxItem:
    return InboxItem(
        id=name,
        kind=InboxKind.ALERT,
        source="generic",
        body=b"{}",
        content_type="application/json",
        received_at=datetime(2026, 11, 19, tzinfo=UTC),
    )


class Gate:
    """A unit of work factory whose commits wait until the gate is opened."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._open = threading.Event()
        self.entered = threading.Semaphore(0)
        self.commits = 0
        self.failure: Exception | None = None

    def open(self) -> None:
        self._open.set()

    @contextmanager
    def begin(self) -> Iterator[UnitOfWork]:
        self.entered.release()
        assert self._open.wait(10)
        if self.failure is not None:
            raise self.failure
        with self._database.begin() as uow:
            yield uow
        self.commits += 1

    def read(self) -> object:
        return self._database.read()


def stored(database: Database) -> set[str]:
    with database.read() as uow:
        return {item.id for item in uow.inbox.list(None, 1000)}


@pytest.fixture
def gate(database: Database) -> Gate:
    return Gate(database)


@pytest.fixture
def start(gate: Gate) -> Iterator[Callable[..., InboxWriter]]:
    writers: list[InboxWriter] = []

    def make(**options: object) -> InboxWriter:
        writer = InboxWriter(gate, **options)  # type: ignore[arg-type]
        writer.start()
        writers.append(writer)
        return writer

    yield make
    gate.open()
    for writer in writers:
        writer.stop()


def wait_until_queued(writer: InboxWriter, count: int) -> None:
    deadline = threading.Event()
    for _ in range(2000):
        if writer._queue.qsize() >= count:
            return
        deadline.wait(0.005)
    raise AssertionError("the deliveries never queued up")


def test_what_add_returned_for_is_stored_and_the_engine_is_woken(
    database: Database, gate: Gate, start: Callable[..., InboxWriter]
) -> None:
    woken: list[int] = []
    writer = start(on_commit=lambda: woken.append(gate.commits))
    gate.open()
    writer.add(an_item("a"))
    assert stored(database) == {"a"}
    assert woken == [1]


def test_those_who_wait_together_share_one_commit(
    database: Database, gate: Gate, start: Callable[..., InboxWriter]
) -> None:
    writer = start()
    with ThreadPoolExecutor(21) as pool:
        first = pool.submit(writer.add, an_item("first"))
        assert gate.entered.acquire(timeout=10)
        others = [pool.submit(writer.add, an_item(f"i{number}")) for number in range(20)]
        wait_until_queued(writer, 20)
        assert not first.done()
        gate.open()
        for future in (first, *others):
            future.result(10)
    assert gate.commits == 2
    assert len(stored(database)) == 21


@pytest.mark.parametrize("failure", [DatabaseBusy("full"), ZeroDivisionError("a bug")])
def test_all_of_a_batch_that_failed_hear_of_it_and_the_next_one_works(
    database: Database, gate: Gate, start: Callable[..., InboxWriter], failure: Exception
) -> None:
    writer = start()
    gate.failure = failure
    with ThreadPoolExecutor(4) as pool:
        futures = [pool.submit(writer.add, an_item(f"i{number}")) for number in range(4)]
        gate.open()
        for future in futures:
            assert future.exception(10) is failure
    gate.failure = None
    writer.add(an_item("later"))
    assert stored(database) == {"later"}


def test_a_full_queue_refuses_at_once(gate: Gate, start: Callable[..., InboxWriter]) -> None:
    writer = start(queue_size=1)
    with ThreadPoolExecutor(2) as pool:
        pool.submit(writer.add, an_item("being written"))
        assert gate.entered.acquire(timeout=10)
        pool.submit(writer.add, an_item("queued"))
        wait_until_queued(writer, 1)
        with pytest.raises(DatabaseBusy, match="too many") as refusal:
            writer.add(an_item("one too many"))
        assert refusal.value.retry_after
        gate.open()


def test_waiting_ends_after_its_time(gate: Gate, start: Callable[..., InboxWriter]) -> None:
    writer = start(wait_seconds=0.02)
    with pytest.raises(DatabaseBusy, match="in time"):
        writer.add(an_item("a"))


def test_stop_writes_what_still_waits_and_takes_nothing_more(
    database: Database, gate: Gate
) -> None:
    writer = InboxWriter(gate)  # type: ignore[arg-type]
    writer.start()
    with ThreadPoolExecutor(5) as pool:
        futures = [pool.submit(writer.add, an_item("first"))]
        assert gate.entered.acquire(timeout=10)
        futures += [pool.submit(writer.add, an_item(f"i{number}")) for number in range(4)]
        wait_until_queued(writer, 4)
        threading.Timer(0.02, gate.open).start()
        writer.stop()
        for future in futures:
            future.result(10)
    assert len(stored(database)) == 5
    with pytest.raises(DatabaseBusy, match="not running"):
        writer.add(an_item("late"))


def test_a_locked_database_is_told_to_the_sender(tmp_path: Path, clock: ManualClock) -> None:
    with sqlite_database(tmp_path, clock, busy_timeout_seconds=0.05) as database:
        writer = InboxWriter(database)
        writer.start()
        try:
            with database.begin(), pytest.raises(DatabaseBusy):
                writer.add(an_item("a"))
            writer.add(an_item("b"))
            assert stored(database) == {"b"}
        finally:
            writer.stop()
