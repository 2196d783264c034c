"""Asking as people do it: a card and short words under it, a direct message, files, commands."""

import pytest

from bot.demo.story import Story, StoryAlert
from bot.workspace.driver import button_texts
from bot.workspace.model import Message
from tests.support.house import CHANNEL, PATIENCE, House, text_of

pytestmark = [pytest.mark.model]


def lag(story: Story) -> StoryAlert:
    return next(one for one in story.fire_more if one.name == "OrdersDbReplicationLag")


def next_reply(house: House, under: Message, count: int, channel: str = CHANNEL) -> str:
    """What the bot's reply number `count` in the thread says."""
    found = house.workspace.wait_for(
        lambda: house.replies(under, channel)[count - 1 : count], PATIENCE
    )
    return text_of(found[0])


def test_a_card_why_another_elsewhere_and_logs(house: House, story: Story) -> None:
    alice, cause = house.person("alice"), story.true_cause(2)
    house.fires(lag(story))
    card = house.card_that_says("OrdersDbReplicationLag")
    alice.mentions_bot(CHANNEL, "why?", thread_ts=card.ts)
    why = next_reply(house, card, 1)
    assert "INC-" in why
    assert "How sure" in why
    assert "recall replay" in why
    alice.says(CHANNEL, "another?", thread_ts=card.ts)
    another = next_reply(house, card, 2)
    assert "shown above" in another or "all that I have" in another
    alice.says(CHANNEL, "and in staging?", thread_ts=card.ts)
    assert "asked for staging" in next_reply(house, card, 3)
    alice.says(CHANNEL, f"```\n{cause.evidence_log}\n```", thread_ts=card.ts)
    next_reply(house, card, 4)
    incident = house.get("/v1/incidents")["items"][0]
    kinds = [one["kind"] for one in house.get(f"/v1/incidents/{incident['key']}")["timeline"]]
    assert "evidence" in kinds
    assert len(house.cards()) == 1


def test_talk_between_people_under_a_card_is_left_alone(house: House, story: Story) -> None:
    house.fires(lag(story))
    card = house.card_that_says("OrdersDbReplicationLag")
    house.person("bob").says(CHANNEL, "why?", thread_ts=card.ts)
    house.person("alice").says(CHANNEL, "another?", thread_ts=card.ts)
    asked = house.person("bob").mentions_bot(CHANNEL, "orders-db replication lag?")
    house.reply_to(asked)
    house.until(house.is_settled)
    assert house.replies(card) == []


def test_why_this_is_told_once_in_the_thread(house: House, story: Story) -> None:
    house.fires(lag(story))
    card = house.card_that_says("OrdersDbReplicationLag")
    assert "Why this?" in button_texts(card)
    house.person("alice").clicks(card, "Why this?")
    assert "How sure" in next_reply(house, card, 1)
    house.person("bob").clicks(card, "Why this?")
    house.until(house.is_settled)
    assert len(house.replies(card)) == 1


def test_a_direct_message_and_the_words_after_it(house: House) -> None:
    bob = house.person("bob")
    asked = bob.tells_bot("standby of orders-db is behind, replay does not move")
    answer = house.reply_to(asked, asked.channel)
    assert "orders-db" in text_of(answer)
    bob.clicks(answer, "Helpful")
    house.workspace.wait_for(
        lambda: "Helpful (1)" in text_of(house.replies(asked, asked.channel)[0]), PATIENCE
    )
    bob.tells_bot("rollback steps?", thread_ts=asked.ts)
    told = next_reply(house, asked, 2, asked.channel).lower()
    assert "rollback" in told or "undo" in told
    again = bob.tells_bot("why?")
    assert "How sure" in next_reply(house, again, 1, asked.channel)


def test_a_file_is_read_and_one_that_is_no_text_is_named(house: House, story: Story) -> None:
    cause, alice = story.true_cause(2), house.person("alice")
    house.fires(story.first_alert)
    card = house.card_that_says("Three causes fit")
    alice.uploads(CHANNEL, "checkout.log", cause.evidence_log, thread_ts=card.ts)
    assert cause.expected_incident in next_reply(house, card, 1)
    house.card_that_says(f"Seen before: {cause.expected_incident}")
    asked = alice.uploads(
        CHANNEL, "core.bin", b"\x7fELF\x00\x01\xff", f"@{house.workspace.bot.name} what is this?"
    )
    assert "“core.bin” is no text" in text_of(house.reply_to(asked))


def test_a_command_in_a_mention_is_replied_to_in_its_thread(house: House, story: Story) -> None:
    house.fires(lag(story))
    house.card_that_says("OrdersDbReplicationLag")
    asked = house.person("bob").mentions_bot(CHANNEL, "status")
    assert "1 open incident" in text_of(house.reply_to(asked))
    mistaken = house.person("bob").mentions_bot(CHANNEL, "statsu")
    assert "Did you mean" in text_of(house.reply_to(mistaken))


def test_commands_answer_the_caller_alone(house: House, story: Story) -> None:
    house.fires(lag(story))
    house.card_that_says("OrdersDbReplicationLag")
    bob = house.person("bob")
    for line, says in (
        ("/recall ask standby of orders-db is behind", "orders-db"),
        ("/recall similar RCL-1", "Most like RCL-1"),
        ("/recall runbook orders-db replication lag", "Runbooks for"),
    ):
        bob.runs(line, CHANNEL)
        house.workspace.wait_for(
            lambda says=says: any(
                says in text_of(one) for one in house.workspace.ephemeral(CHANNEL, "bob")
            ),
            PATIENCE,
        )
    assert len(house.cards()) == 1


def test_find_similar_opens_a_modal_for_any_message(house: House) -> None:
    bob = house.person("bob")
    talk = house.person("alice").says(CHANNEL, "standby of orders-db is far behind since noon")
    bob.uses_shortcut("recall_find_similar", talk)
    view = house.workspace.wait_for(
        lambda: bob.view if bob.view and "receipt" in str(bob.view.definition) else None, PATIENCE
    )
    assert view is not None
    assert "orders-db" in str(view.definition)
    assert house.replies(talk) == []
