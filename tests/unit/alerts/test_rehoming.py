"""The second look on a real database: what moves, what is said of it, and what people keep."""

from dataclasses import replace
from typing import Any

import pytest

from bot.alerts.family import family_of
from bot.alerts.intake import AlertIntake
from bot.clock import ManualClock
from bot.commands.one_incident import reasons
from bot.incidents.bindings import Binding
from bot.incidents.model import IncidentState, TimelineEntry, TimelineKind
from bot.services.catalogue import Catalogue
from bot.services.model import Service
from bot.store.database import Database
from tests.unit.alerts.test_intake import Shop, about

CATALOGUE = Catalogue(
    [
        Service(name="web-1", depends_on=("api-1",)),
        Service(name="api-1", depends_on=("db-1", "cache-2")),
        Service(name="db-1"),
        Service(name="cache-2"),
    ],
    ["prod/eu-1"],
)


class Night(Shop):
    """A shop in which a symptom came before its cause."""

    def __init__(self, database: Database, clock: ManualClock) -> None:
        super().__init__(database, clock, CATALOGUE)
        self.intake = AlertIntake(CATALOGUE, clock, team_id="T1", resolve_after_seconds=120)

    def fires(self, service: str, name: str, **changes: Any) -> None:
        body = {"name": name, "severity": "high", "summary": f"{name} of {service}"}
        self.receive({**body, "labels": about(service), **changes})
        self.clock.advance(5)

    def members(self) -> dict[str, list[str | None]]:
        with self.database.read() as uow:
            return {
                one.key: sorted(str(stored.service) for stored in uow.alerts.of_incident(one.id))
                for one in uow.incidents.list(20)
            }


@pytest.fixture
def night(either_database: Database, clock: ManualClock) -> Night:
    return Night(either_database, clock)


def test_a_cause_that_speaks_late_joins_what_was_felt_of_it(night: Night) -> None:
    night.fires("web-1", "SlowRequests")
    night.fires("api-1", "ErrorRatio")
    night.fires("db-1", "DiskFull")
    assert night.members() == {"RCL-1": ["api-1", "db-1", "web-1"]}


def put_into(night: Night, service: str, key: str) -> None:
    with night.database.begin() as uow:
        target = uow.incidents.get_by_key(key)
        assert target is not None
        numbers = [one.id for one in uow.alerts.list(50) if one.service == service]
        uow.alerts.move(numbers, target.id)


@pytest.fixture
def wrong(night: Night) -> Night:
    """api-1 stands in the incident of the cache, which failed after it began to feel something;
    the database failed shortly before."""
    night.fires("db-1", "DiskFull")
    night.fires("api-1", "ErrorRatio")
    night.clock.advance(15)
    night.fires("cache-2", "CrashLooping")
    assert night.members() == {"RCL-1": ["api-1", "db-1"], "RCL-2": ["cache-2"]}
    put_into(night, "api-1", "RCL-2")
    return night


def stirred(night: Night) -> None:
    """Something new in that environment has it looked at again."""
    night.fires("web-1", "SlowRequests")


def test_what_stands_with_the_wrong_neighbour_moves_with_its_reason(wrong: Night) -> None:
    stirred(wrong)
    assert wrong.members() == {"RCL-1": ["api-1", "db-1", "web-1"], "RCL-2": ["cache-2"]}
    with wrong.database.read() as uow:
        there, before = uow.incidents.timeline(1), uow.incidents.timeline(2)
        [moved] = [one for one in uow.alerts.of_incident(1) if one.service == "api-1"]
    [told] = [
        one
        for one in there
        if one.data.get("moved_from") and one.data["fingerprint"] == moved.alert.fingerprint
    ]
    assert told.data["moved_from"] == "RCL-2"
    assert told.data["joined_because"] == "api-1 depends on db-1, 5 s apart"
    assert reasons([told])[moved.alert.fingerprint].startswith("joined because: api-1 depends")
    notes = [one.text for one in before if one.kind is TimelineKind.NOTE]
    assert "api-1: its alert moved to RCL-1 (api-1 depends on db-1, 5 s apart)" in notes


