"""Who may say what, and what a typing mistake is told."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.commands import COMMANDS
from bot.commands.parsing import LONGEST, length_of, nearest, split_key
from bot.people.model import Actor, Role, RoleBook
from tests.support.desk import Desk


def test_help_lists_what_can_be_said(desk: Desk) -> None:
    told = desk.says("help")
    assert "/recall status [RCL-12] | which incidents are open" in told
    assert desk.says("") == told


@pytest.mark.parametrize(
    ("typed", "meant"), [("stauts", "status"), ("acknowledge", "ack"), ("seting", "settings")]
)
def test_a_typing_mistake_gets_a_suggestion(desk: Desk, typed: str, meant: str) -> None:
    assert f"/recall {meant}" in desk.says(typed)


def test_the_rest_of_a_mistyped_line_is_kept(desk: Desk) -> None:
    assert "/recall merge RCL-1 RCL-2?" in desk.says("mrege RCL-1 RCL-2")


def test_what_is_no_command_at_all_is_told_where_to_look(desk: Desk) -> None:
    assert "/recall help" in desk.says("xyzzy the database is slow")


@pytest.mark.parametrize("line", ["help", "status", "ack RCL-1", "quiet", "settings card"])
def test_a_guest_and_a_shared_channel_are_told_nothing(desk: Desk, line: str) -> None:
    desk.fires("CheckoutDown")
    guest = desk.says(line, desk.caller("carol", Role.GUEST))
    shared = desk.says(line, desk.caller(is_shared=True))
    assert "Guests hold no role" in guest
    assert "shared with another organisation" in shared
    assert "CheckoutDown" not in guest + shared
    assert desk.incident("RCL-1").owner is None


@pytest.mark.parametrize("name", sorted(COMMANDS))
@pytest.mark.parametrize("words", ["", "RCL-1", "RCL-99", "RCL-1 x", "\x00 <!channel>", "9" * 400])
def test_every_command_answers_whatever_follows_it(desk: Desk, name: str, words: str) -> None:
    desk.fires("CheckoutDown")
    reply = desk.book.run(desk.caller(role=Role.ADMIN), f"{name} {words}")
    assert reply.message is not None or reply.opens is not None


@pytest.mark.parametrize(
    ("typed", "key", "rest"),
    [
        ("RCL-12 done", "RCL-12", "done"),
        ("rcl-12", "RCL-12", ""),
        ("12 2h", "RCL-12", "2h"),
        ("#7", "RCL-7", ""),
        ("INC-87", None, "INC-87"),
        ("RCL-0", None, "RCL-0"),
        ("12h", None, "12h"),
        ("", None, ""),
    ],
)
def test_a_key_is_read_off_the_beginning(typed: str, key: str | None, rest: str) -> None:
    assert split_key(typed) == (key, rest)


@pytest.mark.parametrize(
    ("typed", "minutes"),
    [("30m", 30), ("2h", 120), ("2 hours", 120), ("1d", 1440), ("45", 45), ("14 days", 20160)],
)
def test_a_length_of_time_is_read(typed: str, minutes: int) -> None:
    assert length_of(typed) == timedelta(minutes=minutes)


@given(st.text(max_size=30))
def test_any_words_are_a_length_within_bounds_or_none(words: str) -> None:
    length = length_of(words)
    assert length is None or timedelta(0) < length <= LONGEST


@given(st.text(max_size=60))
def test_any_words_have_a_key_and_a_rest_or_a_rest_alone(words: str) -> None:
    key, rest = split_key(words)
    assert rest in words
    assert key is None or key.startswith("RCL-")


def test_nothing_near_is_nothing() -> None:
    assert nearest("xyzzy", COMMANDS) is None


def test_a_guest_is_one_whatever_the_configuration_names() -> None:
    carol, alice = Actor("T1", "U0CAROL"), Actor("T1", "U0ALICE")
    roles = RoleBook([carol.key], [alice.key], lambda actor: actor == carol)
    assert roles.role_of(carol) is Role.GUEST
    assert roles.role_of(alice) is Role.ADMIN
