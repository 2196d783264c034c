"""Acknowledged and forgotten: one reminder in the card's thread, and when there is none."""

from dataclasses import replace

import pytest

from bot.alerts.model import AlertStatus
from bot.alerts.ports import AlertWrite
from bot.incidents.model import Incident, TimelineEntry, TimelineKind
from tests.support.chat import Post
from tests.support.schedule_world import ScheduleWorld, words_of
from tests.support.slack_world import TEAM


@pytest.fixture
def incident(world: ScheduleWorld) -> Incident:
    """One that has a card, and that alice took on."""
    opened = world.incident("CheckoutHighErrorRate")
    world.works()
    return world.takes_on(opened)


def boards(world: ScheduleWorld) -> list[Post]:
    return world.boards()


def test_the_owner_of_what_still_fires_is_reminded_once(
    world: ScheduleWorld, incident: Incident
) -> None:
    world.passes(minutes=58)
    assert boards(world) == []
    world.passes(minutes=2)
    [reminder] = boards(world)
    assert reminder.to.thread == world.card_ref()
    assert "1 alert still fires" in words_of(reminder.message)
    assert reminder.message.people == ()
    for _ in range(10):
        world.passes(minutes=60)
    assert len(boards(world)) == 1


@pytest.mark.parametrize(
    ("chosen", "mentioned"),
    [
        ({}, ("U0ALICE",)),
        ({"may_be_pinged": False}, ()),
        ({"quiet": {"start": "00:00", "end": "23:59"}}, ()),
    ],
)
def test_they_are_mentioned_only_where_channel_and_person_allow_it(
    world: ScheduleWorld, incident: Incident, chosen: dict[str, object], mentioned: object
) -> None:
    world.channel_chooses(may_ping="owner")
    world.person_chooses("U0ALICE", **chosen)
    world.passes(minutes=61)
    [reminder] = boards(world)
    assert reminder.message.people == mentioned


def test_who_wants_no_reminders_gets_none(world: ScheduleWorld, incident: Incident) -> None:
    world.person_chooses("U0ALICE", reminders=False)
    world.passes(minutes=61)
    assert boards(world) == []


def test_a_word_of_a_person_counts_as_something_happening(
    world: ScheduleWorld, incident: Incident
) -> None:
    world.passes(minutes=50)
    entry = TimelineEntry(
        at=world.clock.now(), kind=TimelineKind.EVIDENCE, text="2 lines", actor=f"{TEAM}/U0BOB"
    )
    with world.database.begin() as uow:
        uow.incidents.add_timeline(incident.id, [entry])
    world.passes(minutes=50)
    assert boards(world) == []
    world.passes(minutes=15)
    assert len(boards(world)) == 1


def test_what_is_snoozed_over_or_mended_reminds_nobody(
    world: ScheduleWorld, incident: Incident
) -> None:
    world.snoozes(incident, minutes=90)
    world.passes(minutes=80)
    assert boards(world) == []
    world.ends(incident)
    world.passes(minutes=180)
    assert boards(world) == []


def test_alerts_that_ended_remind_nobody(world: ScheduleWorld, incident: Incident) -> None:
    with world.database.begin() as uow:
        [stored] = uow.alerts.of_incident(incident.id)
        ended = replace(stored.alert, status=AlertStatus.RESOLVED)
        write = AlertWrite(
            alert=ended, service="checkout", environment="prod", incident_id=incident.id
        )
        uow.alerts.save([write], world.clock.now())
    world.passes(minutes=90)
    assert boards(world) == []


def test_what_nobody_took_on_is_the_pagers_job(world: ScheduleWorld) -> None:
    world.incident("CheckoutHighErrorRate")
    world.works()
    world.passes(minutes=300)
    assert boards(world) == []


def test_quiet_hours_hold_a_reminder_until_they_end(
    world: ScheduleWorld, incident: Incident
) -> None:
    world.channel_chooses(quiet={"start": "03:00", "end": "05:00"})
    world.passes(minutes=65)
    assert boards(world) == []
    world.at("2026-11-19T05:01")
    world.strikes()
    assert len(boards(world)) == 1


def test_nobody_is_mentioned_a_fourth_time_within_an_hour(world: ScheduleWorld) -> None:
    world.channel_chooses(may_ping="owner")
    for number in range(5):
        opened = world.incident(f"Alert{number}")
        world.works()
        world.takes_on(opened)
    world.passes(minutes=70)
    mentioned = [reminder.message.people for reminder in boards(world)]
    assert mentioned.count(("U0ALICE",)) == 3
    assert mentioned.count(()) == 2