def test_both_cards_follow(wrong: Night) -> None:
    wrong.jobs()
    stirred(wrong)
    assert {job.payload["incident_id"] for job in wrong.jobs()} == {1, 2}


def test_a_later_report_of_what_moved_stays_where_it_went(wrong: Night) -> None:
    stirred(wrong)
    wrong.clock.advance(60)
    wrong.fires("api-1", "ErrorRatio")
    wrong.fires("api-1", "SlowRequests")
    assert wrong.members()["RCL-2"] == ["cache-2"]


def test_an_incident_that_has_nothing_left_is_closed_and_says_where_it_went(night: Night) -> None:
    night.fires("db-1", "DiskFull")
    night.fires("api-1", "ErrorRatio")
    night.fires("cache-2", "SlowRequests", labels={**about("cache-2")})
    with night.database.begin() as uow:
        opened, _ = uow.incidents.open(
            group_key="k",
            title="t",
            service="api-1",
            environment="prod/eu-1",
            severity=night.incidents()[0].severity,
            team_id="T1",
            now=night.clock.now(),
        )
    put_into(night, "api-1", opened.key)
    stirred(night)
    gone = night.incidents()[-1]
    assert (gone.state, gone.absorbed_into) == (IncidentState.CLOSED, "RCL-1")
    assert f"all of its alerts are in {gone.absorbed_into} now" in night.timeline(gone)[-1]
    assert "api-1" in night.members()["RCL-1"]


def test_what_is_left_is_called_after_what_came_first_of_it(night: Night) -> None:
    night.fires("db-1", "DiskFull")
    night.fires("api-1", "ErrorRatio")
    night.clock.advance(15)
    night.fires("cache-2", "CrashLooping")
    with night.database.begin() as uow:
        misled = uow.incidents.get(2)
        assert misled is not None
        uow.incidents.save(replace(misled, service="api-1", title="ErrorRatio", group_key="old"))
    put_into(night, "api-1", "RCL-2")
    stirred(night)
    left = night.incidents()[1]
    assert (left.service, left.title) == ("cache-2", "CrashLooping: CrashLooping of cache-2")
    assert left.group_key != "old"
    assert left.absorbed_into is None


@pytest.mark.parametrize("how", ["state", "owner", "note"])
def test_what_a_person_has_touched_gives_nothing_away(wrong: Night, how: str) -> None:
    with wrong.database.begin() as uow:
        incident = uow.incidents.get(2)
        assert incident is not None
        if how == "state":
            uow.incidents.save(replace(incident, state=IncidentState.ACKNOWLEDGED))
        elif how == "owner":
            uow.incidents.save(replace(incident, owner="T1/U1"))
        else:
            note = TimelineEntry(
                at=wrong.clock.now(), kind=TimelineKind.NOTE, text="I look", actor="T1/U1"
            )
            uow.incidents.add_timeline(2, [note])
    stirred(wrong)
    assert wrong.members()["RCL-2"][0] == "api-1"


def test_what_people_said_belongs_somewhere_stays_there(wrong: Night) -> None:
    with wrong.database.begin() as uow:
        uow.bindings.say(
            Binding(
                one=family_of("ErrorRatio", "api-1", "prod/eu-1").key,
                other=family_of("CrashLooping", "cache-2", "prod/eu-1").key,
                together=True,
                incident_id=2,
                actor="T1/U1",
                at=wrong.clock.now(),
            )
        )
    stirred(wrong)
    assert wrong.members()["RCL-2"] == ["api-1", "cache-2"]


def test_after_a_quarter_of_an_hour_everything_stays(wrong: Night) -> None:
    wrong.clock.advance(900)
    stirred(wrong)
    assert wrong.members()["RCL-2"] == ["api-1", "cache-2"]
