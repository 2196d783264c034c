"""The main job as people see it: an alert fires, the channel sees a card, people answer it."""

from dataclasses import replace

import pytest

from bot.demo.story import Story, StoryAlert
from bot.workspace.driver import button_texts
from tests.support.house import CHANNEL, House, text_of

pytestmark = [pytest.mark.model]


def named(story: Story, name: str) -> StoryAlert:
    return next(alert for alert in story.fire_more if alert.name == name)


def test_an_alert_fires_and_the_channel_sees_one_card(house: House, story: Story) -> None:
    house.fires(named(story, "OrdersDbReplicationLag"))
    card = house.card_that_says("OrdersDbReplicationLag")
    assert "prod/eu-1" in text_of(card)
    assert "INC-" in text_of(card)
    assert "Helpful" in button_texts(card)


def test_the_same_alert_again_changes_nothing(house: House, story: Story) -> None:
    alert = named(story, "OrdersDbReplicationLag")
    house.fires(alert)
    before = house.card_that_says("OrdersDbReplicationLag")
    house.fires(alert)
    house.until(lambda: house.get("/v1/alerts")["items"][0]["times_seen"] == 2)
    house.until(house.is_settled)
    assert [(card.ts, card.edited) for card in house.cards()] == [(before.ts, before.edited)]


def test_when_it_resolves_the_card_says_so_in_place(house: House, story: Story) -> None:
    alert = named(story, "InvoiceExporterBacklog")
    house.fires(alert)
    card = house.card_that_says("InvoiceExporterBacklog")
    house.resolves(alert)
    resolved = house.card_that_says("Resolved", "InvoiceExporterBacklog")
    assert resolved.ts == card.ts
    assert len(house.cards()) == 1


def test_several_causes_are_shown_as_several_until_the_log_tells(
    house: House, story: Story
) -> None:
    cause = story.true_cause(2)
    house.fires(story.first_alert)
    card = house.card_that_says("Three causes fit")
    pasted = f"{cause.evidence_question}\n```\n{cause.evidence_log}\n```"
    house.person("alice").mentions_bot(CHANNEL, pasted, thread_ts=card.ts)
    reply = house.reply_to(card)
    assert cause.expected_incident in text_of(reply)
    edited = house.card_that_says(f"Seen before: {cause.expected_incident}")
    assert edited.ts == card.ts


def test_what_another_tool_sees_tells_the_cause_and_it_stays_when_the_first_alert_ends(
    house: House, story: Story
) -> None:
    cause = story.true_cause(2)
    house.fires(story.first_alert)
    card = house.card_that_says("Three causes fit")
    house.fires(cause.joins.alert)
    edited = house.card_that_says(f"Seen before: {cause.expected_incident}")
    assert edited.ts == card.ts
    house.resolves(story.first_alert)
    [incident] = house.get("/v1/incidents")["items"]

    def has_ended() -> bool:
        whole = house.get(f"/v1/incidents/{incident['key']}")
        return {one["status"] for one in whole["alerts"]} == {"firing", "resolved"}

    house.until(has_ended)
    house.until(house.is_settled)
    suggestion = house.get(f"/v1/incidents/{incident['key']}")["suggestion"]
    assert suggestion["kind"] == "one_cause"
    assert suggestion["incidents"][0]["id"] == cause.expected_incident
    assert cause.expected_incident in text_of(house.cards()[0])


def test_what_was_never_seen_is_met_with_silence(house: House, story: Story) -> None:
    house.fires(story.unfamiliar_alert)
    house.until(lambda: len(house.get("/v1/suggestions")["items"]) == 1)
    house.until(house.is_settled)
    assert house.cards() == []


def test_asked_about_it_the_bot_says_that_it_does_not_know(house: House, story: Story) -> None:
    alert = story.unfamiliar_alert
    asked = house.person("bob").mentions_bot(CHANNEL, f"{alert.name}: {alert.text}")
    reply = text_of(house.reply_to(asked))
    assert "Not seen before" in reply
    assert "Nearest" in reply
    assert "Too far" in reply


def test_a_direct_message_is_answered_in_its_thread(house: House) -> None:
    asked = house.person("bob").tells_bot("standby of orders-db is behind, replay does not move")
    reply = house.reply_to(asked, asked.channel)
    assert "orders-db" in text_of(reply)


