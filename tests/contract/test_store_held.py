"""What was held back, and what the open incidents show, on both databases."""

from dataclasses import replace
from datetime import timedelta

from bot.alerts.model import Alert, AlertStatus, Severity
from bot.alerts.noise import HeldAlert
from bot.alerts.ports import AlertWrite
from bot.clock import ManualClock
from bot.store.database import Database


def held(clock: ManualClock, fingerprint: str = "f1", rule: str = "silences.0") -> HeldAlert:
    return HeldAlert(
        fingerprint=fingerprint,
        name="DiskFull",
        service=None,
        environment="prod",
        by="silence",
        reason="known",
        rule=rule,
        at=clock.now(),
    )


def test_one_alert_rule_and_minute_are_one_row_that_counts(
    database: Database, clock: ManualClock
) -> None:
    with database.begin() as uow:
        uow.held.save([held(clock), held(clock), held(clock, "f2"), held(clock, rule="minimum.0")])
    clock.advance(1)
    with database.begin() as uow:
        uow.held.save([held(clock)])
    clock.advance(90)
    with database.begin() as uow:
        uow.held.save([])
        uow.held.save([held(clock)])
    with database.read() as uow:
        rows = uow.held.list(10)
        assert [(one.fingerprint, one.times) for one in rows[:2]] == [("f1", 1), ("f1", 3)]
        assert rows[0] == held(clock)
        assert uow.held.count("silences.0", clock.now() - timedelta(minutes=5)) == 5
        assert uow.held.count("silences.0", clock.now()) == 1
        assert uow.held.count("silences.9", clock.now()) == 0
        assert uow.held.totals(clock.now()) == {"silence": 1}
        hour_ago = clock.now() - timedelta(hours=1)
        assert uow.held.totals(hour_ago, clock.now()) == {"silence": 5}


def test_the_record_is_purged_by_age(database: Database, clock: ManualClock) -> None:
    with database.begin() as uow:
        uow.held.save([held(clock)])
    clock.advance(120)
    with database.begin() as uow:
        uow.held.save([held(clock)])
        assert uow.held.purge(clock.now()) == 1
        assert len(uow.held.list(10)) == 1


def test_an_incident_shows_a_trace_for_each_kind_of_alert_that_fires(
    database: Database, clock: ManualClock
) -> None:
    with database.begin() as uow:
        incident, _ = uow.incidents.open(
            group_key="k", title="t", service="db", environment="prod",
            severity=Severity.HIGH, team_id="", now=clock.now(),
        )  # fmt: skip
        first = AlertWrite(
            alert=Alert(
                source="generic",
                fingerprint="a",
                name="Errors",
                status=AlertStatus.FIRING,
                summary="calls to orders-db fail",
                labels={"node": "n1", "namespace": "shop"},
            ),
            service="db",
            environment="prod",
            incident_id=incident.id,
        )
        second = replace(first, alert=replace(first.alert, fingerprint="b", labels={"node": "n2"}))
        other = replace(first, alert=replace(first.alert, fingerprint="c", name="Slow"))
        ended = replace(
            first,
            alert=replace(first.alert, fingerprint="d", name="X", status=AlertStatus.RESOLVED),
        )
        uow.alerts.save([first, other, ended], clock.now())
    clock.advance(5)
    with database.begin() as uow:
        uow.alerts.save([second], clock.now())
        found = {trace.name: trace for _, trace in uow.alerts.traces([incident.id], clock.now())}
        assert set(found) == {"Errors"}, "what was seen before is not asked for"
        since = clock.now() - timedelta(minutes=1)
        found = {trace.name: trace for _, trace in uow.alerts.traces([incident.id], since)}
        assert set(found) == {"Errors", "Slow"}
        assert found["Errors"].node == "n2"
        assert found["Errors"].at == clock.now()
        assert found["Slow"].namespace == "shop"
        assert "orders-db" in found["Slow"].words
        assert uow.alerts.traces([], since) == []
