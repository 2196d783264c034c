"""What people write in an incident's channel, proposed for the timeline and never put there by
itself."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.channels.model import Mode, QuietHours
from bot.clock import ManualClock
from bot.demo.text_card import message_text
from bot.workspace.model import Message
from bot.workspace.server import LocalWorkspace
from tests.support.databases import sqlite_database
from tests.support.rooms_world import RoomsWorld, seconds_of

ROOM = "inc-rcl-1"
_TURN = 2.0


@pytest.fixture
def world(tmp_path: Path) -> Iterator[RoomsWorld]:
    clock = ManualClock()
    with (
        LocalWorkspace(
            users=("alice", "bob"), channels=("incidents",), clock=lambda: seconds_of(clock)
        ) as workspace,
        sqlite_database(tmp_path, clock) as database,
    ):
        world = RoomsWorld(workspace, database, clock)
        world.alert_fires()
        world.person("alice").creates_channel(ROOM)
        world.settles()
        world.person("bob").joins(ROOM)
        world.settles()
        yield world


def lines(world: RoomsWorld) -> list[Message]:
    """The bot's messages under the card."""
    [card] = world.said_in(ROOM)
    bot = world.workspace.bot.id
    return [one for one in world.workspace.thread(ROOM, card.ts) if one.user == bot][1:]


def line(world: RoomsWorld) -> Message:
    [only] = lines(world)
    return only


def shows(world: RoomsWorld) -> str:
    only = line(world)
    return message_text(only.blocks, only.text)


def says(world: RoomsWorld, text: str, name: str = "alice", **more: str) -> Message:
    said = world.person(name).says(ROOM, text, **more)
    world.waits(_TURN)
    return said


def presses(world: RoomsWorld, label: str, name: str = "bob") -> None:
    world.person(name).clicks(line(world), label)
    world.settles()
    world.waits(_TURN)  # one message a second and channel


def timeline(world: RoomsWorld) -> list[str]:
    return [entry.text for entry in world.timeline("RCL-1") if entry.data.get("cue")]


def test_one_press_puts_it_into_the_timeline(world: RoomsWorld) -> None:
    says(world, "ok, we rolled back checkout to 1.4.1")
    assert "rolled back, says alice" in shows(world)
    assert timeline(world) == []
    presses(world, "Add to timeline")
    assert timeline(world) == ["alice: ok, we rolled back checkout to 1.4.1"]
    assert "In the timeline: rolled back, alice; added by bob." in shows(world)
    assert "timeline.add" in world.audited()


def test_what_only_sounds_like_it_is_not_even_put_on_record(world: RoomsWorld) -> None:
    before = world.kept_items
    for text in ("should we roll back?", "rollback didn't help", "we don't know the root cause"):
        says(world, text)
    assert lines(world) == []
    assert world.kept_items == before


def test_a_reply_under_the_card_counts_as_well(world: RoomsWorld) -> None:
    [card] = world.said_in(ROOM)
    says(world, "restarted the workers", "bob", thread_ts=card.ts)
    assert "restarted, says bob" in shows(world)


def test_never_more_than_one_is_open(world: RoomsWorld) -> None:
    says(world, "restarted the workers")
    says(world, "we rolled back", "bob")
    says(world, "root cause was the connection leak in report-worker")
    assert "restarted, says alice" in shows(world)
    presses(world, "Add to timeline")
    assert "rolled back, says bob" in shows(world)
    presses(world, "Leave out", "alice")
    assert "the cause, says alice" in shows(world)
    presses(world, "Add to timeline")
    assert timeline(world) == [
        "alice: restarted the workers",
        "alice: root cause was the connection leak in report-worker",
    ]
    assert "timeline.left_out" in world.audited()


def test_it_is_one_message_however_much_is_written(world: RoomsWorld) -> None:
    for number in range(6):
        says(world, f"scaled checkout to {number + 12} replicas")
        presses(world, "Add to timeline")
    assert len(lines(world)) == 1
    assert len(timeline(world)) == 6


def test_an_edit_that_takes_it_back_withdraws_the_proposal(world: RoomsWorld) -> None:
    said = says(world, "we rolled back")
    world.person("alice").edits(said, "we have not rolled back yet")
    world.settles()
    assert "Withdrawn" in shows(world)
    assert "Add to timeline" not in shows(world)


def test_a_deleted_message_withdraws_the_proposal(world: RoomsWorld) -> None:
    said = says(world, "we rolled back")
    world.person("alice").deletes(said)
    world.settles()
    assert "Withdrawn" in shows(world)


