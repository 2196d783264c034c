"""Who may say what, and what a typing mistake is told."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.commands import COMMANDS
from bot.commands.model import Caller
from bot.commands.parsing import LONGEST, length_of, mistyped_key, nearest, split_key
from bot.people.model import Actor, Role, RoleBook
from tests.support.desk import Desk
from tests.support.slack_world import TEAM


def in_its_own_channel(desk: Desk) -> Caller:
    """Somebody in the channel of the one incident there is, where its key can be left out."""
    incident = desk.fires("CheckoutDown")
    assert incident is not None
    with desk.database.begin() as uow:
        uow.placements.dedicate(TEAM, "C0INC", incident.id, desk.clock.now())
    return desk.caller("bob", channel="C0INC")


def test_help_lists_what_can_be_said(desk: Desk) -> None:
    told = desk.says("help")
    assert "/recall status [RCL-12] | which incidents are open" in told
    assert desk.says("") == told


def test_help_shows_what_this_person_may_do_and_no_more(desk: Desk) -> None:
    responder = desk.says("help")
    lead = desk.says("help", desk.caller(role=Role.LEAD))
    assert "/recall settings [me]" in responder
    assert "shadow | thread | card" not in responder
    assert "/recall settings off | shadow | thread | card" in lead
    assert "08:00" not in responder
    assert "/recall handover 08:00 | off" in lead
    assert set(responder.splitlines()) < set(lead.splitlines())


def test_help_leaves_out_what_is_not_set_up(desk: Desk) -> None:
    assert "/recall act" not in desk.says("help", desk.caller(role=Role.ADMIN)).replace(
        "/recall ack", ""
    )


def test_help_tells_of_one_command(desk: Desk) -> None:
    told = desk.says("help ack")
    assert "/recall ack [RCL-12] | you take the incident on" in told
    assert "/recall status" not in told
    assert desk.says("help /recall ack") == told
    assert "Did you mean /recall help status?" in desk.says("help stauts")


@pytest.mark.parametrize(
    ("line", "meant"),
    [
        ("ack RLC-7", "/recall ack RCL-7?"),
        ("ack RCK-7", "/recall ack RCL-7?"),
        ("ack RCCL-7", "/recall ack RCL-7?"),
        ("resolve RLC-7 restarted it", "/recall resolve RCL-7 restarted it?"),
        ("snooze rlc7: 2h", "/recall snooze RCL-7: 2h?"),
        ("RCL-7", "/recall status RCL-7?"),
        ("rlc-7", "/recall status RCL-7?"),
    ],
)
def test_a_mistyped_key_is_never_taken_for_the_incident_of_the_place(
    desk: Desk, line: str, meant: str
) -> None:
    there = in_its_own_channel(desk)
    before = desk.incident("RCL-1")
    assert f"Did you mean {meant}" in desk.says(line, there)
    assert desk.incident("RCL-1") == before


@pytest.mark.parametrize("line", ["ack INC-87", "record PD-4"])
def test_another_tools_key_is_no_incident_of_ours(desk: Desk, line: str) -> None:
    there = in_its_own_channel(desk)
    assert "no incident of mine" in desk.says(line, there)
    assert desk.incident("RCL-1").owner is None


def test_a_number_in_what_fixed_it_is_no_key(desk: Desk) -> None:
    there = in_its_own_channel(desk)
    assert "RCL-1 is resolved" in desk.says("resolve rc-2 was rolled back", there)


@pytest.mark.parametrize(
    ("line", "meant"),
    [
        ("settings crad", "/recall settings card?"),
        ("actions stpo", "/recall actions stop?"),
        ("settings mee", "/recall settings me?"),
    ],
)
def test_a_mistake_behind_a_command_gets_a_suggestion_as_well(
    desk: Desk, line: str, meant: str
) -> None:
    assert f"Did you mean {meant}" in desk.says(line, desk.caller(role=Role.LEAD))


def test_words_that_are_no_command_are_offered_as_a_question(desk: Desk) -> None:
    told = desk.says("checkout is slow")
    assert "/recall ask checkout is slow" in told


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
        ("RCL7", "RCL-7", ""),
        ("rcl_7: done", "RCL-7", "done"),
        ("rcl 7 2h", "RCL-7", "2h"),
        ("RLC-7", None, "RLC-7"),
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


@given(st.text(max_size=60))
def test_any_words_have_a_mistyped_key_or_none(words: str) -> None:
    meant = mistyped_key(words)
    assert meant is None or split_key(meant)[0] == meant
    assert meant is None or split_key(words)[0] is None


@pytest.mark.parametrize(
    "words", ["RCL-7", "rc-7", "INC-7", "acl-7", "v2", "node-7", "2h", "rlc", "RLC-0", "rlc-7b"]
)
def test_what_people_number_besides_is_no_mistyped_key(words: str) -> None:
    assert mistyped_key(words) is None


def test_nothing_near_is_nothing() -> None:
    assert nearest("xyzzy", COMMANDS) is None


def test_a_guest_is_one_whatever_the_configuration_names() -> None:
    carol, alice = Actor("T1", "U0CAROL"), Actor("T1", "U0ALICE")
    roles = RoleBook([carol.key], [alice.key], lambda actor: actor == carol)
    assert roles.role_of(carol) is Role.GUEST
    assert roles.role_of(alice) is Role.ADMIN
