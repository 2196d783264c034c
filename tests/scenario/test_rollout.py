"""A cautious team switches the bot on: shadow first, then a card, and quiet when it asks."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.demo.story import Story, StoryAlert
from bot.workspace.driver import button_texts
from bot.workspace.model import Message
from knowledge.embed.port import Embedder
from tests.support.house import CHANNEL, House, Mode, text_of

pytestmark = [pytest.mark.model]
SHADOW = "general"


def named(story: Story, name: str) -> StoryAlert:
    return next(alert for alert in story.fire_more if alert.name == name)


@pytest.fixture
def cautious(tmp_path: Path, real_embedder: Embedder, mode: Mode) -> Iterator[House]:
    """Switched on as it comes: in shadow. Alice is a lead."""
    with House(
        tmp_path,
        real_embedder,
        mode,
        RECALL_ROLLOUT="shadow",
        RECALL_SHADOW_CHANNEL=SHADOW,
        leads=("alice",),
    ) as opened:
        yield opened


def told(house: House, who: str, line: str, channel: str = CHANNEL) -> str:
    """What only `who` sees after typing a command."""
    person = house.person(who)
    before = len(house.workspace.ephemeral(channel, person.id))
    person.runs(line, channel)
    seen = house.workspace.wait_for(
        lambda: house.workspace.ephemeral(channel, person.id)[before:], 10
    )
    return text_of(seen[-1])


def shadow_card(house: House, *words: str) -> Message:
    def found() -> Message | None:
        return next(
            (c for c in house.cards(SHADOW) if all(word in text_of(c) for word in words)), None
        )

    card = house.workspace.wait_for(found, 30)
    assert card is not None
    return card


def test_the_first_week_is_a_shadow_that_is_graded(cautious: House, story: Story) -> None:
    cautious.fires(named(story, "OrdersDbReplicationLag"))
    card = shadow_card(cautious, "OrdersDbReplicationLag")
    assert "Shadow of" in text_of(card)
    assert "Right" in button_texts(card)
    assert "Helpful" not in button_texts(card)
    cautious.person("alice").clicks(card, "Right")
    shadow_card(cautious, "Right (1)")
    assert cautious.cards() == []
    assert "1 of 1" in told(cautious, "alice", "/recall settings")


def test_then_a_lead_switches_the_card_on_and_a_responder_could_not(
    cautious: House, story: Story
) -> None:
    assert "Only a lead" in told(cautious, "bob", "/recall settings card")
    assert "one card an incident" in told(cautious, "alice", "/recall settings card")
    cautious.fires(named(story, "OrdersDbReplicationLag"))
    card = cautious.card_that_says("OrdersDbReplicationLag")
    assert "Helpful" in button_texts(card)
    assert cautious.cards(SHADOW) == []


def test_somebody_mutes_the_channel_and_it_is_quiet_at_once(house: House, story: Story) -> None:
    assert "Quiet here until" in told(house, "bob", "/recall quiet 2h")
    house.fires(named(story, "OrdersDbReplicationLag"))
    house.until(lambda: len(house.get("/v1/suggestions")["items"]) == 1)
    assert "OrdersDbReplicationLag" in told(house, "bob", "/recall status")
    assert house.cards() == []  # what is still open then comes when the quiet ends


def test_the_form_takes_what_is_right_and_marks_what_is_wrong(cautious: House) -> None:
    alice = cautious.person("alice")
    told(cautious, "alice", "/recall settings")
    board = cautious.workspace.ephemeral(CHANNEL, alice.id)[-1]
    alice.clicks(board, "Change…")
    view = cautious.workspace.wait_for(lambda: alice.view, 10)
    wrong = alice.submits(view, {"time_zone": "Berlin", "quiet_hours": "22:00-07:00"})
    assert wrong is not None
    assert "no time zone" in str(wrong.errors)
    right = {"time_zone": "Europe/Berlin", "quiet_hours": "22:00-07:00"}
    done = alice.submits(wrong, right)
    assert done is not None
    assert "Saved" in str(done.definition)
    assert "22:00 to 07:00 (Europe/Berlin)" in told(cautious, "alice", "/recall settings")


def test_alice_takes_an_incident_on_and_the_card_says_so(house: House, story: Story) -> None:
    house.fires(named(story, "OrdersDbReplicationLag"))
    card = house.card_that_says("OrdersDbReplicationLag")
    assert "does not stop the page" in told(house, "alice", "/recall ack")
    edited = house.card_that_says("Acknowledged", "taken by")
    assert edited.ts == card.ts


def test_a_mistyped_command_is_met_with_a_suggestion(house: House) -> None:
    assert "Did you mean /recall status?" in told(house, "bob", "/recall stauts")
    assert "/recall quiet" in told(house, "bob", "/recall help")


def test_a_mistyped_key_never_ends_the_incident_of_the_channel(house: House, story: Story) -> None:
    house.fires(named(story, "OrdersDbReplicationLag"))
    card = house.card_that_says("OrdersDbReplicationLag")
    meant = "Did you mean /recall resolve RCL-2 restarted the standby?"
    assert meant in told(house, "bob", "/recall resolve RLC-2 restarted the standby")
    assert "Did you mean /recall ack RCL-1?" in told(house, "bob", "/recall ack RLC-1")
    assert [one["state"] for one in house.get("/v1/incidents")["items"]] == ["open"]
    assert house.cards()[0].ts == card.ts


def test_a_guest_of_the_workspace_holds_no_role(house: House, story: Story) -> None:
    house.fires(named(story, "OrdersDbReplicationLag"))
    house.card_that_says("OrdersDbReplicationLag")
    house.workspace.add_user("carol", guest=True).joins(CHANNEL)
    answer = told(house, "carol", "/recall ack")
    assert "Guests hold no role" in answer
    assert "OrdersDbReplicationLag" not in told(house, "carol", "/recall status")


def test_a_guest_asks_presses_and_pastes_and_nothing_comes_of_it(
    house: House, story: Story
) -> None:
    house.fires(named(story, "OrdersDbReplicationLag"))
    card = house.card_that_says("OrdersDbReplicationLag")
    carol = house.workspace.add_user("carol", guest=True)
    carol.joins(CHANNEL)
    lines = "```\nERROR: canceling statement due to conflict with recovery\n```"
    pasted = carol.says(CHANNEL, lines, thread_ts=card.ts)
    pressed = carol.clicks(card, "Helpful")
    in_private = carol.tells_bot("standby of orders-db is far behind")
    asked = carol.mentions_bot(CHANNEL, "standby of orders-db is far behind, seen before?")
    for question, channel in ((asked, CHANNEL), (in_private, in_private.channel)):
        (answer,) = house.workspace.wait_for(
            lambda question=question, channel=channel: house.replies(question, channel), 30
        )
        assert text_of(answer).strip() == "Guests hold no role here. Ask somebody of the team."
    house.workspace.wait_until_acked(pressed)
    house.until(house.is_settled)
    assert house.replies(card) == []
    assert [(one.ts, one.edited) for one in house.cards()] == [(card.ts, card.edited)]
    whole = house.get("/v1/incidents/RCL-1")
    assert pasted.ts not in str(whole["timeline"])
    assert "carol" not in str(whole["timeline"])
