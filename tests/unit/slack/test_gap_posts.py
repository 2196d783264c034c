"""What tools posted while the bot was deaf is read back as if it had been heard."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.alerts.model import AlertStatus
from bot.channels.model import Mode
from bot.clock import ManualClock
from bot.demo.text_card import message_text
from bot.incidents.model import Incident, IncidentState
from bot.slack.history import edited_post_at
from bot.workspace.driver import OtherApp
from bot.workspace.server import LocalWorkspace
from tests.support.databases import sqlite_database
from tests.support.rooms_world import RoomsWorld, seconds_of


@pytest.fixture
def world(tmp_path: Path) -> Iterator[RoomsWorld]:
    """Cards go to #incidents."""
    clock = ManualClock()
    with (
        LocalWorkspace(
            channels=("general", "incidents", "alerts"), clock=lambda: seconds_of(clock)
        ) as workspace,
        sqlite_database(tmp_path, clock) as database,
    ):
        yield RoomsWorld(workspace, database, clock, Mode.CARD)


@pytest.fixture
def tool(world: RoomsWorld) -> OtherApp:
    return world.workspace.other_app("alertmanager")


def firing(title: str = "[FIRING:1] CheckoutHighErrorRate checkout (prod critical)") -> Any:
    return ({"color": "danger", "title": title, "title_link": "https://am.example/#/alerts"},)


def over(title: str = "[RESOLVED] CheckoutHighErrorRate checkout (prod critical)") -> Any:
    return ({"color": "good", "title": title, "title_link": "https://am.example/#/alerts"},)


def incidents(world: RoomsWorld) -> list[Incident]:
    with world.database.read() as uow:
        return list(uow.incidents.list(100))


def goes_deaf(world: RoomsWorld) -> datetime:
    """All is settled; the moment from which nothing is heard any more."""
    world.waits(120)
    since = world.clock.now()
    world.clock.advance(60)
    return since


def hears_again(world: RoomsWorld, since: datetime) -> int:
    world.misses_all()
    world.clock.advance(60)
    return world.reads_back(since)


def test_an_alert_that_was_posted_meanwhile_opens_its_incident(
    world: RoomsWorld, tool: OtherApp
) -> None:
    since = goes_deaf(world)
    tool.posts("incidents", attachments=firing())
    tool.posts("incidents", "a chat about nothing")
    assert hears_again(world, since) == 1
    [incident] = incidents(world)
    assert incident.service == "checkout"
    said = sorted(message_text(m.blocks, m.text) for m in world.said_in("incidents"))
    assert len(said) == 2
    assert any("CheckoutHighErrorRate" in one for one in said)
    assert any("1 message replayed" in one for one in said)


def test_an_edit_to_resolved_that_was_missed_ends_the_incident(
    world: RoomsWorld, tool: OtherApp
) -> None:
    post = tool.posts("incidents", attachments=firing())
    world.settles()
    since = goes_deaf(world)
    tool.edits(post, attachments=over())
    assert hears_again(world, since) == 1
    [incident] = incidents(world)
    assert incident.state is IncidentState.RESOLVED


def test_an_edit_that_names_no_alert_any_more_ends_it_as_well(
    world: RoomsWorld, tool: OtherApp
) -> None:
    post = tool.posts("incidents", attachments=firing())
    world.settles()
    since = goes_deaf(world)
    tool.edits(post, attachments=(), text=":white_check_mark: Closed")
    hears_again(world, since)
    [incident] = incidents(world)
    assert incident.state is IncidentState.RESOLVED


def test_what_began_and_ended_while_deaf_opens_nothing(world: RoomsWorld, tool: OtherApp) -> None:
    since = goes_deaf(world)
    post = tool.posts("incidents", attachments=firing())
    world.clock.advance(30)
    tool.edits(post, attachments=over())
    hears_again(world, since)
    assert incidents(world) == []


def test_what_was_heard_in_time_is_not_taken_in_again(world: RoomsWorld, tool: OtherApp) -> None:
    post = tool.posts("incidents", attachments=firing())
    world.settles()
    other = tool.posts("incidents", attachments=firing("[FIRING:1] OrdersDbSlow orders-db (prod)"))
    tool.edits(other, attachments=over("[RESOLVED] OrdersDbSlow orders-db (prod)"))
    world.settles()
    before = incidents(world)
    assert world.reads_back(world.clock.now() - timedelta(minutes=1)) == 0
    assert incidents(world) == before
    with world.database.read() as uow:
        told = uow.placements.told(world.workspace.team_id, post.channel, post.ts)
    assert set(told.values()) == {AlertStatus.FIRING}


def test_reading_back_twice_has_no_second_effect(world: RoomsWorld, tool: OtherApp) -> None:
    since = goes_deaf(world)
    tool.posts("incidents", attachments=firing())
    assert hears_again(world, since) == 1
    before = incidents(world)
    world.clock.advance(5)
    assert world.reads_back(since) == 0
    assert incidents(world) == before


def test_a_late_delivery_after_it_was_read_back_has_no_second_effect(
    world: RoomsWorld, tool: OtherApp
) -> None:
    since = goes_deaf(world)
    tool.posts("incidents", attachments=firing())
    late = world.workspace.deliveries[-1].payload
    hears_again(world, since)
    before = incidents(world)
    world.hears_body(late)
    world.settles()
    assert incidents(world) == before


def test_channels_that_nobody_watches_and_private_ones_stay_unread(
    world: RoomsWorld, tool: OtherApp
) -> None:
    world.chooses("general", Mode.OFF)
    room = world.person().creates_channel("secret-alerts", private=True)
    world.person().invites("recall", room.name)
    world.settles()
    world.chooses(room.name, Mode.CARD)
    since = goes_deaf(world)
    tool.posts("general", attachments=firing())
    tool.posts(room.name, attachments=firing())
    assert hears_again(world, since) == 0
    assert incidents(world) == []


def test_where_answers_stand_in_threads_the_missed_post_gets_its_answer(
    world: RoomsWorld, tool: OtherApp
) -> None:
    world.chooses("alerts", Mode.THREAD)
    since = goes_deaf(world)
    post = tool.posts("alerts", attachments=firing())
    hears_again(world, since)
    assert len(world.replies_under(post, "alerts")) == 1


@pytest.mark.parametrize(
    ("message", "at"),
    [
        ({"bot_id": "B1", "edited": {"user": "U1", "ts": "12.5"}}, 12.5),
        ({"subtype": "bot_message", "edited": {"ts": "12.5"}}, 12.5),
        ({"user": "U1", "edited": {"user": "U1", "ts": "12.5"}}, 0.0),
        ({"bot_id": "B1"}, 0.0),
        ({"bot_id": "B1", "edited": {"ts": "soon"}}, 0.0),
        ({"bot_id": "B1", "edited": {"ts": [1]}}, 0.0),
        ({"bot_id": "B1", "edited": "12.5"}, 0.0),
    ],
)
def test_when_an_app_edited_its_post(message: dict[str, Any], at: float) -> None:
    assert edited_post_at(message) == at
