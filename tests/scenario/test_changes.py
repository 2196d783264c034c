"""What changed last, as people see it: a deploy is told of, an alert fires, somebody asks."""

from datetime import UTC, datetime, timedelta

import pytest

from bot.demo.story import Story
from tests.support.house import CHANNEL, House, text_of

pytestmark = [pytest.mark.model]


def deploys(house: House, story: Story) -> None:
    """The repository's webhooks tell of both versions."""
    for change in story.changes:
        answer = house.post("/v1/alerts/github", change.body(datetime.now(UTC)))
        assert answer.status_code == 202
    house.until(lambda: len(house.get("/v1/changes")["items"]) == len(story.changes))


def test_asked_about_the_unfamiliar_the_bot_says_why_not_and_what_changed_last(
    socket_house: House, story: Story
) -> None:
    house, alert = socket_house, story.unfamiliar_alert
    deploys(house, story)
    house.fires(alert)
    house.until(lambda: len(house.get("/v1/suggestions")["items"]) == 1)
    house.until(house.is_settled)
    assert house.cards() == []
    question = f"{story.unfamiliar_question} {alert.name}: {alert.text}"
    reply = text_of(house.reply_to(house.person("bob").mentions_bot(CHANNEL, question)))
    assert "Not seen before" in reply
    assert "INC-44" in reply
    assert "other service" in reply
    assert "other error" in reply
    assert "Changed last: vault-agent 2.1.4 → 2.1.5, 12 min ago" in reply
    [incident] = house.get("/v1/incidents")["items"]
    whole = house.get(f"/v1/incidents/{incident['key']}")
    assert [one["version"] for one in whole["changes"]] == ["2.1.5"]
    assert [one["kind"] for one in whole["timeline"]].count("change") == 1


def test_a_deploy_that_is_told_late_comes_onto_the_card_by_itself(
    socket_house: House, story: Story
) -> None:
    house = socket_house
    house.fires(story.first_alert)
    card = house.card_that_says("Three causes fit")
    assert "Changed last" not in text_of(card)
    at = (datetime.now(UTC) - timedelta(minutes=5)).isoformat()
    deployed = {"service": "cart-redis", "environment": "production", "version": "7.4", "at": at}
    elsewhere = {**deployed, "version": "7.5", "environment": "staging"}
    assert house.post("/v1/changes", {"changes": [elsewhere, deployed]}).status_code == 202
    edited = house.card_that_says("Changed last: cart-redis 7.4", "checkout depends on it")
    assert edited.ts == card.ts
    assert "7.5" not in text_of(edited)
    assert len(house.cards()) == 1
