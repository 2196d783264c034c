"""A channel that is gone, closed to us or archived: one clear line, no loop, others go on."""

import logging
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bot.chat.messages import Notice
from bot.chat.ports import Destination
from bot.chat.sender import OutboxSender
from bot.chat.troubles import note_trouble, troubles
from bot.clock import ManualClock
from bot.doctor.model import Status
from bot.doctor.upkeep import check_upkeep
from bot.errors import ChatRefused
from bot.settings import load_settings
from bot.slack.client import SlackChat
from bot.slack.connect import web_client
from bot.slack.rooms import SlackRooms
from bot.store.database import Database
from bot.workspace.server import LocalWorkspace, Room
from tests.support.databases import sqlite_database
from tests.support.front_fakes import front


class World:
    def __init__(self, workspace: LocalWorkspace, database: Database, clock: ManualClock) -> None:
        self.workspace, self.database, self.clock = workspace, database, clock
        self.client = web_client(workspace.bot_token, base_url=workspace.api_url)
        self.sender = OutboxSender(database, SlackChat(self.client), clock)

    def to(self, channel: str) -> Destination:
        return Destination(self.workspace.team_id, self.workspace.channel_id(channel))

    def says(self, text: str, to: Destination, key: str = "") -> None:
        with self.database.begin() as uow:
            uow.outbox.put(key or text, to, Notice(text=text), self.clock.now())
        self.clock.advance(5)
        self.sender.run_once()

    def troubles(self) -> list[tuple[str, int, str]]:
        with self.database.read() as uow:
            return [(one.channel, one.messages, one.error) for one in troubles(uow)]

    def posts(self) -> int:
        """Calls that Slack got to see."""
        return sum(len(self.workspace.messages(name)) for name in ("incidents", "general"))


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    clock = ManualClock()
    rooms = [Room("incidents"), Room("general"), Room("canary", private=True)]
    workspace = LocalWorkspace(channels=rooms, clock=lambda: clock.now().timestamp())
    with workspace, sqlite_database(tmp_path, clock) as database:
        yield World(workspace, database, clock)


def kicked(world: World) -> Destination:
    world.workspace.user("alice").kicks("recall", "incidents")
    return world.to("incidents")


def archived(world: World) -> Destination:
    world.workspace.user("alice").archives("incidents")
    return world.to("incidents")


def deleted(world: World) -> Destination:
    return Destination(world.workspace.team_id, "C0DELETED")


def no_scope(world: World) -> Destination:
    world.workspace.faults.fail("chat.postMessage", "missing_scope", calls=3)
    return world.to("incidents")


def revoked(world: World) -> Destination:
    world.workspace.faults.fail("chat.postMessage", "token_revoked", calls=3)
    return world.to("incidents")


def removed(world: World) -> Destination:
    world.workspace.faults.fail("chat.postMessage", "account_inactive", calls=3)
    return world.to("incidents")


@pytest.mark.parametrize(
    ("happens", "advice"),
    [
        (kicked, "invite the bot"),
        (archived, "unarchive it"),
        (deleted, "check RECALL_SLACK_CHANNEL"),
        (no_scope, "add the scope"),
        (revoked, "install the app again"),
        (removed, "install it again"),
    ],
)
def test_one_clear_line_no_loop_and_other_channels_go_on(
    world: World, caplog, happens: Callable[[World], Destination], advice: str
):
    caplog.set_level(logging.ERROR)
    to = happens(world)
    for number in range(3):
        world.says(f"refused {number}", to)
    told = [record for record in caplog.records if record.name == "bot.chat.sender"]
    assert len(told) == 1
    assert advice in told[0].getMessage()
    ((channel, waiting, error),) = world.troubles()
    assert (channel, waiting) == (to.channel, 3)
    assert advice in error

    before = world.posts()
    for _ in range(20):  # an hour later nothing has been tried again
        world.clock.advance(180)
        assert world.sender.run_once() == 0
    assert world.posts() == before
    world.says("heard", world.to("general"))
    assert [message.text for message in world.workspace.messages("general")] == ["heard"]


def test_a_message_that_gets_through_ends_the_trouble(world: World, caplog):
    to = kicked(world)
    world.says("one", to)
    world.workspace.user("alice").invites("recall", "incidents")
    world.says("two", to)
    assert world.troubles() == []
    kicked(world)
    world.says("three", to)
    assert [waiting for _, waiting, _ in world.troubles()] == [1]
    told = [r for r in caplog.records if r.name == "bot.chat.sender" and r.levelno >= 40]
    assert len(told) == 2, "it is news again"


def test_what_was_refused_is_said_when_it_changes_after_the_invitation(world: World):
    to = kicked(world)
    world.says("firing", to, key="card:1")
    world.workspace.user("alice").invites("recall", "incidents")
    world.says("resolved", to, key="card:1")
    texts = [m.text for m in world.workspace.messages("incidents") if m.bot_id]
    assert texts == ["resolved"]


def test_doctor_and_health_name_the_channel_since_when_and_what_to_do(world: World):
    to = kicked(world)
    world.says("one", to)
    with world.database.begin() as uow:
        refusal = "Slack refused x: missing_scope; do it"
        note_trouble(uow, to.team_id, "C9", refusal, world.clock.now())
    checks = list(check_upkeep(world.database, load_settings(environment={})))
    problems = [check for check in checks if check.status is Status.PROBLEM]
    assert len(problems) == 2
    assert to.channel in problems[0].detail
    assert "since 2026-11-19 03:12 UTC, 1 not said" in problems[0].detail
    assert problems[0].advice == "invite the bot to the channel"
    assert problems[1].advice == "do it"
    with front(world.database, world.clock) as (client, _):
        told = client.get("/healthz").json()
        assert client.get("/readyz").status_code == 200, "it takes alerts all the same"
    assert told["status"] == "degraded"
    assert [one["channel"] for one in told["troubles"]["channels"]] == [to.channel, "C9"]


def test_a_channel_that_was_made_again_is_found_by_its_name(world: World):
    rooms = SlackRooms(world.client, "#incidents", None, world.clock)
    sender = OutboxSender(
        world.database, SlackChat(world.client), world.clock, on_refused=rooms.refused
    )
    first = rooms.default()
    assert first is not None
    world.workspace.user("alice").archives("incidents")
    with world.database.begin() as uow:
        uow.outbox.put("card:1", first.to, Notice(text="one"), world.clock.now())
    sender.run_once()
    with pytest.raises(ChatRefused, match="no channel #incidents"):
        rooms.default()
