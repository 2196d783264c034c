"""`/recall handover`, what waits in `/recall status`, and the form of one's own settings."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.channels.model import ChannelSettings, PersonSettings
from bot.chat.messages import Board, Notice
from bot.chat.ports import Destination
from bot.commands import COMMANDS, FORMS
from bot.commands.book import CommandBook
from bot.commands.model import Caller, FieldErrors, Tools
from bot.people.model import Actor, Role
from bot.redact import redact
from bot.settings import load_settings
from tests.support.schedule_world import LEAD, ScheduleWorld, words_of
from tests.support.slack_world import CHANNEL, TEAM

FILLED = {
    "time_zone": "Europe/Berlin",
    "start": "22:00",
    "end": "7:00",
    "may_be_pinged": "no",
    "reminders": "yes",
}


class Desk:
    """Somebody who says things to the bot, in a channel."""

    def __init__(self, world: ScheduleWorld, user_id: str = "U0ALICE") -> None:
        self.world = world
        self.caller = Caller(
            actor=Actor(TEAM, user_id),
            name=user_id.lower(),
            role=Role.LEAD if user_id == LEAD else Role.RESPONDER,
            at=Destination(TEAM, CHANNEL),
        )
        self.tools = Tools(
            units=world.database,
            clock=world.clock,
            builder=world.builder,
            rooms=world.rooms,
            redact=redact,
            settings=load_settings(environment={}),
            time_zone_of=lambda _: "Asia/Tokyo",
        )

    @property
    def book(self) -> CommandBook:
        return CommandBook(self.tools, COMMANDS, FORMS)

    def says(self, line: str) -> str:
        message = self.book.run(self.caller, line).message
        return message.text if isinstance(message, Notice) else words_of(message)

    def channel(self) -> ChannelSettings:
        with self.world.database.read() as uow:
            return uow.preferences.channel(TEAM, CHANNEL)

    def chosen(self) -> PersonSettings:
        with self.world.database.read() as uow:
            return uow.preferences.person(TEAM, self.caller.actor.user_id)


def test_anybody_sees_the_handover_now_and_for_themselves(world: ScheduleWorld) -> None:
    world.incident("CheckoutHighErrorRate")
    assert "RCL-1 CheckoutHighErrorRate" in Desk(world).says("handover")
    assert world.chat.posts == []


def test_a_lead_sets_the_time_and_nobody_else(world: ScheduleWorld) -> None:
    assert "Only a lead" in Desk(world).says("handover 08:00")
    lead = Desk(world, LEAD)
    assert "posted here at 08:00 (UTC), first on Thursday" in lead.says("handover 8:00")
    assert lead.channel().handover == "08:00"
    assert ("T1/U0LEAD", "channel.handover") in world.audited()
    assert "No handover" in lead.says("handover off")
    assert lead.channel().handover == ""
    assert "no time of day" in lead.says("handover noon")


def test_a_time_that_has_just_passed_is_meant_for_tomorrow(world: ScheduleWorld) -> None:
    world.at("2026-11-20T08:30")
    Desk(world, LEAD).says("handover 08:00")
    world.strikes()
    assert world.boards() == []
    world.at("2026-11-21T08:00")
    world.strikes()
    assert len(world.boards()) == 1


def test_a_time_is_set_in_the_channel_that_is_to_be_told(world: ScheduleWorld) -> None:
    lead = Desk(world, LEAD)
    lead.caller = replace(lead.caller, at=Destination(TEAM, "D0LEAD"))
    assert "in the channel" in lead.says("handover 08:00")


def test_the_status_tells_what_was_held_back(world: ScheduleWorld) -> None:
    assert "held back" not in Desk(world).says("status")
    world.channel_chooses(posts_per_hour=1)
    for number in range(3):
        world.incident(f"Alert{number}")
    world.works()
    assert "2 held back in the last hour" in Desk(world).says("status")
    world.clock.advance(3_600)
    assert "held back" not in Desk(world).says("status")


def test_the_form_begins_with_the_zone_that_slack_knows(world: ScheduleWorld) -> None:
    desk = Desk(world)
    form = desk.book.open(desk.caller, "my_settings", "")
    assert {field.name: field.initial for field in form.fields} == {
        "time_zone": "Asia/Tokyo",
        "start": "",
        "end": "",
        "may_be_pinged": "yes",
        "reminders": "yes",
    }


def test_what_is_chosen_is_kept_for_the_caller_alone_and_shown_again(world: ScheduleWorld) -> None:
    desk = Desk(world)
    reply = desk.book.submit(desk.caller, "my_settings", "U0SOMEBODY", FILLED)
    assert reply.message == Notice(text="Your settings are saved.")
    chosen = desk.chosen()
    assert (chosen.quiet.time_zone, chosen.quiet.start, chosen.quiet.end) == (
        "Europe/Berlin",
        "22:00",
        "07:00",
    )
    assert (chosen.may_be_pinged, chosen.reminders) == (False, True)
    form = desk.book.open(desk.caller, "my_settings", "")
    assert [field.initial for field in form.fields] == [
        "Europe/Berlin",
        "22:00",
        "07:00",
        "no",
        "yes",
    ]
    assert ("T1/U0ALICE", "person.settings") in world.audited()
    assert Desk(world, "U0SOMEBODY").chosen() == PersonSettings()


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"time_zone": "Mars/Olympus"}, "time_zone"),
        ({"time_zone": ""}, "time_zone"),
        ({"start": "25:00"}, "start"),
        ({"end": "late"}, "end"),
        ({"end": ""}, "end"),
        ({"start": ""}, "start"),
    ],
)
def test_what_is_filled_in_wrong_is_told_at_its_field(
    world: ScheduleWorld, changed: dict[str, str], field: str
) -> None:
    desk = Desk(world)
    with pytest.raises(FieldErrors) as caught:
        desk.book.submit(desk.caller, "my_settings", "", {**FILLED, **changed})
    assert list(caught.value.errors) == [field]
    assert desk.chosen() == PersonSettings()


def test_a_handover_tells_the_snoozed_apart(world: ScheduleWorld) -> None:
    incident = world.incident("CertificateExpires")
    world.snoozes(incident, minutes=30)
    board = Desk(world).book.run(Desk(world).caller, "handover").message
    assert isinstance(board, Board)
    until = world.clock.now() + timedelta(minutes=30)
    assert f"snoozed until {until:%a %H:%M} (UTC)" in words_of(board)
