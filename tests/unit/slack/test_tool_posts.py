"""Thread mode: the answer stands under the post that the team's alerting tool makes."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.channels.model import Mode
from bot.clock import ManualClock
from bot.slack.room_payloads import POST_LIMIT, post_text
from bot.workspace.server import LocalWorkspace
from tests.support.databases import sqlite_database
from tests.support.rooms_world import RoomsWorld, seconds_of


@pytest.fixture
def world(tmp_path: Path) -> Iterator[RoomsWorld]:
    clock = ManualClock()
    with (
        LocalWorkspace(
            channels=("general", "incidents"), clock=lambda: seconds_of(clock)
        ) as workspace,
        sqlite_database(tmp_path, clock) as database,
    ):
        yield RoomsWorld(workspace, database, clock, Mode.THREAD)


def test_the_tool_posts_and_then_the_alert_comes(world: RoomsWorld) -> None:
    post = world.workspace.other_app("grafana").posts("incidents", "FIRING CheckoutHighErrorRate")
    world.settles()
    world.alert_fires()
    [answer] = world.replies_under(post, "incidents")
    assert "INC-87" in answer
    assert world.said_in("incidents") == []


def test_the_alert_comes_and_then_the_tool_posts(world: RoomsWorld) -> None:
    world.alert_fires()
    post = world.workspace.other_app("grafana").posts(
        "incidents",
        attachments=[{"color": "#f00", "title": "[FIRING] CheckoutHighErrorRate", "text": "9 %"}],
    )
    world.settles()
    assert len(world.replies_under(post, "incidents")) == 1


def test_without_a_post_nothing_is_said(world: RoomsWorld) -> None:
    world.alert_fires()
    world.workspace.other_app("grafana").posts("incidents", "FIRING CheckoutHighErrorRateTotal")
    world.waits(120)
    assert world.said_in("incidents") == []


def test_a_post_redelivered_is_answered_once(world: RoomsWorld) -> None:
    post = world.workspace.other_app("grafana").posts("incidents", "CheckoutHighErrorRate")
    world.settles()
    world.hears_last_event_again()
    world.alert_fires()
    world.hears_last_event_again()
    assert len(world.replies_under(post, "incidents")) == 1


def test_logs_pasted_under_the_tools_post_belong_to_the_incident(world: RoomsWorld) -> None:
    post = world.workspace.other_app("grafana").posts("incidents", "CheckoutHighErrorRate")
    world.settles()
    key = world.alert_fires()
    world.person().says("incidents", "```\nFATAL: no slots\n```", thread_ts=post.ts)
    world.settles()
    assert "FATAL: no slots" in str(world.timeline(key))


def test_where_nobody_chose_threads_other_apps_are_not_kept(world: RoomsWorld) -> None:
    world.chooses("general", Mode.CARD)
    world.chooses("incidents", Mode.CARD)
    world.workspace.other_app("grafana").posts("general", "CheckoutHighErrorRate")
    world.workspace.other_app("grafana").posts("incidents", "CheckoutHighErrorRate")
    world.settles()
    assert world.kept_items == 0


def test_the_default_counts_for_the_channel_of_cards_alone(world: RoomsWorld) -> None:
    world.workspace.other_app("grafana").posts("general", "CheckoutHighErrorRate")
    world.settles()
    with world.database.read() as uow:
        team, channel = world.workspace.team_id, world.workspace.channel_id("general")
        assert list(uow.placements.posts(team, channel, world.clock.now().replace(year=2000))) == []


def test_secrets_in_a_post_are_not_kept(world: RoomsWorld) -> None:
    world.workspace.other_app("grafana").posts("incidents", "Alert: password=hunter2hunter2")
    world.settles()
    with world.database.read() as uow:
        team, channel = world.workspace.team_id, world.workspace.channel_id("incidents")
        [post] = uow.placements.posts(team, channel, world.clock.now().replace(year=2000))
    assert "hunter2" not in post.text


def test_the_text_of_a_post_is_gathered_from_all_its_parts() -> None:
    post = {
        "text": "<https://grafana.example/a/1|CheckoutHighErrorRate>",
        "attachments": [
            {"title": "Title", "title_link": "https://g.example/1", "fields": [{"value": "prod"}]},
            "not an attachment",
        ],
        "blocks": [
            {"type": "section", "text": {"type": "mrkdwn", "text": "*Summary:* a &lt;b&gt;"}},
            {
                "type": "rich_text",
                "elements": [{"type": "rich_text_section", "elements": [{"text": "deep"}]}],
            },
            {"type": "actions", "elements": [{"action_id": "x", "value": "hidden", "text": "Go"}]},
        ],
    }
    text = post_text(post)
    for part in (
        "CheckoutHighErrorRate https://grafana.example/a/1",
        "Title",
        "https://g.example/1",
        "prod",
        "a <b>",
        "deep",
        "Go",
    ):
        assert part in text
    assert "hidden" not in text


def test_a_post_without_end_is_cut() -> None:
    nested: object = "x"
    for _ in range(2_000):
        nested = {"elements": [nested]}
    assert post_text({"text": "a" * 100_000, "blocks": [nested] * 50}) == "a" * POST_LIMIT
