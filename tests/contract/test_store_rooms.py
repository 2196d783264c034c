"""Channels that were made for incidents, and replies in threads, on both databases."""

from bot.alerts.model import Severity
from bot.chat.messages import Notice
from bot.chat.ports import Destination
from bot.clock import ManualClock
from bot.store.database import Database


def an_incident(database: Database, clock: ManualClock, group: str = "g") -> int:
    with database.begin() as unit:
        incident, _ = unit.incidents.open(
            group_key=group,
            title="API is slow",
            service="api",
            environment="prod",
            severity=Severity.HIGH,
            team_id="T1",
            now=clock.now(),
        )
    return incident.id


def test_a_closed_channel_is_for_no_incident_until_it_is_back(
    database: Database, clock: ManualClock
) -> None:
    incident = an_incident(database, clock)
    with database.begin() as unit:
        unit.placements.dedicate("T1", "C1", incident, clock.now())
        clock.advance(1)
        unit.placements.dedicate("T1", "C2", incident, clock.now())
        assert unit.placements.channels_of(incident) == [("T1", "C2"), ("T1", "C1")]
        assert unit.placements.close("T1", "C2", clock.now())
        assert not unit.placements.close("T1", "C2", clock.now())
        assert not unit.placements.close("T1", "C3", clock.now())
    with database.read() as unit:
        assert unit.placements.is_closed("T1", "C2")
        assert not unit.placements.is_closed("T1", "C1")
        assert unit.placements.incident_of("T1", "C2") is None
        assert unit.placements.channels_of(incident) == [("T1", "C1")]
        assert unit.placements.channel_of(incident) == ("T1", "C1")
    with database.begin() as unit:
        assert unit.placements.reopen("T1", "C2")
        assert not unit.placements.reopen("T1", "C2")
        assert unit.placements.incident_of("T1", "C2") == incident


def test_a_closed_channel_that_gets_another_incident_is_open(
    database: Database, clock: ManualClock
) -> None:
    one, two = an_incident(database, clock, "one"), an_incident(database, clock, "two")
    with database.begin() as unit:
        unit.placements.dedicate("T1", "C1", one, clock.now())
        unit.placements.close("T1", "C1", clock.now())
        unit.placements.dedicate("T1", "C1", two, clock.now())
        assert unit.placements.incident_of("T1", "C1") == two
        assert unit.placements.channel_of(one) is None


def test_what_replies_in_a_thread_is_found_by_it(database: Database, clock: ManualClock) -> None:
    with database.begin() as unit:
        for key, thread in (("a", "1.0"), ("b", "1.0"), ("c", "2.0"), ("d", None)):
            to = Destination("T1", "C1", thread)
            unit.outbox.put(key, to, Notice(text="hello"), clock.now())
        assert unit.outbox.keys_in_thread("T1", "C1", "1.0") == ["a", "b"]
        assert unit.outbox.keys_in_thread("T1", "C2", "1.0") == []
