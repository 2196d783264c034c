"""Which incident an alert joins, and why."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.alerts.model import Severity
from bot.incidents.grouping import Joining, JoinReason, Newcomer, group_key_of, place
from bot.incidents.model import Incident, IncidentState

NOW = datetime(2026, 11, 19, 3, 12, tzinfo=UTC)
WINDOW = timedelta(minutes=5)
NEWCOMER = Newcomer(
    source="alertmanager",
    name="CheckoutLatencyHigh",
    group_key=None,
    service="checkout",
    environment="prod/eu-1",
    received_at=NOW,
)
NEEDS = {("checkout", "orders-db")}


def an_incident(number: int = 1, **changes: object) -> Incident:
    incident = Incident(
        id=number,
        key=f"RCL-{number}",
        title="t",
        service="checkout",
        environment="prod/eu-1",
        severity=Severity.HIGH,
        state=IncidentState.OPEN,
        group_key=f"auto:1:{number}",
        opened_at=NOW - timedelta(seconds=40),
    )
    return replace(incident, **changes)  # type: ignore[arg-type]


def placed(newcomer: Newcomer, *active: Incident) -> Joining:
    return place(newcomer, active, window=WINDOW, depends=lambda one, other: (one, other) in NEEDS)


def test_with_nothing_open_it_begins_a_new_one() -> None:
    assert placed(NEWCOMER) == Joining(None, JoinReason.NEW, "nothing alike is open")


def test_an_alert_stays_in_its_open_incident_however_old() -> None:
    old = an_incident(opened_at=NOW - timedelta(days=3), service="other")
    joining = placed(replace(NEWCOMER, known_incident=1), old)
    assert joining.incident is old
    assert joining.reason is JoinReason.SAME_ALERT


def test_the_same_group_key_joins_however_old() -> None:
    newcomer = replace(NEWCOMER, group_key="{}:{team=a}")
    old = an_incident(group_key=group_key_of(newcomer), opened_at=NOW - timedelta(hours=5))
    assert placed(newcomer, old).reason is JoinReason.SAME_GROUP


def test_another_instance_of_the_same_alert_joins() -> None:
    old = an_incident(group_key=group_key_of(NEWCOMER), opened_at=NOW - timedelta(hours=5))
    assert placed(NEWCOMER, old).reason is JoinReason.SAME_FAMILY


def test_the_same_service_joins_within_the_window_and_says_so() -> None:
    joining = placed(NEWCOMER, an_incident())
    assert joining.reason is JoinReason.SAME_SERVICE
    assert joining.text == "same service checkout, 40 s apart"


@pytest.mark.parametrize(
    "changes",
    [
        {"opened_at": NOW - timedelta(minutes=6)},
        {"environment": "prod/us-1"},
        {"environment": None},
        {"service": "payments-api"},
        {"service": None},
        {"state": IncidentState.RESOLVED},
        {"state": IncidentState.CLOSED},
    ],
)
def test_what_is_too_old_elsewhere_or_over_is_not_joined(changes: dict[str, object]) -> None:
    assert placed(NEWCOMER, an_incident(**changes)).reason is JoinReason.NEW


def test_a_declared_dependency_joins_in_both_directions() -> None:
    database = replace(NEWCOMER, service="orders-db", name="ConnectionsNearLimit")
    down = placed(database, an_incident())
    up = placed(NEWCOMER, an_incident(service="orders-db"))
    assert down.reason is up.reason is JoinReason.DEPENDENCY
    assert down.text.startswith("checkout depends on orders-db, 40 s")
    assert up.text.startswith("checkout depends on orders-db, 40 s")


def test_alerts_whose_service_nobody_knows_are_not_lumped_together() -> None:
    unknown = replace(NEWCOMER, service=None)
    assert placed(unknown, an_incident(service=None)).reason is JoinReason.NEW


def test_the_own_service_goes_before_a_dependency_and_the_nearest_before_others() -> None:
    dependency = an_incident(1, service="orders-db", opened_at=NOW)
    far = an_incident(2, opened_at=NOW - timedelta(seconds=200))
    near = an_incident(3, opened_at=NOW - timedelta(seconds=100))
    assert placed(NEWCOMER, dependency, far, near).incident is near


def test_group_keys_are_typed_and_hold_service_and_environment_apart() -> None:
    grouped = replace(NEWCOMER, group_key="{}:{alertname=Errors}")
    keys = {
        group_key_of(one)
        for one in (
            grouped,
            replace(grouped, service="payments-api"),
            replace(grouped, environment="staging"),
            replace(grouped, source="generic"),
            NEWCOMER,
        )
    }
    assert len(keys) == 5
    assert all(key.startswith("auto:1:") for key in keys)


def test_an_incident_that_people_declared_takes_in_alerts_of_its_service_from_anywhere() -> None:
    declared = an_incident(environment=None, group_key="channel:T1/C1")
    assert placed(NEWCOMER, declared).reason is JoinReason.SAME_SERVICE
    elsewhere = replace(declared, environment="staging")
    assert placed(NEWCOMER, elsewhere).reason is JoinReason.NEW
    by_alerts = an_incident(environment=None)
    assert placed(NEWCOMER, by_alerts).reason is JoinReason.NEW
