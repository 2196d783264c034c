"""The engine's work: the inbox into use cases and jobs, jobs into their handlers."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from bot.channels.model import ToolPost
from bot.clock import ManualClock
from bot.engine.work import SLACK_JOB, InboxWork, JobWork, purge_old
from bot.errors import ChatUnavailable, Permanent
from bot.jobs.ports import InboxItem, InboxKind, InboxState, Job
from bot.store.database import Database
from bot.uow import UnitOfWork
from tests.support.databases import sqlite_database


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def database(tmp_path: Path, clock: ManualClock) -> Iterator[Database]:
    with sqlite_database(tmp_path, clock) as opened:
        yield opened


class RecordingIntake:
    """Marks what it is given as done, and remembers it."""

    def __init__(self, clock: ManualClock) -> None:
        self._clock = clock
        self.seen: list[str] = []

    def process(self, uow: UnitOfWork, items: Sequence[InboxItem]) -> None:
        self.seen += [item.id for item in items]
        uow.inbox.mark_done([item.id for item in items], self._clock.now())


def deliver(database: Database, clock: ManualClock, number: int, kind: InboxKind) -> None:
    item = InboxItem(
        id=f"item-{number}", kind=kind, source="x", body=b"{}",
        content_type="application/json", received_at=clock.now(),
    )  # fmt: skip
    with database.begin() as uow:
        uow.inbox.add_many([item])


def job_counts(database: Database) -> dict[str, int]:
    with database.read() as uow:
        return dict(uow.jobs.counts())


def enqueue(database: Database, clock: ManualClock, key: str = "k") -> None:
    with database.begin() as uow:
        uow.jobs.add(key, "work", {"inbox_id": "item-1"}, clock.now())


def test_alerts_go_to_the_intake_and_slack_becomes_one_job_each(
    database: Database, clock: ManualClock
) -> None:
    intake, woken = RecordingIntake(clock), list[bool]()
    work = InboxWork(database, intake, clock, lambda: woken.append(True))
    deliver(database, clock, 1, InboxKind.ALERT)
    deliver(database, clock, 2, InboxKind.SLACK_EVENT)
    assert work.step() == 2
    assert work.step() == 0
    assert intake.seen == ["item-1"]
    assert woken == [True]
    with database.begin() as uow:
        jobs = uow.jobs.claim([SLACK_JOB], clock.now(), 10, 5)
    assert [job.payload for job in jobs] == [{"inbox_id": "item-2"}]


def test_a_step_takes_about_as_many_as_fit_into_the_time_it_may_hold_the_database(
    database: Database, clock: ManualClock
) -> None:
    class Slow(RecordingIntake):
        seconds_each = 0.001

        def process(self, uow: UnitOfWork, items: Sequence[InboxItem]) -> None:
            super().process(uow, items)
            clock.advance(self.seconds_each * len(items))

    intake = Slow(clock)
    work = InboxWork(database, intake, clock, lambda: None, hold_seconds=0.025)
    for number in range(200):
        deliver(database, clock, number, InboxKind.ALERT)
    assert [work.step() for _ in range(4)] == [10, 20, 25, 25]
    intake.seconds_each = 1.0
    assert [work.step() for _ in range(3)] == [25, 10, 10]
    assert len(set(intake.seen)) == 125


def test_a_step_that_held_the_database_leaves_it_to_the_others_for_longer(
    database: Database, clock: ManualClock
) -> None:
    class Slow(RecordingIntake):
        seconds = 0.01

        def process(self, uow: UnitOfWork, items: Sequence[InboxItem]) -> None:
            super().process(uow, items)
            clock.advance(self.seconds)

    intake = Slow(clock)
    work = InboxWork(database, intake, clock, lambda: None, hold_seconds=0.025)
    deliver(database, clock, 1, InboxKind.ALERT)
    assert work.step() == 1
    assert work.rest() == pytest.approx(0.03)
    for number in range(10, 40):
        deliver(database, clock, number, InboxKind.ALERT)
    assert work.step() == 10
    assert work.rest() == pytest.approx(0.01), "more waits than it could take"
    intake.seconds = 5.0
    assert work.step() == 20
    assert work.rest() == pytest.approx(0.1), "however long it took"
    assert work.step() == 0
    assert work.rest() == 0.0


def test_where_others_can_write_as_well_a_step_takes_a_whole_batch(
    database: Database, clock: ManualClock
) -> None:
    work = InboxWork(database, RecordingIntake(clock), clock, lambda: None)
    for number in range(60):
        deliver(database, clock, number, InboxKind.ALERT)
    assert work.step() == 60
    assert work.rest() == 0.0


def test_a_crash_in_the_intake_leaves_the_inbox_as_it_was(
    database: Database, clock: ManualClock
) -> None:
    class Crash(RecordingIntake):
        def process(self, uow: UnitOfWork, items: Sequence[InboxItem]) -> None:
            super().process(uow, items)
            raise KeyboardInterrupt

    deliver(database, clock, 1, InboxKind.ALERT)
    with pytest.raises(KeyboardInterrupt):
        InboxWork(database, Crash(clock), clock, lambda: None).step()
    with database.read() as uow:
        assert uow.inbox.counts()["pending"] == 1


def test_a_job_that_is_done_is_not_done_again(database: Database, clock: ManualClock) -> None:
    done: list[str] = []
    work = JobWork(database, {"work": lambda job: done.append(job.key)}, clock, lambda: None)
    enqueue(database, clock)
    assert (work.step(), work.step()) == (1, 0)
    enqueue(database, clock)
    assert work.step() == 0
    assert done == ["k"]


def test_what_is_away_is_waited_for_however_long(database: Database, clock: ManualClock) -> None:
    calls: list[int] = []

    def handler(_: Job) -> None:
        calls.append(1)
        if len(calls) < 50:
            raise ChatUnavailable("away")

    work = JobWork(database, {"work": handler}, clock, lambda: None)
    enqueue(database, clock)
    for _ in range(50):
        work.step()
        clock.advance(61)
    assert len(calls) == 50
    assert job_counts(database)["finished"] == 1


def test_what_the_other_side_asks_to_wait_is_waited(database: Database, clock: ManualClock) -> None:
    def handler(_: Job) -> None:
        raise ChatUnavailable("later", retry_after=30)

    work = JobWork(database, {"work": handler}, clock, lambda: None)
    enqueue(database, clock)
    assert work.step() == 1
    clock.advance(29)
    assert work.step() == 0
    clock.advance(2)
    assert work.step() == 1


def test_a_bug_is_tried_a_few_times_and_then_kept_as_failed(
    database: Database, clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    def handler(_: Job) -> None:
        raise KeyError("bug")

    deliver(database, clock, 1, InboxKind.SLACK_EVENT)
    enqueue(database, clock)
    work = JobWork(database, {"work": handler}, clock, lambda: None)
    tries = 0
    for _ in range(20):
        tries += work.step()
        clock.advance(120)
    assert tries == 6
    assert job_counts(database)["failed"] == 1
    with database.read() as uow:
        failed = uow.inbox.list(InboxState.FAILED, 10)
    assert [item.error for item in failed] == ["KeyError: 'bug'"]
    assert "Traceback" in caplog.text


def test_a_permanent_error_is_not_tried_again(database: Database, clock: ManualClock) -> None:
    def handler(_: Job) -> None:
        raise Permanent("no such channel")

    enqueue(database, clock)
    work = JobWork(database, {"work": handler}, clock, lambda: None)
    assert work.step() == 1
    clock.advance(3600)
    assert work.step() == 0
    assert job_counts(database)["failed"] == 1


def test_old_bodies_are_deleted_failed_ones_too(database: Database, clock: ManualClock) -> None:
    deliver(database, clock, 1, InboxKind.ALERT)
    deliver(database, clock, 2, InboxKind.ALERT)
    with database.begin() as uow:
        uow.inbox.mark_done(["item-1"], clock.now())
        uow.inbox.mark_failed("item-2", "unreadable", clock.now())
    clock.advance(71 * 3600)
    assert purge_old(database, clock.now(), keep_hours=72) == 0
    clock.advance(2 * 3600)
    assert purge_old(database, clock.now(), keep_hours=72) == 2


def test_posts_of_other_apps_are_kept_for_a_week(database: Database, clock: ManualClock) -> None:
    post = ToolPost(team_id="T1", channel="C1", ts="1.0", text="it fires", at=clock.now())
    with database.begin() as uow:
        uow.placements.add_post(post)
    for days, kept in ((6, [post]), (2, [])):
        clock.advance(days * 86_400)
        purge_old(database, clock.now(), keep_hours=72)
        with database.read() as uow:
            assert uow.placements.posts("T1", "C1", post.at) == kept


def test_a_slow_job_is_not_run_by_another_engine_meanwhile(
    database: Database, clock: ManualClock
) -> None:
    ran: list[str] = []

    def slow(_: Job) -> None:
        ran.append("one")
        for _ in range(60):
            clock.advance(10)
            one.renew()
            assert other.step() == 0

    one = JobWork(database, {"work": slow}, clock, lambda: None)
    other = JobWork(database, {"work": lambda _: ran.append("other")}, clock, lambda: None)
    enqueue(database, clock)
    assert one.step() == 1
    assert ran == ["one"]


def test_a_killed_engines_job_is_taken_over_within_a_minute(
    database: Database, clock: ManualClock
) -> None:
    class Killed(BaseException):
        pass

    def killed(_: Job) -> None:
        raise Killed

    enqueue(database, clock)
    with pytest.raises(Killed):
        JobWork(database, {"work": killed}, clock, lambda: None).step()
    done: list[str] = []
    other = JobWork(database, {"work": lambda job: done.append(job.key)}, clock, lambda: None)
    assert other.step() == 0
    clock.advance(55)
    assert other.step() == 1
    assert done == ["k"]


def test_a_lease_that_was_lost_while_the_job_ran_is_said(
    database: Database, clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    def slow(_: Job) -> None:
        clock.advance(3600)
        work.renew()

    work = JobWork(database, {"work": slow}, clock, lambda: None)
    enqueue(database, clock)
    work.step()
    work.renew()
    assert caplog.text.count("ran out while it ran") == 1
