"""Alerts without a service or an environment, counted on both databases."""

from datetime import timedelta

from bot.alerts.model import Alert, AlertStatus, Turning
from bot.alerts.ports import AlertWrite
from bot.alerts.unresolved import ResolvedShare
from bot.clock import ManualClock
from bot.store.database import Database

DAY = timedelta(days=1)


def turned(
    database: Database,
    clock: ManualClock,
    name: str,
    service: str | None,
    environment: str | None,
    days_ago: float = 0,
) -> None:
    alert = Alert(
        source="zabbix",
        fingerprint=name,
        name=name,
        status=AlertStatus.FIRING,
        labels={"host": f"{name}.example"},
    )
    write = AlertWrite(
        alert=alert,
        service=service,
        environment=environment,
        incident_id=None,
        turning=Turning(turned_at=clock.now() - days_ago * DAY),
    )
    with database.begin() as uow:
        uow.alerts.save([write], clock.now())


def test_they_are_counted_by_what_is_missing(database: Database, clock: ManualClock) -> None:
    turned(database, clock, "whole", "web", "prod")
    turned(database, clock, "nowhere", "web", None)
    turned(database, clock, "nobody", None, "prod")
    turned(database, clock, "neither", None, None)
    turned(database, clock, "old", None, None, days_ago=8)
    since = clock.now() - 7 * DAY
    with database.read() as uow:
        seen = uow.alerts.turned_since(since)
        found = uow.alerts.unresolved_since(since, 10)
        newest = uow.alerts.unresolved_since(since, 1)
    assert seen == ResolvedShare(alerts=4, without_service=2, without_environment=2, unresolved=3)
    assert seen.share == 0.75
    assert [(one.name, one.has_service, one.has_environment) for one in found] == [
        ("neither", False, False),
        ("nobody", False, True),
        ("nowhere", True, False),
    ]
    assert found[0].labels == {"host": "neither.example"}
    assert list(newest) == [found[0]]


def test_where_nothing_came_nothing_is_unresolved(database: Database, clock: ManualClock) -> None:
    with database.read() as uow:
        seen = uow.alerts.turned_since(clock.now() - 7 * DAY)
        assert list(uow.alerts.unresolved_since(clock.now() - 7 * DAY, 10)) == []
    assert (seen.alerts, seen.share) == (0, 0.0)
