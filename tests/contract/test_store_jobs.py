"""The JobQueue port on both databases."""

from datetime import timedelta

from bot.clock import ManualClock
from bot.jobs.ports import Job
from bot.store.database import Database

LEASE = 60.0


def add(database: Database, clock: ManualClock, *keys: str, kind: str = "suggest") -> None:
    with database.begin() as unit:
        for key in keys:
            assert unit.jobs.add(key, kind, {"incident_id": 7}, clock.now())


def claim(database: Database, clock: ManualClock, limit: int = 10) -> list[str]:
    with database.begin() as unit:
        return [job.key for job in unit.jobs.claim(["suggest"], clock.now(), LEASE, limit)]


def test_a_key_is_enqueued_once_even_after_it_finished(
    database: Database, clock: ManualClock
) -> None:
    add(database, clock, "suggest:1:1")
    with database.begin() as unit:
        assert not unit.jobs.add("suggest:1:1", "suggest", {}, clock.now())
        unit.jobs.finish("suggest:1:1", clock.now())
        assert not unit.jobs.add("suggest:1:1", "suggest", {}, clock.now())


def test_a_claimed_job_carries_what_was_enqueued(database: Database, clock: ManualClock) -> None:
    payload = {"incident_id": 7, "text": "naïve\x00", "weights": [0.1, 1e20, None]}
    with database.begin() as unit:
        unit.jobs.add("one", "suggest", payload, clock.now())
        (job,) = unit.jobs.claim(["suggest"], clock.now(), LEASE, 5)
    assert job == Job(
        key="one", kind="suggest", payload={**payload, "text": "naïve\ufffd"}, attempts=1
    )
    assert isinstance(job.payload["weights"][1], float)


def test_only_the_kinds_asked_for_are_claimed(database: Database, clock: ManualClock) -> None:
    add(database, clock, "tick:1", kind="tick")
    assert claim(database, clock) == []


def test_a_job_is_not_claimed_before_its_time(database: Database, clock: ManualClock) -> None:
    with database.begin() as unit:
        unit.jobs.add("later", "suggest", {}, clock.now() + timedelta(seconds=10))
    assert claim(database, clock) == []
    clock.advance(10)
    assert claim(database, clock) == ["later"]


def test_those_that_waited_longest_come_first(database: Database, clock: ManualClock) -> None:
    with database.begin() as unit:
        for key, seconds in (("b", 2), ("c", 3), ("a", 1)):
            unit.jobs.add(key, "suggest", {}, clock.now() + timedelta(seconds=seconds))
    clock.advance(5)
    assert claim(database, clock, limit=2) == ["a", "b"]


def test_a_claimed_job_is_nobody_elses_until_its_lease_runs_out(
    database: Database, clock: ManualClock
) -> None:
    add(database, clock, "one")
    assert claim(database, clock) == ["one"]
    clock.advance(LEASE - 1)
    assert claim(database, clock) == []
    clock.advance(1)
    with database.begin() as unit:
        (job,) = unit.jobs.claim(["suggest"], clock.now(), LEASE, 1)
    assert job.attempts == 2


def test_a_look_that_only_reads_tells_whether_there_is_anything_to_claim(
    database: Database, clock: ManualClock
) -> None:
    def is_any_due(kind: str = "suggest") -> bool:
        with database.read() as unit:
            return unit.jobs.is_any_due([kind], clock.now())

    assert not is_any_due()
    with database.begin() as unit:
        unit.jobs.add("later", "suggest", {}, clock.now() + timedelta(seconds=5))
    assert not is_any_due()
    clock.advance(5)
    assert is_any_due()
    assert not is_any_due("another kind")
    claim(database, clock)
    assert not is_any_due()
    clock.advance(LEASE)
    assert is_any_due()
    with database.begin() as unit:
        unit.jobs.finish("later", clock.now())
    assert not is_any_due()


def test_released_leases_can_be_claimed_at_once(database: Database, clock: ManualClock) -> None:
    add(database, clock, "one", "two", "three")
    assert claim(database, clock, limit=2) == ["one", "two"]
    with database.begin() as unit:
        assert unit.jobs.release_leases() == 2
    assert claim(database, clock) == ["one", "two", "three"]


def test_a_retry_waits_and_then_is_claimed_again(database: Database, clock: ManualClock) -> None:
    add(database, clock, "one")
    claim(database, clock)
    with database.begin() as unit:
        unit.jobs.retry("one", clock.now() + timedelta(seconds=5), "model is loading")
    assert claim(database, clock) == []
    clock.advance(5)
    assert claim(database, clock) == ["one"]


def test_a_job_ends_once(database: Database, clock: ManualClock) -> None:
    add(database, clock, "one", "two")
    claim(database, clock)
    with database.begin() as unit:
        unit.jobs.finish("one", clock.now())
        unit.jobs.fail("one", "came late", clock.now())
        unit.jobs.retry("one", clock.now(), "came later still")
        unit.jobs.fail("two", "cannot be done", clock.now())
        assert unit.jobs.counts() == {"pending": 0, "finished": 1, "failed": 1}
    clock.advance(LEASE)
    assert claim(database, clock) == []


def test_purge_forgets_what_ended_before_then(database: Database, clock: ManualClock) -> None:
    add(database, clock, "done", "failed", "pending")
    with database.begin() as unit:
        unit.jobs.finish("done", clock.now())
        unit.jobs.fail("failed", "no", clock.now())
        assert unit.jobs.purge(clock.now()) == 0
        assert unit.jobs.purge(clock.now() + timedelta(seconds=1)) == 2
    assert claim(database, clock) == ["pending"]


def test_a_renewed_lease_lasts_longer_but_one_that_ran_out_is_lost(
    database: Database, clock: ManualClock
) -> None:
    add(database, clock, "one")
    claim(database, clock)
    clock.advance(LEASE - 1)
    with database.begin() as unit:
        assert unit.jobs.renew("one", 1, clock.now(), LEASE)
        assert not unit.jobs.renew("one", 2, clock.now(), LEASE)
    clock.advance(LEASE - 1)
    assert claim(database, clock) == []
    clock.advance(1)
    with database.begin() as unit:
        assert not unit.jobs.renew("one", 1, clock.now(), LEASE)
    assert claim(database, clock) == ["one"]


def test_an_ended_job_has_no_lease_to_renew(database: Database, clock: ManualClock) -> None:
    add(database, clock, "one")
    claim(database, clock)
    with database.begin() as unit:
        unit.jobs.finish("one", clock.now())
        assert not unit.jobs.renew("one", 1, clock.now(), LEASE)
