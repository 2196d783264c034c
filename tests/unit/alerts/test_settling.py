"""Flapping alerts and quiet incidents, through the intake and by the clock."""

from datetime import timedelta
from typing import Any

import pytest

from bot.alerts.flapping import FlapRule
from bot.alerts.intake import AlertIntake
from bot.alerts.settling import SETTLE, Settling
from bot.clock import ManualClock
from bot.incidents.lifecycle import by_person
from bot.incidents.model import Incident, IncidentState
from bot.store.database import Database
from tests.support.databases import postgresql_database
from tests.unit.alerts.test_intake import CATALOGUE, Shop, an_alert

OPEN, MITIGATED, RESOLVED = IncidentState.OPEN, IncidentState.MITIGATED, IncidentState.RESOLVED
HOLD = 120


class House(Shop):
    """The shop, with the clock's own work."""

    def __init__(
        self,
        database: Database,
        clock: ManualClock,
        hold: float = HOLD,
        alone: float | None = None,
    ) -> None:
        super().__init__(database, clock)
        rule = FlapRule(quiet=timedelta(minutes=15))
        self.intake = AlertIntake(
            CATALOGUE,
            clock,
            team_id="T1",
            flapping=rule,
            resolve_after_seconds=hold,
            resolve_alone_after_seconds=alone,
        )
        self.settling = Settling(
            database,
            CATALOGUE,
            clock,
            flapping=rule,
            resolve_after_seconds=hold,
            resolve_alone_after_seconds=alone,
            team_id="T1",
        )

    def fires(self, **changes: Any) -> None:
        self.receive(an_alert(**changes))

    def ends(self, **changes: Any) -> None:
        self.receive(an_alert(status="resolved", **changes))

    def passes(self, seconds: float) -> bool:
        """Time goes by, and the clock is looked at; whether there was something to do."""
        self.clock.advance(seconds)
        found = self.settling.tick()
        with self.database.begin() as uow:
            jobs = list(uow.jobs.claim([SETTLE], self.clock.now(), 60, 100))
            for job in jobs:
                uow.jobs.finish(job.key, self.clock.now())
        for job in jobs:
            self.settling.handle(job)
        return found

    def flapping(self) -> list[bool]:
        with self.database.read() as uow:
            return [stored.turning.is_flapping for stored in uow.alerts.list(100)]

    def flaps(self) -> None:
        """Twice on and off, a minute each."""
        self.fires()
        for turn in (self.ends, self.fires, self.ends):
            self.clock.advance(60)
            turn()


@pytest.fixture
def house(database: Database, clock: ManualClock) -> House:
    return House(database, clock)


def test_all_ended_is_mitigated_and_resolved_when_it_stays_so(house: House) -> None:
    house.fires()
    house.ends()
    incident = house.only_incident()
    assert (incident.state, incident.quiet_since) == (MITIGATED, house.clock.now())
    assert house.timeline(incident)[-1] == (
        "open → mitigated: all alerts ended; resolved if they stay so for 2 min"
    )
    assert not house.passes(HOLD - 1)
    assert house.passes(1)
    incident = house.only_incident()
    assert (incident.state, incident.resolved_at) == (RESOLVED, house.clock.now())
    assert house.timeline(incident)[-1] == "mitigated → resolved: all alerts resolved for 2 min"
    assert [job.key for job in house.jobs()][-1] == f"suggest:{incident.id}:{incident.revision}"


def test_firing_again_before_its_time_keeps_it_open(house: House) -> None:
    house.fires()
    house.ends()
    house.clock.advance(HOLD - 1)
    house.fires()
    incident = house.only_incident()
    assert (incident.state, incident.quiet_since) == (OPEN, None)
    assert "mitigated → open: an alert fires again" in house.timeline(incident)
    assert not house.passes(HOLD * 5)
    assert house.only_incident().state is OPEN


def test_the_time_counts_from_the_last_end(house: House) -> None:
    house.fires(key="a")
    house.fires(key="b")
    house.ends(key="a")
    assert house.only_incident().state is OPEN
    house.clock.advance(100)
    house.ends(key="b")
    assert not house.passes(HOLD - 1)
    assert house.passes(1)


def test_a_late_report_that_it_fires_disturbs_no_quiet(house: House) -> None:
    house.fires(starts_at="2026-01-01T00:00:00Z")
    house.ends(starts_at="2026-01-01T00:00:00Z")
    house.clock.advance(60)
    house.fires(starts_at="2026-01-01T00:00:00Z")
    assert house.only_incident().state is MITIGATED
    assert house.passes(60)
    assert house.only_incident().state is RESOLVED


def test_what_a_person_said_meanwhile_stands(house: House) -> None:
    house.fires()
    house.ends()
    _moved(house, IncidentState.ACKNOWLEDGED)
    house.fires()
    assert house.only_incident().state is IncidentState.ACKNOWLEDGED
    house.ends()
    _moved(house, IncidentState.CLOSED)
    assert not house.passes(HOLD)
    assert house.only_incident().state is IncidentState.CLOSED


def test_several_replicas_and_a_repeat_of_the_job_resolve_it_once(
    house: House, clock: ManualClock
) -> None:
    house.fires()
    house.ends()
    clock.advance(HOLD)
    other = House(house.database, clock)
    assert [house.settling.tick(), other.settling.tick()] == [True, False]
    with house.database.begin() as uow:
        [job] = uow.jobs.claim([SETTLE], clock.now(), 60, 10)
    house.settling.handle(job)
    other.settling.handle(job)
    timeline = house.timeline(house.only_incident())
    assert sum("→ resolved" in text for text in timeline) == 1


