"""The ChangeRepository port on both databases."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from bot.alerts.changes import Change, ChangeStatus
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
