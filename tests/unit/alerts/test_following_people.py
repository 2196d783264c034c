"""What people said of an incident, and the alerts that come after it."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.alerts.intake import AlertIntake
from bot.alerts.model import Alert, AlertStatus, Severity
from bot.alerts.sources import Source
from bot.clock import ManualClock
from bot.incidents.lifecycle import snooze
from bot.incidents.model import Incident, IncidentState
from bot.jobs.ports import InboxItem, InboxKind
from bot.services.catalogue import Catalogue
from bot.services.model import Service
from bot.store.database import Database
from tests.support.databases import sqlite_database


class Night:
    """Alerts as a pager's parser would make them, handed to the intake."""

    def __init__(self, database: Database, clock: ManualClock, alerts: list[Alert]) -> None:
        self.database, self.clock, self.alerts = database, clock, alerts
        catalogue = Catalogue([Service(name="checkout")], ["prod"])
        source = Source("pagerduty", lambda _: list(alerts), "PagerDuty")
        self.intake = AlertIntake(catalogue, clock, team_id="T1", sources={"pagerduty": source})
        self.count = 0

    def receives(self, **changes: Any) -> Incident:
        self.count += 1
        values: dict[str, Any] = {
            "source": "pagerduty",
            "fingerprint": "pagerduty:1:a",
            "name": "CheckoutDown",
            "status": AlertStatus.FIRING,
            "severity": Severity.WARNING,
        }
        labels = {"service": "checkout", "environment": "prod", **changes.pop("labels", {})}
        self.alerts[:] = [Alert(**{**values, **changes}, labels=labels)]
        item = InboxItem(
            id=f"d{self.count}",
            kind=InboxKind.ALERT,
            source="pagerduty",
            body=b"{}",
            content_type="application/json",
            received_at=self.clock.now(),
        )
        with self.database.begin() as uow:
            uow.inbox.add_many([item])
        with self.database.begin() as uow:
            self.intake.process(uow, uow.inbox.claim(10, self.clock.now()))
        return self.incident()

    def incident(self) -> Incident:
        with self.database.read() as uow:
            [incident] = uow.incidents.list(10)
        return incident

    def snoozed(self) -> None:
        until = self.clock.now() + timedelta(hours=4)
        moved = snooze(self.incident(), until, actor="T1/U1", now=self.clock.now(), note="x")
        with self.database.begin() as uow:
            uow.incidents.save(moved.incident)

    def said(self) -> list[str]:
        with self.database.read() as uow:
            return [entry.text for entry in uow.incidents.timeline(1)]


@pytest.fixture
def night(tmp_path: Path) -> Iterator[Night]:
    clock, alerts = ManualClock(), list[Alert]()
    with sqlite_database(tmp_path, clock) as database:
        yield Night(database, clock, alerts)


TAKEN = {"pager_status": "acknowledged"}


def test_acknowledged_in_the_pager_is_acknowledged_here_once(night: Night) -> None:
    assert night.receives().state is IncidentState.OPEN
    taken = night.receives(labels=TAKEN)
    assert taken.state is IncidentState.ACKNOWLEDGED
    assert taken.revision == 2
    assert night.receives(labels=TAKEN).revision == 2
    assert night.said()[-1] == "open → acknowledged: acknowledged in PagerDuty"


def test_an_alert_that_comes_acknowledged_opens_what_is_acknowledged(night: Night) -> None:
    assert night.receives(labels=TAKEN).state is IncidentState.ACKNOWLEDGED


def test_a_new_alert_ends_a_snooze(night: Night) -> None:
    night.receives()
    night.snoozed()
    joined = night.receives(fingerprint="pagerduty:1:b", name="CheckoutSlow")
    assert joined.snoozed_until is None
    assert night.said()[-1] == "The snooze is over: CheckoutSlow joined"


def test_a_worse_alert_ends_a_snooze(night: Night) -> None:
    night.receives()
    night.snoozed()
    assert night.receives(severity=Severity.CRITICAL).snoozed_until is None
    assert night.said()[-1] == "The snooze is over: a worse alert joined"


def test_the_same_alert_again_lets_people_sleep(night: Night) -> None:
    night.receives()
    night.snoozed()
    assert night.receives(summary="still down").snoozed_until is not None