def test_what_was_kept_follows_edits_and_deletion(world: RoomsWorld) -> None:
    said = says(world, "we rolled back")
    presses(world, "Add to timeline")
    world.person("alice").edits(said, "we rolled back to 1.4.1")
    world.settles()
    assert timeline(world) == ["alice: we rolled back to 1.4.1"]
    world.person("alice").deletes(said)
    world.settles()
    assert timeline(world) == ["alice: deleted by its author"]


def test_a_press_on_what_was_edited_unheard_keeps_nothing(world: RoomsWorld) -> None:
    said = says(world, "we rolled back")
    world.person("alice").edits(said, "did NOT roll back")
    world.misses_all()
    presses(world, "Add to timeline")
    assert timeline(world) == []
    assert "Withdrawn" in shows(world)


def test_anybody_takes_a_wrong_one_out_again(world: RoomsWorld) -> None:
    says(world, "we rolled back")
    presses(world, "Add to timeline", "bob")
    presses(world, "Take it out", "alice")
    assert timeline(world) == []
    assert "Taken out" in shows(world)


def test_two_who_press_at_once_put_it_there_once(world: RoomsWorld) -> None:
    says(world, "we rolled back")
    shown = line(world)
    world.person("alice").clicks(shown, "Add to timeline")
    world.person("bob").clicks(shown, "Leave out")
    world.settles()
    assert timeline(world) == ["alice: we rolled back"]
    assert "button.refused" in world.audited()


def test_said_again_by_a_redelivery_it_is_proposed_once(world: RoomsWorld) -> None:
    says(world, "we rolled back")
    presses(world, "Leave out")
    said = [one for one in world.workspace.deliveries if "rolled back" in str(one.payload)]
    world.hears_body(next(one.payload for one in said if one.kind == "events_api"))
    world.settles()
    assert "Left out" in shows(world)


def test_a_pinned_message_is_not_proposed(world: RoomsWorld) -> None:
    said = world.person("alice").says(ROOM, "we rolled back")
    world.person("bob").reacts(said, "pushpin")
    world.misses_all()
    events = [one.payload for one in world.workspace.deliveries if one.kind == "events_api"]
    for payload in reversed(events[-2:]):
        world.hears_body(payload)
    world.settles()
    assert lines(world) == []


@pytest.mark.parametrize(
    ("mode", "more"),
    [
        (Mode.SHADOW, {}),
        (Mode.OFF, {}),
        (Mode.CARD, {"cues": False}),
        (Mode.CARD, {"quiet": QuietHours(start="00:00", end="23:59")}),
    ],
)
def test_where_it_is_not_wanted_nothing_is_proposed(
    world: RoomsWorld, mode: Mode, more: dict[str, object]
) -> None:
    world.chooses(ROOM, mode, **more)
    says(world, "we rolled back")
    assert lines(world) == []


def test_a_channel_that_spoke_enough_is_left_alone_for_now(world: RoomsWorld) -> None:
    world.chooses(ROOM, Mode.CARD, posts_per_hour=1)
    says(world, "we rolled back")
    assert lines(world) == []
    world.waits(3_700)
    assert "rolled back" in shows(world)


def test_in_other_channels_nobody_is_read(world: RoomsWorld) -> None:
    before = world.kept_items
    world.person("alice").says("incidents", "we rolled back")
    world.settles()
    assert world.kept_items == before


def test_another_bot_proposes_nothing(world: RoomsWorld) -> None:
    world.workspace.other_app("deployer").posts(ROOM, "Rolled back checkout to 1.4.1")
    world.settles()
    assert lines(world) == []


def test_a_guest_presses_and_nothing_happens_but_an_entry_on_the_record(world: RoomsWorld) -> None:
    world.workspace.add_user("carol", guest=True).joins(ROOM)
    says(world, "we rolled back")
    presses(world, "Add to timeline", "carol")
    assert timeline(world) == []
    assert world.audited().count("button.refused") == 1
    presses(world, "Add to timeline", "bob")
    assert timeline(world) == ["alice: we rolled back"]


def test_a_press_from_another_workspace_is_refused(world: RoomsWorld) -> None:
    says(world, "we rolled back")
    delivery = world.person("bob").clicks(line(world), "Add to timeline")
    world.misses_all()
    body = delivery.payload
    world.hears_body({**body, "user": {**body["user"], "team_id": "T0OTHER"}})
    assert timeline(world) == []
    assert world.audited().count("button.refused") == 1


def test_a_made_up_token_is_refused(world: RoomsWorld) -> None:
    says(world, "we rolled back")
    delivery = world.person("bob").clicks(line(world), "Add to timeline")
    world.misses_all()
    body = delivery.payload
    [action] = body["actions"]
    for forged in ("", "yes", "RCL-1"):
        world.hears_body({**body, "actions": [{**action, "value": forged}]})
    assert timeline(world) == []
    assert world.audited().count("button.refused") == 3
