"""A channel made for an incident, and the thread of the alerting tool, with the whole of Recall."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bot.demo.story import Story, StoryAlert
from bot.workspace.model import Message
from knowledge.embed.port import Embedder
from tests.support.house import CHANNEL, PATIENCE, House, text_of

pytestmark = [pytest.mark.model]


def named(story: Story, name: str) -> StoryAlert:
    return next(alert for alert in story.fire_more if alert.name == name)


@pytest.fixture
def house(tmp_path: Path, real_embedder: Embedder) -> Iterator[House]:
    with House(tmp_path, real_embedder, RECALL_INCIDENT_CHANNELS="^inc-") as opened:
        yield opened


@pytest.fixture
def threads(tmp_path: Path, real_embedder: Embedder) -> Iterator[House]:
    with House(tmp_path, real_embedder, RECALL_ROLLOUT="thread") as opened:
        yield opened


def eventually(house: House, condition: Callable[[], bool]) -> None:
    house.workspace.wait_for(condition, PATIENCE)


def card_in(house: House, channel: str, *words: str) -> Message:
    def found() -> Message | None:
        cards = house.cards(channel)
        return next((c for c in cards if all(word in text_of(c) for word in words)), None)

    card = house.workspace.wait_for(found, PATIENCE)
    assert card is not None
    return card


def test_a_night_in_an_incident_channel(house: House, story: Story) -> None:
    cause = story.true_cause(2)
    alice, bob = house.person("alice"), house.person("bob")

    # The alert fires; Alice opens a channel for it, and the card is there, pinned.
    house.fires(story.first_alert)
    first = house.card_that_says("Three causes fit")
    place = alice.creates_channel("inc-rcl-1-checkout")
    card = card_in(house, place.id, "RCL-1", "Three causes fit")
    eventually(house, lambda: [m.ts for m in house.workspace.pinned(place.id)] == [card.ts])
    eventually(house, lambda: len(place.bookmarks) == 1)

    # Bob pastes what he sees: nobody is answered, and both cards know more.
    alice.says(place.id, "who is looking at this?")
    log = bob.says(place.id, f"```\n{cause.evidence_log}\n```")
    told = f"Seen before: {cause.expected_incident}"
    assert card_in(house, place.id, told).ts == card.ts
    assert house.card_that_says(told).ts == first.ts
    assert house.replies(log, place.id) == []

    # What matters goes into the timeline, by a pushpin and by the shortcut.
    done = bob.says(place.id, "rolled checkout back to 1.4.1")
    alice.reacts(done, "pushpin")
    house.until(lambda: "bob: rolled checkout back" in timeline_of(house))
    seen = bob.says(place.id, "error rate is falling")
    bob.uses_shortcut("recall_to_timeline", seen)
    house.workspace.wait_for(lambda: bob.view is not None, PATIENCE)
    assert "It is in the timeline of RCL-1" in str(bob.view and bob.view.definition)

    # Bob deletes what he pasted: it is gone from the incident as well.
    bob.deletes(log)
    card_in(house, place.id, "Three causes fit")
    assert cause.evidence_log.splitlines()[0] not in timeline_of(house)

    # It is over, and the channel says so, in place.
    house.resolves(story.first_alert)
    assert card_in(house, place.id, "Resolved").ts == card.ts
    assert len(house.cards(place.id)) == len(house.cards()) == 1


def test_what_bob_writes_is_asked_about_once_and_fills_the_form(house: House, story: Story) -> None:
    alice, bob = house.person("alice"), house.person("bob")
    house.fires(story.first_alert)
    house.card_that_says("Three causes fit")
    place = alice.creates_channel("inc-rcl-1-checkout")
    card = card_in(house, place.id, "RCL-1")

    # Talk, doubts and plans: nobody is asked anything.
    bob.says(place.id, "should we roll back?")
    bob.says(place.id, "last time the rollback didn't help")

    # Bob did it, and says so; one line under the card asks, and nothing is kept yet.
    bob.says(place.id, "ok, rolled back checkout to 1.4.1")
    line = line_under(house, card, "rolled back, says bob")
    assert "rolled back checkout" not in timeline_of(house)

    # Alice presses once.
    alice.clicks(line, "Add to timeline")
    house.until(lambda: "bob: ok, rolled back checkout to 1.4.1" in timeline_of(house))
    assert line_under(house, card, "In the timeline").ts == line.ts

    # What comes later is asked in the same place, and the form knows both.
    alice.says(place.id, "root cause was the new retry header in 1.4.2")
    alice.clicks(line_under(house, card, "the cause, says alice"), "Add to timeline")
    house.until(lambda: "retry header" in timeline_of(house))
    alice.clicks(card_in(house, place.id, "RCL-1"), "Resolve…")
    eventually(house, lambda: alice.view is not None)
    form = str(alice.view and alice.view.definition)
    assert "bob: ok, rolled back checkout to 1.4.1" in form
    assert "alice: root cause was the new retry header in 1.4.2" in form


def line_under(house: House, card: Message, words: str) -> Message:
    """The one line of proposals under a card, once it says that."""

    def found() -> Message | None:
        lines = [one for one in house.replies(card, card.channel) if "imeline" in text_of(one)]
        assert len(lines) <= 1
        return next((one for one in lines if words in text_of(one)), None)

    line = house.workspace.wait_for(found, PATIENCE)
    assert line is not None
    return line


def test_what_was_never_seen_still_gets_a_useful_card(house: House) -> None:
    alice = house.person("alice")
    alice.creates_channel("inc-labels", private=True)
    alice.says("inc-labels", "the label printer at checkout prints every label upside down")
    alice.invites("recall", "inc-labels")
    card = text_of(card_in(house, "inc-labels", "Not seen before"))
    assert "Nearest" in card
    assert "Too far" in card
    assert "Who knows checkout" in card
    assert "team-storefront" in card


@pytest.mark.parametrize("first", ["the post", "the alert"])
def test_the_answer_stands_under_the_alerting_tools_post(
    threads: House, story: Story, first: str
) -> None:
    alert = named(story, "OrdersDbReplicationLag")
    grafana = threads.workspace.other_app("grafana")
    if first == "the alert":
        threads.fires(alert)
        threads.until(lambda: len(threads.get("/v1/suggestions")["items"]) == 1)
        threads.until(threads.is_settled)
        assert threads.cards() == []
    post = grafana.posts(CHANNEL, "", attachments=[{"title": f"[FIRING:1] {alert.name}"}])
    if first == "the post":
        threads.until(threads.is_settled)
        threads.fires(alert)
    assert alert.name in text_of(threads.reply_to(post))
    assert threads.cards() == []


def timeline_of(house: House) -> str:
    return str(house.get("/v1/incidents/RCL-1")["timeline"])
