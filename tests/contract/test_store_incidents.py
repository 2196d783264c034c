"""The IncidentRepository port on both databases."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest

from bot.alerts.model import Alert, AlertStatus, Severity
from bot.alerts.ports import AlertWrite
from bot.clock import ManualClock
from bot.incidents.model import (
    Incident,
    IncidentState,
    TimelineEntry,
    TimelineKind,
    source_key,
)
from bot.incidents.ports import Wanted
from bot.people.model import SYSTEM
from bot.store.database import Database
from knowledge.model import Visibility


def open_one(
    database: Database, clock: ManualClock, group: str = "g", service: str | None = "api"
) -> tuple[Incident, bool]:
    with database.begin() as unit:
        return unit.incidents.open(
            group_key=group,
            title="API is slow",
            service=service,
            environment="production",
            severity=Severity.HIGH,
            team_id="T1",
            now=clock.now(),
        )


def test_the_first_alert_of_a_group_opens_an_incident(
    database: Database, clock: ManualClock
) -> None:
    incident, is_new = open_one(database, clock)
    assert is_new
    assert incident == Incident(
        id=incident.id,
        key=f"RCL-{incident.id}",
        title="API is slow",
        service="api",
        environment="production",
        severity=Severity.HIGH,
        state=IncidentState.OPEN,
        group_key="g",
        opened_at=clock.now(),
        team_id="T1",
    )
    with database.read() as unit:
        assert unit.incidents.get(incident.id) == incident
        assert unit.incidents.get(incident.id + 1) is None


def test_a_group_has_one_incident_until_that_is_over(
    database: Database, clock: ManualClock
) -> None:
    first, _ = open_one(database, clock)
    assert open_one(database, clock) == (first, False)
    for state in (IncidentState.ACKNOWLEDGED, IncidentState.MITIGATED):
        with database.begin() as unit:
            unit.incidents.save(replace(first, state=state))
        assert open_one(database, clock) == (replace(first, state=state), False)
    with database.begin() as unit:
        unit.incidents.save(replace(first, state=IncidentState.RESOLVED))
    second, is_new = open_one(database, clock)
    assert is_new
    assert second.id > first.id


def test_groups_have_incidents_of_their_own(database: Database, clock: ManualClock) -> None:
    one, _ = open_one(database, clock, "one")
    two, is_new = open_one(database, clock, "two")
    assert is_new
    assert one.id != two.id


@pytest.mark.parametrize("spelling", ["RCL-{}", "rcl-{}", "  RCL-{} "])
def test_an_incident_is_found_by_what_people_call_it(
    database: Database, clock: ManualClock, spelling: str
) -> None:
    incident, _ = open_one(database, clock)
    with database.read() as unit:
        assert unit.incidents.get_by_key(spelling.format(incident.id)) == incident


@pytest.mark.parametrize("key", ["", "RCL-", "RCL-0", "RCL-01", "RCL-٣", "RCL-1 OR 1", "1", "-1"])
def test_what_is_no_key_finds_nothing(database: Database, clock: ManualClock, key: str) -> None:
    open_one(database, clock)
    with database.read() as unit:
        assert unit.incidents.get_by_key(key) is None


def test_saving_keeps_every_field(database: Database, clock: ManualClock) -> None:
    incident, _ = open_one(database, clock)
    changed = replace(
        incident,
        title="API is down",
        service=None,
        environment=None,
        severity=Severity.CRITICAL,
        state=IncidentState.RESOLVED,
        resolved_at=clock.now() + timedelta(minutes=5, microseconds=7),
        revision=9,
        visibility=Visibility(frozenset({"T1/C2", "T1/C1"})),
    )
    with database.begin() as unit:
        unit.incidents.save(changed)
    with database.read() as unit:
        assert unit.incidents.get(incident.id) == changed


def test_saving_an_incident_that_is_not_there_is_an_error(
    database: Database, clock: ManualClock
) -> None:
    incident, _ = open_one(database, clock)
    with pytest.raises(LookupError, match="999"), database.begin() as unit:
        unit.incidents.save(replace(incident, id=999))


def test_active_incidents_are_those_not_over_newest_first(
    database: Database, clock: ManualClock
) -> None:
    one, _ = open_one(database, clock, "one")
    two, _ = open_one(database, clock, "two", service="db")
    three, _ = open_one(database, clock, "three")
    with database.begin() as unit:
        unit.incidents.save(replace(three, state=IncidentState.CLOSED))
    with database.read() as unit:
        assert unit.incidents.active() == [two, one]
        assert unit.incidents.active("api") == [one]
        assert [each.id for each in unit.incidents.list(2)] == [three.id, two.id]
        assert [each.id for each in unit.incidents.list(2, before_id=two.id)] == [one.id]


def test_a_timeline_reads_in_the_order_of_what_happened(
    database: Database, clock: ManualClock
) -> None:
    incident, _ = open_one(database, clock)
    other, _ = open_one(database, clock, "other")
    entries = [
        TimelineEntry(at=clock.now(), kind=TimelineKind.ALERT_FIRED, text="first"),
        TimelineEntry(
            at=clock.now(),
            kind=TimelineKind.EVIDENCE,
            text="second",
            actor="T1/U1",
            data={"text": "OOMKilled\nexit 137"},
        ),
    ]
    earlier = TimelineEntry(
        at=clock.now() - timedelta(seconds=9), kind=TimelineKind.NOTE, text="before both"
    )
    with database.begin() as unit:
        unit.incidents.add_timeline(incident.id, entries)
        unit.incidents.add_timeline(incident.id, [earlier])
        unit.incidents.add_timeline(incident.id, [])
        unit.incidents.add_timeline(other.id, [entries[0]])
    with database.read() as unit:
        assert unit.incidents.timeline(incident.id) == [earlier, *entries]


def test_moments_come_back_in_utc_whatever_zone_they_were_told_in(
    database: Database, clock: ManualClock
) -> None:
    incident, _ = open_one(database, clock)
    tokyo = datetime(2026, 11, 19, 12, 0, 0, 123456, tzinfo=timezone(timedelta(hours=9)))
    with database.begin() as unit:
        unit.incidents.save(replace(incident, opened_at=tokyo))
        stored = unit.incidents.get(incident.id)
    assert stored is not None
    assert stored.opened_at == tokyo
    assert stored.opened_at.tzinfo is UTC


def said(text: str, ts: str, at: datetime, **more: str) -> TimelineEntry:
    data = {"team": "T1", "channel": "C1", "ts": ts} | more
    return TimelineEntry(at=at, kind=TimelineKind.NOTE, text=text, actor="T1/U1", data=data)


def test_what_was_made_of_a_message_is_found_by_it(database: Database, clock: ManualClock) -> None:
    one, _ = open_one(database, clock, "one")
    two, _ = open_one(database, clock, "two")
    first, other = said("first", "1.0", clock.now()), said("other", "2.0", clock.now())
    plain = TimelineEntry(at=clock.now(), kind=TimelineKind.NOTE, text="of no message")
    with database.begin() as unit:
        unit.incidents.add_timeline(one.id, [first, other, plain])
        unit.incidents.add_timeline(two.id, [first])
    with database.read() as unit:
        found = unit.incidents.entries_about(source_key("T1", "C1", "1.0"))
        assert [(kept.incident_id, kept.entry) for kept in found] == [
            (one.id, first),
            (two.id, first),
        ]
        assert unit.incidents.entries_about(source_key("T2", "C1", "1.0")) == []
        assert unit.incidents.entries_about("") == []


def test_an_entry_is_changed_in_place_and_taken_out(database: Database, clock: ManualClock) -> None:
    incident, _ = open_one(database, clock)
    with database.begin() as unit:
        unit.incidents.add_timeline(
            incident.id, [said("before", "1.0", clock.now()), said("stays", "2.0", clock.now())]
        )
        [kept] = unit.incidents.entries_about(source_key("T1", "C1", "1.0"))
        data = {**kept.entry.data, "text": "more"}
        unit.incidents.change_entry(kept.id, text="after", data=data)
    with database.read() as unit:
        told = unit.incidents.timeline(incident.id)
        [again] = unit.incidents.entries_about(source_key("T1", "C1", "1.0"))
    assert [entry.text for entry in told] == ["after", "stays"]
    assert again.entry == replace(kept.entry, text="after", data=data)
    with database.begin() as unit:
        assert unit.incidents.remove_entry(kept.id)
        assert not unit.incidents.remove_entry(kept.id)
        assert [entry.text for entry in unit.incidents.timeline(incident.id)] == ["stays"]
    with pytest.raises(LookupError), database.begin() as unit:
        unit.incidents.change_entry(kept.id, text="x", data={})


def test_the_past_of_a_service_is_what_is_over_newest_first(
    database: Database, clock: ManualClock
) -> None:
    over = []
    for group in ("a", "b", "c"):
        incident, _ = open_one(database, clock, group)
        over.append(replace(incident, state=IncidentState.RESOLVED))
        with database.begin() as unit:
            unit.incidents.save(over[-1])
    open_one(database, clock, "d")
    elsewhere, _ = open_one(database, clock, "e", "web")
    with database.begin() as unit:
        unit.incidents.save(replace(elsewhere, state=IncidentState.CLOSED))
    with database.read() as unit:
        assert unit.incidents.past("api", 2) == [over[2], over[1]]


def keys(
    database: Database, wanted: Wanted, limit: int = 10, before: int | None = None
) -> list[str]:
    with database.read() as uow:
        return [one.key for one in uow.incidents.find(wanted, limit, before)]


def test_incidents_are_found_by_state_service_and_words(
    database: Database, clock: ManualClock
) -> None:
    first, _ = open_one(database, clock, "a", service="checkout")
    second, _ = open_one(database, clock, "b", service="search")
    with database.begin() as uow:
        over = replace(first, state=IncidentState.RESOLVED, title="Disk full at 100%")
        uow.incidents.save(over)
        uow.incidents.save(replace(second, title="Slow_queries"))
    assert keys(database, Wanted()) == [second.key, first.key]
    assert keys(database, Wanted(states=(IncidentState.OPEN,))) == [second.key]
    assert keys(database, Wanted(service="checkout")) == [first.key]
    assert keys(database, Wanted(words="DISK")) == [first.key]
    assert keys(database, Wanted(words="100%")) == [first.key]
    assert keys(database, Wanted(words="w_q")) == [second.key]
    assert keys(database, Wanted(words="wxq")) == []
    assert keys(database, Wanted(words=f" {first.key.lower()} ")) == [first.key]


def test_a_page_is_full_although_some_incidents_may_not_be_seen(
    database: Database, clock: ManualClock
) -> None:
    made = [open_one(database, clock, f"g{n}")[0] for n in range(9)]
    hidden = Visibility(frozenset({"T1/C1"}))
    with database.begin() as uow:
        for incident in made[3:8]:
            uow.incidents.save(replace(incident, visibility=hidden))
    assert keys(database, Wanted(), limit=3) == [made[8].key, made[2].key, made[1].key]
    assert keys(database, Wanted(), limit=3, before=made[1].id) == [made[0].key]


def test_those_that_are_quiet_for_long_enough_are_found(
    database: Database, clock: ManualClock
) -> None:
    quiet, _ = open_one(database, clock, "quiet")
    over, _ = open_one(database, clock, "over")
    open_one(database, clock, "loud")
    now = clock.now()
    with database.begin() as unit:
        changed = replace(quiet, quiet_since=now, quiet_from=IncidentState.ACKNOWLEDGED)
        unit.incidents.save(changed)
        unit.incidents.save(replace(over, quiet_since=now, state=IncidentState.RESOLVED))
    with database.read() as unit:
        assert unit.incidents.get(quiet.id) == changed
        assert unit.incidents.quiet(now, 10) == [quiet.id]
        assert unit.incidents.quiet(now - timedelta(seconds=1), 10) == []


def test_one_that_has_one_alert_is_quiet_for_long_enough_by_a_time_of_its_own(
    database: Database, clock: ManualClock
) -> None:
    alone, _ = open_one(database, clock, "alone")
    together, _ = open_one(database, clock, "together")
    now = clock.now()
    members = {"a": alone, "b": together, "c": together}
    with database.begin() as unit:
        for incident in (alone, together):
            unit.incidents.save(replace(incident, quiet_since=now))
        unit.alerts.save(
            [
                AlertWrite(
                    alert=Alert(
                        source="generic",
                        fingerprint=f"generic:1:{key}",
                        name="Down",
                        status=AlertStatus.RESOLVED,
                    ),
                    service=None,
                    environment=None,
                    incident_id=incident.id,
                )
                for key, incident in members.items()
            ],
            now,
        )
    with database.read() as unit:
        earlier = now - timedelta(seconds=1)
        assert unit.incidents.quiet(now, 10, alone_before=earlier) == [together.id]
        assert unit.incidents.quiet(now, 10, alone_before=now) == [alone.id, together.id]
        assert unit.incidents.quiet(earlier, 10, alone_before=now) == [alone.id, together.id]


def test_those_that_a_person_has_touched_are_told_from_the_others(
    database: Database, clock: ManualClock
) -> None:
    actors = {"nobody": "", "the system": SYSTEM.key, "a person": "T1/U1", "unasked": "T1/U1"}
    numbers = {}
    for group, actor in actors.items():
        incident, _ = open_one(database, clock, group)
        numbers[group] = incident.id
        entry = TimelineEntry(at=clock.now(), kind=TimelineKind.NOTE, text="x", actor=actor)
        with database.begin() as unit:
            unit.incidents.add_timeline(incident.id, [entry])
    asked = [number for group, number in numbers.items() if group != "unasked"]
    with database.read() as unit:
        assert unit.incidents.touched(asked) == {numbers["a person"]}
        assert unit.incidents.touched([]) == frozenset()
