"""Snoozing an incident, and what wakes it."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.channels.model import PersonSettings, QuietHours
from bot.chat.forms import Form
from bot.chat.messages import Notice
from bot.commands.model import FieldErrors, Refused
from bot.commands.snoozing import end_of, split_length
from tests.support.ending_desk import Desk

NIGHT = datetime(2026, 11, 19, 3, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("2h waiting for the DBA", ("2h", "waiting for the DBA")),
        ("30 min", ("30 min", "")),
        ("1 day because", ("1 day", "because")),
        ("tomorrow", ("tomorrow", "")),
        ("whenever", ("", "whenever")),
    ],
)
def test_the_length_comes_first_and_the_rest_is_why(words: str, told: tuple[str, str]) -> None:
    assert split_length(words) == told


def test_tomorrow_is_nine_in_the_persons_own_morning() -> None:
    assert end_of("tomorrow", NIGHT, "Europe/Berlin") == datetime(2026, 11, 20, 8, tzinfo=UTC)
    assert end_of("tomorrow", NIGHT, "America/New_York") == datetime(2026, 11, 19, 14, tzinfo=UTC)


@given(st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC)))
def test_tomorrow_is_always_ahead_and_within_two_days(now: datetime) -> None:
    until = end_of("tomorrow", now, "Pacific/Auckland")
    assert until is not None
    assert timedelta(0) < until - now < timedelta(days=2)


def test_a_snoozed_card_says_so_until_the_time_is_over(desk: Desk) -> None:
    desk.incident_with_a_card()
    now = desk.world.clock.now()
    said = desk.told("snooze RCL-1 2h waiting for the DBA")
    assert "no reminders until then" in said
    assert desk.incident().snoozed_until == now + timedelta(hours=2)
    assert desk.world.card().snoozed_until == now + timedelta(hours=2)
    desk.world.clock.advance(2 * 3_600)
    desk.work()
    assert desk.world.card().snoozed_until is None
    assert ("T1/U0ALICE", "incident.snoozed") in desk.world.audited()


def test_without_a_length_a_form_asks_and_knows_the_persons_zone(desk: Desk) -> None:
    desk.incident_with_a_card()
    zone = PersonSettings(quiet=QuietHours(time_zone="Europe/Berlin"))
    with desk.world.database.begin() as uow:
        uow.preferences.save_person(
            "T1", "U0ALICE", zone, actor="T1/U0ALICE", now=desk.world.clock.now()
        )
    form = desk.runs("snooze")
    assert isinstance(form, Form)
    with pytest.raises(FieldErrors, match="Choose for how long"):
        desk.submits(form, {"length": ""})
    said = desk.submits(form, {"length": "tomorrow", "why": "asleep"})
    assert isinstance(said, Notice)
    assert "until Fri 20 Nov 09:00 (Europe/Berlin)" in said.text
    assert desk.incident().snoozed_until == datetime(2026, 11, 20, 8, tzinfo=UTC)


def test_what_is_over_is_not_snoozed(desk: Desk) -> None:
    desk.incident_with_a_card()
    desk.told("resolve RCL-1 done")
    assert "resolved already" in desk.told("snooze RCL-1 2h")
    with pytest.raises(Refused):
        desk.opens("snooze")


def test_a_length_that_is_none_is_told(desk: Desk) -> None:
    desk.incident_with_a_card()
    assert "Say for how long" in desk.told("snooze RCL-1 whenever")