def test_alice_finds_it_helpful_once_however_often_she_clicks(house: House, story: Story) -> None:
    house.fires(named(story, "OrdersDbReplicationLag"))
    card = house.card_that_says("OrdersDbReplicationLag")
    house.person("alice").clicks(card, "Helpful")
    house.card_that_says("Helpful (1)")
    house.person("alice").clicks(house.cards()[0], "Helpful")
    house.person("bob").clicks(house.cards()[0], "Helpful")
    house.card_that_says("Helpful (2)")
    incident = house.get("/v1/incidents")["items"][0]
    suggestion = house.get(f"/v1/incidents/{incident['key']}")["suggestion"]
    said = house.get(f"/v1/suggestions/{suggestion['id']}")["feedback"]
    assert sorted(one["verdict"] for one in said) == ["helpful", "helpful"]


def test_resolved_like_this_is_remembered_and_found_next_time(house: House, story: Story) -> None:
    cause = story.true_cause(3)
    house.fires(story.first_alert)
    card = house.card_that_says("Three causes fit")
    pasted = f"{cause.evidence_question}\n```\n{cause.evidence_log}\n```"
    house.person("alice").mentions_bot(CHANNEL, pasted, thread_ts=card.ts)
    told = house.card_that_says(f"Seen before: {cause.expected_incident}")
    house.person("alice").clicks(told, f"Resolved like {cause.expected_incident}")
    house.card_that_says("Resolved like", "alice")
    house.resolves(story.first_alert)
    house.until(house.is_settled)
    house.fires(story.first_alert)
    house.workspace.wait_for(lambda: len(house.cards()) == 2, 30)
    newest = house.get("/v1/incidents")["items"][0]
    suggestion = house.get(f"/v1/incidents/{newest['key']}")["suggestion"]
    assert suggestion["incidents"][0]["id"] == "RCL-1"
    assert "alice" in suggestion["incidents"][0]["confirmed_by"]


def test_hostile_words_in_a_known_alert_stay_words(house: House, story: Story) -> None:
    alert = named(story, "OrdersDbReplicationLag")
    hostile = story.hostile_alert.text
    house.fires(replace(alert, annotations={**alert.annotations, "summary": hostile}))
    card = house.card_that_says("OrdersDbReplicationLag")
    wire = card.text + str(card.blocks)
    assert "<!" not in wire
    assert "<@" not in wire
    assert "<https://login.evil" not in wire
    assert "&lt;!channel&gt;" in wire


def test_a_redelivered_question_is_answered_once(house: House) -> None:
    asked = house.person("bob").mentions_bot(CHANNEL, "standby of orders-db is far behind")
    house.reply_to(asked)
    house.workspace.redeliver_last_event()
    house.until(house.is_settled)
    assert len(house.replies(asked)) == 1


def test_talk_that_is_not_meant_for_the_bot_is_left_alone(house: House) -> None:
    talk = house.person("alice").says(CHANNEL, "standby of orders-db is far behind")
    asked = house.person("bob").mentions_bot(CHANNEL, "orders-db replication lag?")
    house.reply_to(asked)
    house.until(house.is_settled)
    assert house.replies(talk) == []


@pytest.mark.parametrize("fault", ["rate_limit", "server_error", "lose_answer"])
def test_the_card_comes_once_although_slack_has_a_bad_day(
    socket_house: House, story: Story, fault: str
) -> None:
    getattr(socket_house.workspace.faults, fault)("chat.postMessage", calls=1)
    socket_house.fires(named(story, "OrdersDbReplicationLag"))
    socket_house.card_that_says("OrdersDbReplicationLag")
    socket_house.until(socket_house.is_settled)
    assert len(socket_house.cards()) == 1


def test_a_body_that_cannot_be_read_is_kept_and_harms_no_other(house: House, story: Story) -> None:
    answer = house.post("/v1/alerts/alertmanager", {"version": "4", "alerts": [{"labels": 7}]})
    assert answer.status_code == 202
    house.fires(named(story, "OrdersDbReplicationLag"))
    house.card_that_says("OrdersDbReplicationLag")
    failed = [row for row in house.get("/v1/inbox")["items"] if row["state"] == "failed"]
    assert [row["id"] for row in failed] == [answer.json()["id"]]
    assert "labels" in failed[0]["error"]
