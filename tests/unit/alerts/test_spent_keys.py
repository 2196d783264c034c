"""A group that is over takes in nothing by its key, however long its incident stays open."""

from dataclasses import replace

import pytest

from bot.alerts.intake import AlertIntake
from bot.alerts.spent_keys import SPENT_PREFIX
from bot.clock import ManualClock
from bot.incidents.model import IncidentState
from bot.services.catalogue import Catalogue
from bot.services.model import Service
from bot.store.database import Database
from tests.unit.alerts.test_intake import Shop, about

CATALOGUE = Catalogue([Service(name="api-1", depends_on=("db-1",)), Service(name="db-1")])


class Night(Shop):
    """A database's instances fail as one group; a caller of it fires for as long as it likes."""

    def __init__(self, database: Database, clock: ManualClock) -> None:
        super().__init__(database, clock, CATALOGUE)
        self.intake = AlertIntake(CATALOGUE, clock, team_id="T1", resolve_after_seconds=120)

    def db(self, instance: str, status: str = "firing", *, after: float = 0) -> None:
        self.clock.advance(after)
        body = {"name": "DiskFull", "key": instance, "group_key": "disks", "status": status}
        self.receive({**body, "severity": "high", "labels": about("db-1", host=instance)})

    def api(self, status: str = "firing", *, after: float = 0) -> None:
        self.clock.advance(after)
        labels = about("api-1")
        body = {"name": "ErrorRatio", "key": "api", "status": status, "labels": labels}
        self.receive({**body, "summary": "calls to db-1 fail"})

    def members(self) -> dict[str, list[str]]:
        with self.database.read() as uow:
            return {
                one.key: sorted(
                    stored.alert.labels.get("host", "api")
                    for stored in uow.alerts.of_incident(one.id)
                )
                for one in uow.incidents.list(20)
            }


@pytest.fixture
def night(either_database: Database, clock: ManualClock) -> Night:
    return Night(either_database, clock)


@pytest.fixture
def over(night: Night) -> Night:
    """The group's one alert has ended; the caller goes on, so that the incident is open."""
    night.db("d1")
    night.api(after=20)
    night.db("d1", "resolved", after=60)
    assert night.members() == {"RCL-1": ["api", "d1"]}
    return night


def test_what_begins_anew_long_after_is_another_problem_linked_to_the_first(over: Night) -> None:
    over.db("d2", after=301)
    assert over.members() == {"RCL-1": ["api", "d1"], "RCL-2": ["d2"]}
    first, second = over.incidents()
    assert first.state is IncidentState.OPEN
    assert first.group_key == f"{SPENT_PREFIX}{first.id}"
    assert "An alert of the same group was in RCL-1, which is open" in over.timeline(second)
    over.db("d3", after=301)
    assert over.members()["RCL-2"] == ["d2", "d3"]


def test_within_the_window_it_is_the_same_problem(over: Night) -> None:
    over.db("d2", after=299)
    assert over.members() == {"RCL-1": ["api", "d1", "d2"]}


def test_who_waits_longer_until_things_are_over_waits_longer_here(over: Night) -> None:
    over.intake = AlertIntake(CATALOGUE, over.clock, team_id="T1", resolve_after_seconds=3_600)
    over.db("d2", after=3_000)
    assert over.members() == {"RCL-1": ["api", "d1", "d2"]}


def test_while_one_of_the_service_fires_the_group_goes_on_for_hours(night: Night) -> None:
    night.db("d1")
    night.db("d2", after=7_200)
    assert night.members() == {"RCL-1": ["d1", "d2"]}


def test_the_very_alert_comes_back_to_its_own_incident(over: Night) -> None:
    over.db("d1", after=600)
    assert over.members() == {"RCL-1": ["api", "d1"]}


@pytest.mark.parametrize("taken", [{"owner": "T1/U1"}, {"state": IncidentState.ACKNOWLEDGED}])
def test_what_a_person_has_taken_keeps_its_key(over: Night, taken: dict[str, object]) -> None:
    with over.database.begin() as uow:
        uow.incidents.save(replace(over.only_incident(), **taken))  # type: ignore[arg-type]
    over.db("d2", after=600)
    assert over.members() == {"RCL-1": ["api", "d1", "d2"]}


def test_where_it_is_not_known_whose_alert_it_is_it_may_go_on(night: Night) -> None:
    anonymous = {"name": "DiskFull", "group_key": "disks", "labels": {"env": "prod"}}
    night.receive({**anonymous, "key": "d1"})
    night.clock.advance(3_600)
    night.receive({**anonymous, "key": "d2"})
    assert len(night.incidents()) == 1
