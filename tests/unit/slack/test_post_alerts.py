"""Alerts that tools post in watched channels: read once, ended by an edit or a second post."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bot.alerts.model import Alert, AlertStatus, Severity
from bot.channels.model import Mode
from bot.clock import ManualClock
from bot.incidents.model import Incident, IncidentState
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
    return [{"color": "danger", "title": title, "title_link": "https://am.example/#/alerts"}]


def over(title: str = "[RESOLVED] CheckoutHighErrorRate checkout (prod critical)") -> Any:
    return [{"color": "good", "title": title, "title_link": "https://am.example/#/alerts"}]


def incidents(world: RoomsWorld) -> list[Incident]:
    with world.database.read() as uow:
        return list(uow.incidents.list(100))


def webhook(world: RoomsWorld, status: AlertStatus = AlertStatus.FIRING, **changes: Any) -> None:
    """The same alert comes from Alertmanager itself."""
    values: dict[str, Any] = {
        "source": "alertmanager",
        "fingerprint": "alertmanager:1:abc",
        "name": "CheckoutHighErrorRate",
        "status": status,
        "severity": Severity.CRITICAL,
        "summary": "Checkout fails",
        "labels": {"service": "checkout", "env": "prod", "cluster": "eu-1"},
        **changes,
    }
    with world.database.begin() as uow:
        world.intake.hear(uow, [Alert(**values)], world.clock.now())
    world.settles()


def test_a_tool_posts_and_the_channel_sees_a_card(world: RoomsWorld, tool: OtherApp) -> None:
    tool.posts("incidents", attachments=firing())
    world.settles()
    [incident] = incidents(world)
    assert incident.service == "checkout"
    assert incident.severity is Severity.CRITICAL
    assert "CheckoutHighErrorRate" in world.card_in("incidents")


def test_an_edit_to_resolved_ends_the_incident(world: RoomsWorld, tool: OtherApp) -> None:
    post = tool.posts("incidents", attachments=firing())
    world.settles()
    world.clock.advance(60)
    tool.edits(post, attachments=tuple(over()))
    world.settles()
    [incident] = incidents(world)
    assert incident.state is IncidentState.RESOLVED


def test_a_second_post_ends_it_as_well(world: RoomsWorld, tool: OtherApp) -> None:
    tool.posts("incidents", attachments=firing())
    world.settles()
    world.clock.advance(60)
    tool.posts("incidents", attachments=over("[RESOLVED] CheckoutHighErrorRate checkout (prod)"))
    world.settles()
    [incident] = incidents(world)
    assert incident.state is IncidentState.RESOLVED


@pytest.mark.parametrize(
    "fields",
    [
        {"attachments": tuple(over("[RESOLVED] All is well with the shop"))},
        {"attachments": ({"text": "Resolved by alice", "color": "#8d8d8d"},)},
        {"attachments": (), "text": ":white_check_mark: Closed"},
    ],
)
def test_an_edit_is_about_the_posts_alert_however_it_is_titled(
    world: RoomsWorld, tool: OtherApp, fields: Any
) -> None:
    post = tool.posts("incidents", attachments=firing())
    world.settles()
    tool.edits(post, **fields)
    world.settles()
    [incident] = incidents(world)
    assert incident.state is IncidentState.RESOLVED


def test_the_webhook_and_then_the_post_are_one_incident(world: RoomsWorld, tool: OtherApp) -> None:
    webhook(world)
    world.clock.advance(20)
    tool.posts("incidents", attachments=firing())
    world.settles()
    [incident] = incidents(world)
    assert incident.environment == "prod/eu-1"
    assert "told by another tool" in str(world.timeline(incident.key))


def test_the_post_and_then_the_webhook_are_one_incident(world: RoomsWorld, tool: OtherApp) -> None:
    tool.posts("incidents", attachments=firing("[FIRING:1] CheckoutHighErrorRate"))
    world.settles()
    webhook(world, group_key="Alertmanager's own")
    [incident] = incidents(world)
    assert (incident.service, incident.environment) == ("checkout", "prod/eu-1")


def test_a_reminder_hours_later_opens_no_second_incident(world: RoomsWorld, tool: OtherApp) -> None:
    webhook(world)
    world.clock.advance(4 * 3600)
    tool.posts("incidents", attachments=firing())
    world.settles()
    assert len(incidents(world)) == 1


def test_what_the_webhook_ends_is_over_whatever_the_post_says(
    world: RoomsWorld, tool: OtherApp
) -> None:
    webhook(world)
    tool.posts("incidents", attachments=firing())
    world.settles()
    world.clock.advance(60)
    webhook(world, AlertStatus.RESOLVED)
    [incident] = incidents(world)
    assert incident.state is IncidentState.RESOLVED


def test_a_post_stands_for_what_still_fires_of_its_rule(world: RoomsWorld, tool: OtherApp) -> None:
    webhook(world)
    webhook(world, fingerprint="alertmanager:1:other")
    tool.posts("incidents", attachments=firing())
    world.settles()
    webhook(world, AlertStatus.RESOLVED)
    [incident] = incidents(world)
    assert incident.state is IncidentState.OPEN


def test_another_services_alert_of_that_name_is_another_incident(
    world: RoomsWorld, tool: OtherApp
) -> None:
    webhook(world, name="HighErrorRate")
    tool.posts("incidents", attachments=firing("[FIRING:1] HighErrorRate orders-db (prod)"))
    world.settles()
    assert {one.service for one in incidents(world)} == {"checkout", "orders-db"}


def test_an_edit_that_overtakes_its_post_is_the_last_word(
    world: RoomsWorld, tool: OtherApp
) -> None:
    tool.posts("incidents", attachments=firing())
    post = world.workspace.deliveries[-1].payload
    edited = {**post["event"], "attachments": over()}
    event = {
        **{"type": "message", "subtype": "message_changed", "ts": "9999999999.000100"},
        **{"channel": post["event"]["channel"], "channel_type": "channel", "message": edited},
    }
    world.hears_body({**post, "event_id": "Ev0EDIT", "event": event})
    world.settles()
    assert incidents(world) == []


def test_a_post_delivered_again_changes_nothing(world: RoomsWorld, tool: OtherApp) -> None:
    tool.posts("incidents", attachments=firing())
    world.settles()
    post = world.workspace.deliveries[-1].payload
    [before] = incidents(world)
    world.hears_body(post)
    world.settles()
    assert incidents(world) == [before]


def test_people_and_the_bot_itself_are_no_tools(world: RoomsWorld) -> None:
    world.person().says("incidents", "[FIRING:1] CheckoutHighErrorRate checkout")
    webhook(world)
    card = world.said_in("incidents")[0]
    world.settles()
    assert len(incidents(world)) == 1
    with world.database.read() as uow:
        place = world.workspace.team_id, card.channel, card.ts
        assert uow.placements.told(*place) == {}
        assert [stored.alert.source for stored in uow.alerts.list(10)] == ["alertmanager"]


@pytest.mark.parametrize("is_off", [True, False])
def test_channels_that_nobody_watches_are_left_alone(
    world: RoomsWorld, tool: OtherApp, is_off: bool
) -> None:
    if is_off:
        world.chooses("general", Mode.OFF)
    tool.posts("general", attachments=firing())
    world.settles()
    assert incidents(world) == []


def test_a_channel_that_is_off_is_not_even_put_on_record(world: RoomsWorld, tool: OtherApp) -> None:
    world.chooses("general", Mode.OFF)
    tool.posts("general", attachments=firing())
    tool.posts("incidents", "a chat about nothing", attachments=[{"text": "lunch at noon"}])
    world.settles()
    assert world.kept_items == 0


def test_private_channels_keep_what_is_said_in_them(world: RoomsWorld, tool: OtherApp) -> None:
    room = world.person().creates_channel("secret-alerts", private=True)
    world.person().invites("recall", room.name)
    world.settles()
    world.chooses(room.name, Mode.CARD)
    tool.posts(room.name, attachments=firing())
    world.settles()
    assert incidents(world) == []


def test_the_answer_stands_under_the_post_in_the_channel_where_it_was_made(
    world: RoomsWorld, tool: OtherApp
) -> None:
    world.chooses("alerts", Mode.THREAD)
    post = tool.posts("alerts", attachments=firing())
    world.settles()
    assert len(world.replies_under(post, "alerts")) == 1
    assert world.said_in("incidents") == []


def test_secrets_in_a_post_are_taken_out(world: RoomsWorld, tool: OtherApp) -> None:
    secret = "ghp_" + "a1B2" * 9
    tool.posts("incidents", attachments=[*firing(), {"text": "x"}])
    tool.posts("incidents", attachments=[{**firing("[FIRING:1] LeakAlert")[0], "text": secret}])
    world.settles()
    with world.database.read() as uow:
        assert secret not in str(uow.alerts.list(10))
    assert len(incidents(world)) == 2


def test_what_is_over_and_was_never_heard_of_is_nobodys_alert(
    world: RoomsWorld, tool: OtherApp
) -> None:
    tool.posts("incidents", attachments=[{"color": "good", "title": "Build passed"}])
    world.settles()
    with world.database.read() as uow:
        assert list(uow.alerts.list(10)) == []
