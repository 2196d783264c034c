"""Noise rules at work in the intake: what is held opens nothing, and is on record."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bot.alerts.intake import AlertIntake
from bot.alerts.noise_file import parse_noise_rules
from bot.clock import ManualClock
from bot.jobs.ports import InboxItem, InboxKind
from bot.services.catalogue import Catalogue
from bot.services.model import Service
from bot.store.database import Database
from tests.support.databases import sqlite_database

CATALOGUE = Catalogue(
    [Service(name="web", depends_on=("orders-db",)), Service(name="orders-db")], ["prod"]
)


class Bench:
    def __init__(self, database: Database, clock: ManualClock) -> None:
        self.database, self.clock, self._count = database, clock, 0

    def receive(self, rules: str, *alerts: dict[str, Any]) -> None:
        intake = AlertIntake(CATALOGUE, self.clock, rules=parse_noise_rules(rules))
        for alert in alerts:
            self._count += 1
            item = InboxItem(
                id=f"d{self._count}",
                kind=InboxKind.ALERT,
                source="generic",
                body=json.dumps(alert).encode(),
                content_type="application/json",
                received_at=self.clock.now(),
            )
            with self.database.begin() as uow:
                uow.inbox.add_many([item])
        with self.database.begin() as uow:
            intake.process(uow, uow.inbox.claim(100, self.clock.now()))

    @property
    def incidents(self) -> int:
        with self.database.read() as uow:
            return len(uow.incidents.list(100))

    @property
    def record(self) -> list[tuple[str, int]]:
        with self.database.read() as uow:
            return [(one.reason, one.times) for one in uow.held.list(100)]

    @property
    def alerts(self) -> int:
        with self.database.read() as uow:
            return len(uow.alerts.list(100))


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    clock = ManualClock()
    with sqlite_database(tmp_path, clock) as database:
        yield Bench(database, clock)


def an_alert(name: str = "Slow", service: str = "web", **changes: Any) -> dict[str, Any]:
    labels = {"service": service, "environment": "prod"}
    return {"name": name, "status": "firing", "labels": labels, **changes}


SILENCE = "silences: [{name: Slow, reason: known}]"


def test_a_silenced_alert_is_stored_and_on_record_but_opens_nothing(bench: Bench) -> None:
    bench.receive(SILENCE, an_alert(), an_alert("Errors", "orders-db"))
    assert (bench.alerts, bench.incidents) == (2, 1)
    assert bench.record == [("known", 1)]
    bench.receive(SILENCE, an_alert())
    assert bench.record == [("known", 2)]


def test_it_opens_an_incident_when_the_silence_is_over_and_it_still_fires(bench: Bench) -> None:
    bench.receive(SILENCE, an_alert())
    bench.clock.advance(60)
    bench.receive("", an_alert())
    assert bench.incidents == 1


def test_what_is_in_an_open_incident_already_is_never_held(bench: Bench) -> None:
    bench.receive("", an_alert())
    bench.receive(SILENCE, an_alert(severity="critical"))
    assert bench.record == []


def test_the_third_report_opens_what_two_did_not(bench: Bench) -> None:
    rules = "minimum: [{name: Slow, count: 3, within_minutes: 10}]"
    for expected in (0, 0, 1):
        bench.receive(rules, an_alert())
        bench.clock.advance(61)
        assert bench.incidents == expected
    assert [times for _, times in bench.record] == [1, 1]


def test_reports_that_are_too_old_do_not_count(bench: Bench) -> None:
    rules = "minimum: [{name: Slow, count: 2, within_minutes: 10}]"
    bench.receive(rules, an_alert())
    bench.clock.advance(601)
    bench.receive(rules, an_alert())
    assert bench.incidents == 0


def test_a_minimum_keeps_nothing_out_of_an_incident_that_is_open(bench: Bench) -> None:
    rules = "minimum: [{name: Slow, count: 3, within_minutes: 10}]"
    bench.receive(rules, an_alert(), an_alert("Errors", "orders-db"))
    assert (bench.incidents, bench.record) == (1, [])


def test_a_dependent_joins_while_it_is_near_and_is_held_later(bench: Bench) -> None:
    rules = "inhibit_dependents: true"
    bench.receive(rules, an_alert("Down", "orders-db", severity="critical"))
    bench.receive(rules, an_alert("Slow"))
    assert (bench.incidents, bench.record) == (1, [])
    bench.clock.advance(3_700)
    bench.receive(rules, an_alert("QueueGrows", key="other", severity="warning"))
    assert bench.incidents == 1
    assert bench.record == [("web depends on orders-db, whose RCL-1 is open", 1)]