def test_without_a_hold_it_is_resolved_at_once(database: Database, clock: ManualClock) -> None:
    house = House(database, clock, hold=0)
    house.fires()
    house.ends()
    assert house.only_incident().state is RESOLVED
    assert not house.passes(1)


def test_the_hold_of_another_setting_is_judged_by_the_one_in_force(
    house: House, clock: ManualClock
) -> None:
    house.fires()
    house.ends()
    now_without = House(house.database, clock, hold=0)
    assert now_without.passes(1)
    assert house.only_incident().state is RESOLVED


def test_a_flapping_alert_is_marked_and_says_so(house: House) -> None:
    house.flaps()
    assert house.flapping() == [True]
    incident = house.only_incident()
    assert (incident.state, incident.quiet_since) == (OPEN, None)
    assert house.timeline(incident)[-1] == (
        "CheckoutHighErrorRate: flapping. ended 2 times within 45 min; its turns are held until "
        "it has kept still for 15 min"
    )


def test_what_a_flapping_alert_does_is_no_news_but_on_record(house: House) -> None:
    house.flaps()
    house.jobs()
    before = house.only_incident()
    for turn in (house.fires, house.ends, house.fires):
        house.clock.advance(60)
        turn()
    assert house.only_incident() == before
    assert house.jobs() == []
    with house.database.read() as uow:
        held = uow.held.list(10)
    assert [one.by for one in held] == ["flapping", "flapping"]


def test_a_flapping_alert_that_comes_to_rest_ended_lets_its_incident_be_resolved(
    house: House,
) -> None:
    house.flaps()
    assert not house.passes(15 * 60 - 1)
    assert house.passes(1)
    assert house.flapping() == [False]
    incident = house.only_incident()
    assert incident.state is RESOLVED
    assert any("flapping no more, resolved" in text for text in house.timeline(incident))


def test_a_flapping_alert_that_comes_to_rest_firing_leaves_it_open(house: House) -> None:
    house.flaps()
    house.clock.advance(30)
    house.fires()
    assert house.passes(15 * 60)
    assert house.flapping() == [False]
    assert house.only_incident().state is OPEN
    house.ends()
    assert house.only_incident().state is MITIGATED


def test_one_that_flaps_opens_nothing_anew_when_a_person_has_ended_its_incident(
    house: House,
) -> None:
    house.flaps()
    _moved(house, RESOLVED)
    house.clock.advance(60)
    house.fires()
    assert len(house.incidents()) == 1
    # But if it fires for good, that is a problem that is there.
    assert house.passes(15 * 60)
    first, second = house.incidents()
    assert (first.state, second.state) == (RESOLVED, OPEN)
    with house.database.read() as uow:
        assert [one.incident_id for one in uow.alerts.list(10)] == [second.id]


def test_a_flapping_alert_that_gets_worse_is_told_of(house: House) -> None:
    house.flaps()
    house.jobs()
    house.clock.advance(60)
    house.fires(severity="critical")
    assert house.only_incident().severity.value == "critical"
    assert len(house.jobs()) == 1


def test_flapping_within_one_batch_is_seen_as_well(house: House) -> None:
    house.receive(*(an_alert(status=("firing", "resolved")[n % 2]) for n in range(6)))
    assert house.flapping() == [True]
    assert house.only_incident().state is OPEN


def test_another_alert_of_the_incident_does_not_end_it_while_one_flaps(house: House) -> None:
    house.fires(key="b")
    house.flaps()
    house.ends(key="b")
    assert house.only_incident().state is OPEN


def test_the_same_holds_on_postgresql(clock: ManualClock) -> None:
    with postgresql_database(clock) as database:
        house = House(database, clock)
        house.flaps()
        assert house.flapping() == [True]
        assert house.passes(15 * 60)
        assert house.only_incident().state is RESOLVED
        assert house.flapping() == [False]


def _moved(house: Shop, to: IncidentState) -> Incident:
    with house.database.begin() as uow:
        change = by_person(house.only_incident(), to, actor="T1/U1", now=house.clock.now())
        uow.incidents.save(change.incident)
    return change.incident


def test_an_alert_that_comes_and_goes_by_itself_stays_one_incident(
    database: Database, clock: ManualClock
) -> None:
    house = House(database, clock, alone=900)
    house.fires()
    clock.advance(600)
    house.ends()
    incident = house.only_incident()
    assert (incident.state, house.timeline(incident)[-1]) == (
        MITIGATED,
        "open → mitigated: all alerts ended; resolved if they stay so for 15 min",
    )
    assert not house.passes(600)  # longer than others are given; nothing to do, so no job either
    house.fires()
    assert house.only_incident().state is OPEN
    house.ends()
    assert house.flapping() == [True]
    house.passes(900)
    assert house.only_incident().state is RESOLVED


def test_an_incident_of_several_alerts_is_not_kept_for_as_long(
    database: Database, clock: ManualClock
) -> None:
    house = House(database, clock, alone=900)
    house.fires(key="a")
    house.fires(key="b")
    house.ends(key="a")
    house.ends(key="b")
    assert house.only_incident().state is MITIGATED
    assert house.passes(HOLD)
    assert house.only_incident().state is RESOLVED


def test_an_alert_by_itself_that_stays_ended_is_over_after_its_own_time(
    database: Database, clock: ManualClock
) -> None:
    house = House(database, clock, alone=900)
    house.fires()
    house.ends()
    assert not house.passes(899)
    assert house.passes(1)
    assert house.only_incident().state is RESOLVED
