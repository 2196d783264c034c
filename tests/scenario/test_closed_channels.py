"""The channel that cards go to is gone, or closed to the bot: people are told, nothing is lost."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.clock import ManualClock
from bot.demo.story import Story, StoryAlert
from bot.workspace.server import Room
from knowledge.embed.port import Embedder
from tests.support.house import CHANNEL, House, text_of

pytestmark = [pytest.mark.model]
LATER = "incidents-2"


def lag(story: Story) -> StoryAlert:
    return next(alert for alert in story.fire_more if alert.name == "OrdersDbReplicationLag")


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(datetime.now(UTC))


@pytest.fixture
def lost(tmp_path: Path, real_embedder: Embedder, clock: ManualClock) -> Iterator[House]:
    """Cards are to go to a channel that is not there."""
    with House(tmp_path, real_embedder, clock=clock, RECALL_SLACK_CHANNEL=f"#{LATER}") as opened:
        yield opened


def troubles(house: House) -> list[str]:
    return [one["error"] for one in house.get("/healthz")["troubles"]["channels"]]


def test_where_the_channel_is_not_there_the_answer_is_kept_and_comes_when_it_is(
    lost: House, story: Story, clock: ManualClock
) -> None:
    lost.fires(lag(story))
    lost.until(lambda: len(lost.get("/v1/suggestions")["items"]) == 1)
    (told,) = troubles(lost)
    assert f"there is no channel #{LATER}" in told
    assert "RECALL_SLACK_CHANNEL" in told

    lost.workspace.add_channel(Room(LATER))
    clock.advance(15 * 60)
    lost.strikes()
    (card,) = lost.workspace.wait_for(lambda: lost.cards(LATER), 30)
    assert "OrdersDbReplicationLag" in text_of(card)
    assert troubles(lost) == []


def test_put_out_of_the_channel_it_says_so_once_and_goes_on_when_it_is_let_in(
    house: House, story: Story
) -> None:
    house.person("alice").kicks("recall", CHANNEL)
    house.fires(lag(story))
    house.until(lambda: len(troubles(house)) == 1)
    assert "invite the bot" in troubles(house)[0]
    house.until(house.is_settled)
    house.until(house.has_tried_to_say_all)
    assert house.cards() == []

    house.person("alice").invites("recall", CHANNEL)
    house.card_that_says("OrdersDbReplicationLag")
    house.until(lambda: troubles(house) == [])
    assert len(house.cards()) == 1


def test_what_was_over_before_it_was_let_in_is_not_told_any_more(
    house: House, story: Story
) -> None:
    house.person("alice").kicks("recall", CHANNEL)
    house.fires(lag(story))
    house.until(lambda: len(troubles(house)) == 1)
    house.resolves(lag(story))
    house.until(lambda: house.get("/v1/incidents")["items"][0]["state"] == "resolved")
    house.until(house.is_settled)
    house.until(house.has_tried_to_say_all)
    house.person("alice").invites("recall", CHANNEL)
    question = house.person("bob").mentions_bot(CHANNEL, "standby of orders-db is far behind")
    house.reply_to(question)
    house.until(house.is_settled)
    assert house.cards() == []
