"""The ChangeRepository port on both databases."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from bot.alerts.changes import Change, ChangeStatus, KnownChange, WantedChanges
from bot.clock import ManualClock
from bot.retention import forget_changes
from bot.store.database import Database

AT = datetime(2026, 11, 19, 3, 12, tzinfo=UTC)
ONE = Change(
    source="github",
    key="github:1:a",
    service="checkout",
    environment="production",
    version="5e1f00c",
    status=ChangeStatus.RUNNING,
    at=AT,
    actor="ada",
    summary="checkout 5e1f00c to production",
    links={"log": "https://ci.shop.example/9"},
)


def save(database: Database, *changes: Change, seen_at: datetime = AT) -> None:
    with database.begin() as unit:
        unit.changes.save(changes, seen_at)


def recent(database: Database, since: datetime = AT, service: str | None = None) -> list[Change]:
    with database.read() as unit:
        return list(unit.changes.recent(since, 10, service=service))


def test_a_change_comes_out_as_it_went_in(database: Database) -> None:
    save(database, ONE)
    assert recent(database) == [ONE]
    save(database)
    assert recent(database) == [ONE]


def test_the_latest_report_counts_whatever_order_they_come_in(database: Database) -> None:
    done = replace(ONE, status=ChangeStatus.SUCCEEDED, at=AT + timedelta(minutes=5))
    save(database, done, ONE)
    save(database, ONE)
    assert recent(database) == [done]


def test_without_a_time_it_is_when_it_was_seen(database: Database) -> None:
    save(database, replace(ONE, at=None), seen_at=AT + timedelta(hours=1))
    assert recent(database) == [replace(ONE, at=AT + timedelta(hours=1))]


def test_recent_ones_are_found_by_service_newest_first(database: Database) -> None:
    later = replace(ONE, key="github:1:b", service="orders", at=AT + timedelta(hours=1))
    old = replace(ONE, key="github:1:c", at=AT - timedelta(hours=1))
    save(database, ONE, later, old)
    assert recent(database) == [later, ONE]
    assert recent(database, service="checkout") == [ONE]


def found(database: Database, limit: int = 10, **wanted: Any) -> list[KnownChange]:
    with database.read() as unit:
        return list(unit.changes.find(WantedChanges(**wanted), limit))


def test_a_change_began_when_it_was_first_heard_of(database: Database) -> None:
    done = replace(ONE, status=ChangeStatus.SUCCEEDED, at=AT + timedelta(minutes=5))
    save(database, ONE)
    save(database, done)
    [known] = found(database)
    assert (known.change, known.at, known.began_at) == (done, done.at, AT)


def test_an_older_report_that_comes_late_still_tells_when_it_began(database: Database) -> None:
    done = replace(ONE, status=ChangeStatus.SUCCEEDED, at=AT + timedelta(minutes=5))
    save(database, done)
    save(database, ONE)
    [known] = found(database)
    assert (known.change.status, known.began_at) == (ChangeStatus.SUCCEEDED, AT)


def test_what_was_in_place_before_is_found_among_the_earlier_ones(database: Database) -> None:
    def deployed(version: str, hours: int, **changes: Any) -> Change:
        values = {"status": ChangeStatus.SUCCEEDED, "at": AT - timedelta(hours=hours), **changes}
        return replace(ONE, key=f"github:1:{version}{hours}", version=version, **values)

    save(
        database,
        deployed("1.9", 30),
        deployed("2.0", 20, status=ChangeStatus.INACTIVE),
        deployed("2.1", 10, status=ChangeStatus.FAILED),
        deployed("2.1", 9, environment="staging"),
        deployed("2.1", 8, service="orders"),
    )
    save(database, replace(ONE, version="2.2"))
    assert {
        known.change.version: known.previous
        for known in found(database, services=("checkout",), environments=("production",))
    } == {
        "2.2": "2.0",
        "2.1": "2.0",
        "2.0": "1.9",
        "1.9": "",
    }


def test_one_that_was_replaced_after_its_successor_came_is_still_what_was_before(
    database: Database,
) -> None:
    old = replace(ONE, key="github:1:old", version="2.0", status=ChangeStatus.SUCCEEDED)
    save(database, replace(old, at=AT - timedelta(days=1)))
    save(database, replace(ONE, version="2.1"))
    save(database, replace(old, status=ChangeStatus.INACTIVE, at=AT + timedelta(minutes=1)))
    assert [known.previous for known in found(database) if known.change.version == "2.1"] == ["2.0"]


def test_what_its_source_says_was_before_goes_first_and_is_not_forgotten(
    database: Database,
) -> None:
    save(database, replace(ONE, previous="1.0"))
    save(database, replace(ONE, status=ChangeStatus.SUCCEEDED, at=AT + timedelta(minutes=1)))
    [known] = found(database)
    assert (known.previous, known.change.previous) == ("1.0", "1.0")


def test_they_are_found_by_what_is_asked_for(database: Database) -> None:
    other = replace(ONE, key="github:1:b", service="orders", status=ChangeStatus.FAILED)
    later = replace(ONE, key="github:1:c", environment="staging", at=AT + timedelta(hours=1))
    save(database, ONE, other, later)

    def keys(**wanted: Any) -> list[str]:
        return [known.change.key[-1] for known in found(database, **wanted)]

    assert keys() == ["c", "a", "b"]
    assert keys(services=("orders", "search")) == ["b"]
    assert keys(environments=("staging",)) == ["c"]
    assert keys(statuses=(ChangeStatus.FAILED,)) == ["b"]
    assert keys(since=AT + timedelta(seconds=1)) == ["c"]
    assert keys(until=AT) == ["a", "b"]


def test_pages_follow_each_other_without_gap_or_repeat(database: Database) -> None:
    save(
        database,
        *(replace(ONE, key=f"github:1:{n}", at=AT + timedelta(hours=n // 3)) for n in range(8)),
    )
    seen: list[str] = []
    before = None
    while page := found(database, 3, before=before):
        seen += [known.change.key for known in page]
        before = (page[-1].at, page[-1].change.key)
    assert seen == [known.change.key for known in found(database, 100)]
    assert len(set(seen)) == 8


def test_old_ones_go_but_what_is_in_place_stays(database: Database) -> None:
    old, older = AT - timedelta(days=500), AT - timedelta(days=600)
    done = replace(ONE, status=ChangeStatus.SUCCEEDED)
    save(
        database,
        replace(done, key="superseded", version="1", at=older),
        replace(done, key="in place", version="2", at=old),
        replace(done, key="failed", status=ChangeStatus.FAILED, version="3", at=old),
        replace(done, key="elsewhere", environment="staging", version="1", at=older),
        replace(done, key="new", service="search", version="9", at=AT),
    )
    clock = ManualClock(AT)
    assert forget_changes(database, clock, days=400) == 2
    assert forget_changes(database, clock, days=400) == 0
    assert {one.key for one in recent(database, older)} == {"in place", "elsewhere", "new"}


def test_no_more_are_forgotten_at_a_time_than_asked_for(database: Database) -> None:
    failed = replace(ONE, status=ChangeStatus.FAILED, at=AT - timedelta(days=2))
    save(database, *(replace(failed, key=f"c{number}") for number in range(5)))
    with database.begin() as unit:
        assert unit.changes.purge(AT, 3) == 3
        assert unit.changes.purge(AT, 3) == 2
