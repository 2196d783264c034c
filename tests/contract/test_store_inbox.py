"""The Inbox port on both databases."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.clock import ManualClock
from bot.engine.work import purge_old
from bot.jobs.ports import InboxItem, InboxKind, InboxState
from bot.store.database import Database


def item(name: str, clock: ManualClock, **changes: object) -> InboxItem:
    made = InboxItem(
        id=name,
        kind=InboxKind.ALERT,
        source="generic",
        body=b'{"title": "disk \xff full"}',
        content_type="application/json",
        received_at=clock.now(),
    )
    return replace(made, **changes)


def add(database: Database, *items: InboxItem) -> int:
    with database.begin() as unit:
        return unit.inbox.add_many(items)


def test_a_delivery_comes_out_exactly_as_it_went_in(database: Database, clock: ManualClock) -> None:
    sent = item(
        "one",
        clock,
        kind=InboxKind.SLACK_EVENT,
        source="slack",
        body=bytes(range(256)),
        dedupe_key="T1/Ev1",
    )
    assert add(database, sent) == 1
    with database.begin() as unit:
        assert unit.inbox.claim(10, clock.now()) == [sent]
    with database.read() as unit:
        assert unit.inbox.get("one") == sent
        assert unit.inbox.get("another") is None


def test_the_same_id_or_dedupe_key_again_is_not_added(
    database: Database, clock: ManualClock
) -> None:
    first = item("one", clock, dedupe_key="T1/Ev1")
    assert add(database, first) == 1
    assert add(database, first, item("two", clock, dedupe_key="T1/Ev1"), item("three", clock)) == 1
    with database.read() as unit:
        assert [each.id for each in unit.inbox.list(None, 10)] == ["three", "one"]


def test_twins_in_one_batch_are_added_once(database: Database, clock: ManualClock) -> None:
    twins = [item("one", clock, dedupe_key="k"), item("two", clock, dedupe_key="k")]
    assert add(database, *twins) == 1


def test_deliveries_without_a_dedupe_key_are_all_new(
    database: Database, clock: ManualClock
) -> None:
    assert add(database, *(item(str(n), clock) for n in range(1200))) == 1200
    assert add(database) == 0


def test_the_oldest_are_claimed_first_and_no_more_than_asked_for(
    database: Database, clock: ManualClock
) -> None:
    add(database, *(item(str(n), clock) for n in range(5)))
    with database.begin() as unit:
        assert [each.id for each in unit.inbox.claim(3, clock.now())] == ["0", "1", "2"]


def test_what_is_done_is_not_claimed_again(database: Database, clock: ManualClock) -> None:
    add(database, item("one", clock), item("two", clock))
    with database.begin() as unit:
        unit.inbox.mark_done(["one"], clock.now())
        assert [each.id for each in unit.inbox.claim(9, clock.now())] == ["two"]
        done = unit.inbox.get("one")
    assert done is not None
    assert (done.state, done.attempts, done.processed_at) == (InboxState.DONE, 1, clock.now())


def test_a_note_is_shown_of_what_is_done_and_of_nothing_else(
    database: Database, clock: ManualClock
) -> None:
    add(database, item("one", clock), item("two", clock))
    with database.begin() as unit:
        unit.inbox.mark_done(["one"], clock.now())
        unit.inbox.note("one", "not kept")
        unit.inbox.note("two", "not kept")
        shown = {each.id: (each.state, each.error) for each in unit.inbox.list(None, 9)}
    assert shown == {"one": (InboxState.DONE, "not kept"), "two": (InboxState.PENDING, "")}


def test_a_claim_that_was_not_finished_is_claimable_again(
    database: Database, clock: ManualClock
) -> None:
    add(database, item("one", clock))

    def die_before_the_commit() -> None:
        with database.begin() as unit:
            unit.inbox.claim(1, clock.now())
            unit.inbox.mark_done(["one"], clock.now())
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        die_before_the_commit()
    with database.begin() as unit:
        assert [each.id for each in unit.inbox.claim(1, clock.now())] == ["one"]


def test_a_retry_waits_until_its_time(database: Database, clock: ManualClock) -> None:
    add(database, item("one", clock))
    with database.begin() as unit:
        unit.inbox.mark_retry("one", clock.now() + timedelta(seconds=30), "engine away")
        assert unit.inbox.claim(1, clock.now() + timedelta(seconds=29)) == []
    clock.advance(30)
    with database.begin() as unit:
        (again,) = unit.inbox.claim(1, clock.now())
    assert (again.attempts, again.error) == (1, "engine away")


def test_a_failed_one_is_kept_and_can_be_replayed(database: Database, clock: ManualClock) -> None:
    add(database, item("one", clock))
    with database.begin() as unit:
        unit.inbox.mark_failed("one", "labels: must be an object", clock.now())
        assert unit.inbox.claim(1, clock.now()) == []
        (failed,) = unit.inbox.list(InboxState.FAILED, 10)
        assert failed.error == "labels: must be an object"
        assert unit.inbox.replay("one")
        assert not unit.inbox.replay("one"), "it is pending already"
        assert not unit.inbox.replay("never seen")
        assert [each.id for each in unit.inbox.claim(1, clock.now())] == ["one"]


def test_lists_show_no_bodies(database: Database, clock: ManualClock) -> None:
    add(database, item("one", clock), item("two", clock))
    with database.read() as unit:
        shown = unit.inbox.list(InboxState.PENDING, 1)
        assert [(each.id, each.body) for each in shown] == [("two", b"")]


def test_purge_forgets_the_old_ones_by_their_state(database: Database, clock: ManualClock) -> None:
    add(database, *(item(name, clock) for name in ("done", "failed", "pending")))
    with database.begin() as unit:
        unit.inbox.mark_done(["done"], clock.now())
        unit.inbox.mark_failed("failed", "no", clock.now())
    later = clock.now() + timedelta(seconds=1)
    with database.begin() as unit:
        assert unit.inbox.purge(done_before=clock.now(), failed_before=clock.now()) == 0
        assert unit.inbox.purge(done_before=later, failed_before=clock.now()) == 1
        assert unit.inbox.purge(done_before=later, failed_before=later) == 1
        assert unit.inbox.counts() == {"pending": 1, "done": 0, "failed": 0}


def test_a_redelivery_is_known_for_a_week_though_its_body_is_gone(
    database: Database, clock: ManualClock
) -> None:
    sent = item("one", clock, dedupe_key="T1/Ev1")
    add(database, sent, item("two", clock, dedupe_key="T1/Ev2"), item("three", clock))
    with database.begin() as unit:
        unit.inbox.mark_done(["one", "three"], clock.now())
        unit.inbox.mark_failed("two", "no", clock.now())
    clock.advance(timedelta(days=6, hours=23).total_seconds())
    purge_old(database, clock.now(), keep_hours=72)
    with database.read() as unit:
        kept = [(each.id, unit.inbox.get(each.id)) for each in unit.inbox.list(None, 10)]
    assert [(name, found.body) for name, found in kept if found] == [("two", b""), ("one", b"")]
    assert add(database, sent, item("again", clock, dedupe_key="T1/Ev1")) == 0
    with database.begin() as unit:
        assert not unit.inbox.replay("two"), "there is no body to replay"
        assert unit.inbox.claim(10, clock.now()) == []

    clock.advance(timedelta(hours=2).total_seconds())
    assert purge_old(database, clock.now(), keep_hours=72) == 2
    assert add(database, sent) == 1


def test_bodies_that_are_kept_longer_than_a_week_keep_their_keys(
    database: Database, clock: ManualClock
) -> None:
    add(database, item("one", clock, dedupe_key="T1/Ev1"))
    with database.begin() as unit:
        unit.inbox.mark_done(["one"], clock.now())
    clock.advance(timedelta(days=8).total_seconds())
    assert purge_old(database, clock.now(), keep_hours=720) == 0
    assert add(database, item("again", clock, dedupe_key="T1/Ev1")) == 0


def test_canaries_are_in_no_list(database: Database, clock: ManualClock) -> None:
    add(database, item("one", clock, kind=InboxKind.CANARY, dedupe_key="canary:1"))
    with database.begin() as unit:
        assert unit.inbox.list(None, 10) == []
        assert unit.inbox.counts() == {"pending": 0, "done": 0, "failed": 0}
        assert [each.id for each in unit.inbox.claim(10, clock.now())] == ["one"]
