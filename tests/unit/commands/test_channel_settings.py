"""How far the bot is switched on in a channel, and who may change it."""

from datetime import timedelta

import pytest

from bot.channels.model import Mode
from bot.commands.model import FieldErrors, Refused
from bot.people.model import Role
from tests.support.desk import Desk
from tests.support.grading import graded_week
from tests.support.slack_world import CHANNEL, TEAM


def chosen(desk: Desk, channel: str = CHANNEL):
    with desk.database.read() as uow:
        return uow.preferences.channel(TEAM, channel)


def test_without_a_word_the_channel_is_in_shadow(desk: Desk) -> None:
    told = desk.says("settings")
    assert "shadow (the default)" in told
    assert "Too few to go by" in told


def test_an_incidents_own_channel_says_that_it_has_a_card(desk: Desk) -> None:
    incident = desk.fires("CheckoutDown")
    assert incident is not None
    with desk.database.begin() as uow:
        uow.placements.dedicate(TEAM, "C0INC", incident.id, desk.clock.now())
    assert "card (the default)" in desk.says("settings", desk.caller(channel="C0INC"))
    assert "shadow (the default)" in desk.says("settings")


@pytest.mark.parametrize(
    ("right", "interval", "told"),
    [
        (38, "83% to 99%", "The numbers speak for going on to thread or card."),
        (22, "40% to 69%", "The numbers speak for staying in shadow"),
        (33, "68% to 91%", "Not clear yet"),
    ],
)
def test_a_graded_week_says_what_its_numbers_speak_for(
    desk: Desk, right: int, interval: str, told: str
) -> None:
    week = {"right": right, "wrong": 39 - right, "silent": 1, "ungraded": 20}
    graded_week(desk.database, TEAM, CHANNEL, desk.clock.now(), **week)
    page = desk.says("settings", desk.caller("lena", Role.LEAD))
    assert "incidents spoken of | 60 in 6.0 days, 10.0 a day" in page
    assert f"graded right | {right} of 40 ({right / 40:.0%}; 95 % interval {interval})" in page
    assert "better silent | 1 of 40" in page
    assert told in page
    assert "Too few" in desk.says("settings", desk.caller(channel="C2")), "another channel's week"


def test_a_lead_switches_it_on_and_a_responder_cannot(desk: Desk) -> None:
    assert "Only a lead" in desk.says("settings card")
    assert chosen(desk).mode is None
    told = desk.says("settings card", desk.caller("lena", Role.LEAD))
    assert "one card an incident" in told
    assert chosen(desk).mode is Mode.CARD
    assert "channel.settings" in desk.audited()


def test_everybody_mutes_at_once_and_ends_it(desk: Desk) -> None:
    assert "Quiet here until Thu 19 Nov 05:12 (UTC)" in desk.says("quiet 2h")
    assert chosen(desk).quiet_until == desk.clock.now() + timedelta(hours=2)
    desk.says("quiet off")
    assert chosen(desk).quiet_until is None
    assert "Say for how long" in desk.says("quiet for ever")


def test_a_mute_is_told_by_the_clocks_of_the_channel(desk: Desk) -> None:
    lead = desk.caller("lena", Role.LEAD)
    desk.book.submit(lead, "channel_settings", CHANNEL, filled(time_zone="Europe/Berlin"))
    assert "until Thu 19 Nov 06:12 (Europe/Berlin)" in desk.says("quiet 2h")
    assert "muted until Thu 19 Nov 06:12 (Europe/Berlin)" in desk.says("settings")


def test_shadow_without_a_shadow_channel_is_told(desk: Desk) -> None:
    told = desk.says("settings shadow", desk.caller("lena", Role.LEAD))
    assert "No shadow channel is set" in told


def test_what_one_chose_for_oneself_stands_there_and_opens(desk: Desk) -> None:
    assert "Your settings" in desk.says("settings")
    assert "never quiet" in desk.says("settings")
    reply = desk.book.run(desk.caller(), "settings me")
    assert reply.opens is not None
    assert reply.opens.title == "Your settings"


def filled(**changes: str):
    return {
        "mode": "thread",
        "services": "checkout, orders-db",
        "least_severity": "high",
        "posts_per_hour": "6",
        "may_ping": "owner",
        "quiet_hours": "22:00 - 07:00",
        "time_zone": "Europe/Berlin",
        "handover": "09:00",
        "cues": "yes",
        "shadow_channel": "",
        **changes,
    }


def test_the_form_shows_what_is_in_force_and_takes_what_is_filled_in(desk: Desk) -> None:
    lead = desk.caller("lena", Role.LEAD)
    desk.book.submit(lead, "channel_settings", CHANNEL, filled())
    settings = chosen(desk)
    assert settings.mode is Mode.THREAD
    assert settings.services == ("checkout", "orders-db")
    assert (settings.quiet.start, settings.quiet.end) == ("22:00", "07:00")
    assert settings.posts_per_hour == 6
    form = desk.book.open(lead, "channel_settings", CHANNEL)
    shown = {field.name: field.initial for field in form.fields}
    assert shown == filled(quiet_hours="22:00-07:00")


@pytest.mark.parametrize(
    ("field", "typed", "told"),
    [
        ("posts_per_hour", "many", "integer"),
        ("posts_per_hour", "0", "greater than or equal to 1"),
        ("quiet_hours", "late-early", "no time of day"),
        ("time_zone", "Berlin", "no time zone"),
        ("time_zone", "../../etc/passwd", "no time zone"),
        ("handover", "9", "no time of day"),
    ],
)
def test_a_mistake_stands_next_to_its_field(desk: Desk, field: str, typed: str, told: str) -> None:
    lead = desk.caller("lena", Role.LEAD)
    with pytest.raises(FieldErrors) as refused:
        desk.book.submit(lead, "channel_settings", CHANNEL, filled(**{field: typed}))
    assert list(refused.value.errors) == [field]
    assert told in refused.value.errors[field]
    assert chosen(desk).mode is None


def test_the_form_is_for_leads(desk: Desk) -> None:
    with pytest.raises(Refused, match="Only a lead"):
        desk.book.open(desk.caller(), "channel_settings", CHANNEL)
    with pytest.raises(Refused, match="Only a lead"):
        desk.book.submit(desk.caller(), "channel_settings", CHANNEL, filled())
