"""What happens at a time of day or week, beside a real workspace: people see it or they do not."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.clock import ManualClock
from bot.demo.story import Story, StoryAlert
from bot.workspace.driver import Person
from bot.workspace.model import Message, View
from knowledge.embed.port import Embedder
from tests.support.house import CHANNEL, PATIENCE, House, text_of

pytestmark = [pytest.mark.model]


def next_monday() -> datetime:
    """A Monday to come, 07:50 UTC: alerts of today are in the past by then."""
    today = datetime.now(UTC)
    day = today + timedelta(days=7 - today.weekday())
    return day.replace(hour=7, minute=50, second=0, microsecond=0)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(next_monday())


@pytest.fixture
def house(tmp_path: Path, real_embedder: Embedder, clock: ManualClock) -> Iterator[House]:
    with House(tmp_path, real_embedder, clock=clock, leads=("bob",)) as opened:
        yield opened


def passes(house: House, clock: ManualClock, minutes: float) -> None:
    """Time goes by, and the clock strikes. What is being said at that moment is waited for: a
    sender that is an hour late would look for its message in the wrong hour."""
    house.until(lambda: is_all_said(house, clock))
    clock.advance(60 * minutes)
    house.strikes()


def is_all_said(house: House, clock: ManualClock) -> bool:
    with house.database.read() as uow:
        said = uow.outbox.said_since(clock.now() - timedelta(days=1))
        there = [uow.outbox.destination(message.key) for message in said]
    return all(one is not None and one[1] is not None for one in there)


def named(story: Story, name: str) -> StoryAlert:
    return next(alert for alert in story.fire_more if alert.name == name)


def told(house: House, person: Person, line: str) -> str:
    """What a person is told for a command, for their eyes only."""
    before = len(house.workspace.ephemeral(CHANNEL, person.user.name))
    person.runs(line, CHANNEL)
    house.workspace.wait_for(
        lambda: len(house.workspace.ephemeral(CHANNEL, person.user.name)) > before, PATIENCE
    )
    return text_of(house.workspace.ephemeral(CHANNEL, person.user.name)[-1])


def home_of(house: House, person: Person, *words: str) -> View:
    """The person's home tab once it says all that."""

    def found() -> View | None:
        shown = person.home
        there = shown is not None and all(word in str(shown.definition) for word in words)
        return shown if there else None

    view = house.workspace.wait_for(found, PATIENCE)
    assert view is not None
    return view


def test_a_lead_sets_the_handover_and_the_shift_is_told_on_time(
    house: House, clock: ManualClock, story: Story
) -> None:
    assert "posted here at 08:00" in told(house, house.person("bob"), "/recall handover 08:00")
    house.fires(named(story, "OrdersDbReplicationLag"))
    house.card_that_says("OrdersDbReplicationLag")
    passes(house, clock, minutes=5)
    house.until(house.is_settled)
    assert len(house.cards()) == 1
    passes(house, clock, minutes=5)
    handover = house.card_that_says("Shift handover: 1 open", "RCL-1", "nobody has it")
    passes(house, clock, minutes=5)
    house.until(house.is_settled)
    assert [card.ts for card in house.cards()][1:] == [handover.ts]


def test_anybody_is_told_the_handover_when_they_ask_and_nobody_else_is(
    house: House, story: Story
) -> None:
    house.fires(named(story, "OrdersDbReplicationLag"))
    house.card_that_says("OrdersDbReplicationLag")
    assert "Shift handover: 1 open" in told(house, house.person("alice"), "/recall handover")
    assert len(house.cards()) == 1


def test_the_home_tab_shows_what_is_open_and_follows_ones_settings(
    house: House, story: Story
) -> None:
    alice = house.person("alice")
    house.fires(named(story, "OrdersDbReplicationLag"))
    house.card_that_says("OrdersDbReplicationLag")
    alice.opens_home()
    home = home_of(house, alice, "1 open", "RCL-1")
    alice.clicks_in(home, "Settings…")
    form = house.workspace.wait_for(lambda: alice.view, PATIENCE)
    assert form is not None
    assert form.definition["title"]["text"] == "Your settings"
    alice.submits(form, {"Time zone": "Europe/Berlin", "Mention me": "Never"})
    home_of(house, alice, "Europe/Berlin", "never mentioned")
    house.until(house.is_settled)
    assert house.cards()[1:] == []


def test_a_lead_finds_the_week_at_home_and_gets_it_as_a_direct_message(
    house: House, clock: ManualClock
) -> None:
    bob = house.person("bob")
    bob.opens_home()
    home_of(house, bob, "This week", "held back")
    passes(house, clock, minutes=70)
    direct = house.workspace.wait_for(lambda: direct_messages(house, bob), PATIENCE)
    assert "Recall's week" in text_of(direct[0])
    passes(house, clock, minutes=10)
    house.until(house.is_settled)
    assert len(direct_messages(house, bob)) == 1
    assert direct_messages(house, house.person("alice")) == []


def direct_messages(house: House, person: Person) -> list[Message]:
    """What the bot wrote to a person."""
    return house.workspace.direct_messages(person.user.name)


def test_what_is_acknowledged_and_forgotten_is_said_once_in_its_thread(
    house: House, clock: ManualClock, story: Story
) -> None:
    house.fires(named(story, "OrdersDbReplicationLag"))
    card = house.card_that_says("OrdersDbReplicationLag")
    assert "RCL-1 is yours" in told(house, house.person("alice"), "/recall ack RCL-1")
    passes(house, clock, minutes=61)
    house.workspace.wait_for(lambda: house.replies(card), PATIENCE)
    assert "still fires" in text_of(house.replies(card)[0])
    passes(house, clock, minutes=300)
    house.until(house.is_settled)
    assert len(house.replies(card)) == 1


def test_a_channel_that_heard_enough_hears_the_next_card_an_hour_later(
    house: House, clock: ManualClock, story: Story
) -> None:
    alert = named(story, "OrdersDbReplicationLag")
    house.fires(mild(alert, "orders-db-1"))
    card = house.card_that_says("orders-db-1")
    hears_one_an_hour(house, clock, card.channel)
    house.fires(mild(alert, "orders-db-2"))
    house.until(lambda: len(house.get("/v1/suggestions")["items"]) == 2)
    assert "1 held back in the last hour" in told(house, house.person("alice"), "/recall status")
    assert len(house.cards()) == 1
    passes(house, clock, minutes=61)
    house.card_that_says("orders-db-2")


def hears_one_an_hour(house: House, clock: ManualClock, channel: str) -> None:
    """A channel that allows one post an hour."""
    team_id = house.workspace.team_id
    with house.database.begin() as uow:
        before = uow.preferences.channel(team_id, channel)
        changed = before.model_copy(update={"posts_per_hour": 1})
        uow.preferences.save_channel(team_id, channel, changed, actor="t", now=clock.now())


def mild(alert: StoryAlert, service: str) -> StoryAlert:
    """The alert on a service and cluster of its own, of a severity that can wait."""
    own = {"severity": "warning", "service": service, "cluster": service}
    return replace(alert, labels={**alert.labels, **own})
