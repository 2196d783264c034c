"""A node fails and everything shouts: one message for the storm, and what is not part of it is
heard all the same."""

import threading
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from bot.demo.story import Story
from bot.workspace.driver import button_texts
from knowledge.embed.hashing import HashingEmbedder
from tests.support.acting import ALERT, acting_house, asks, named, request_that_says
from tests.support.house import CHANNEL, House, Mode, text_of

SERVICES = ("invoice-exporter", "report-worker", "cart-redis")
ELSEWHERE = ("edge-nginx", "vault-agent", "cart-redis")
"""Services that have nothing to do with orders-db."""
EDIT_SECONDS = 7
ROUNDS = 8


@pytest.fixture
def stormy_house(tmp_path: Path) -> Iterator[House]:
    """Its storm message is edited every seven seconds at most, not every minute; and whatever it
    finds it says, since what is found is of no matter here."""
    chosen = {"RECALL_STORM_EDIT_SECONDS": str(EDIT_SECONDS), "RECALL_ANSWER_THRESHOLD": "0"}
    with House(tmp_path, HashingEmbedder(64), **chosen) as opened:
        yield opened


def shouts(
    house: House, numbers: range, status: str = "firing", services: tuple[str, ...] = SERVICES
) -> None:
    """Alerts of three services, one after the other, in one delivery."""
    alerts: list[dict[str, Any]] = [
        {
            "name": "PodNotReady",
            "key": f"pod-{number}",
            "status": status,
            "severity": "warning",
            "summary": f"pod {number} went away with its node",
            "labels": {
                "service": services[number % len(services)],
                "env": "prod",
                "cluster": "eu-1",
                "pod": f"pod-{number}",
            },
        }
        for number in numbers
    ]
    assert house.post("/v1/alerts/generic", {"alerts": alerts}).status_code == 202


def test_sixty_alerts_are_one_message_and_a_lone_critical_one_has_its_own_card(
    stormy_house: House, story: Story
) -> None:
    house = stormy_house
    lone = next(alert for alert in story.fire_more if alert.name == "EdgeNginx5xxRate")
    shouts(house, range(45))
    house.fires(lone)
    shouts(house, range(45, 60))
    storm = house.card_that_says("Alert storm", "60 alerts")
    card = house.card_that_says("EdgeNginx5xxRate")
    assert {one.ts for one in house.cards()} == {storm.ts, card.ts}
    assert "EdgeNginx" not in text_of(storm)

    edits: dict[str, str] = {}
    pause = threading.Event()
    for number in range(60, 60 + ROUNDS):  # it goes on, and every alert would be worth an edit
        shouts(house, range(number, number + 1))
        until = time.monotonic() + 2
        while time.monotonic() < until:
            [now] = [one for one in house.cards() if one.ts == storm.ts]
            if now.edited is not None:
                edits[now.edited[1]] = text_of(now)
            pause.wait(0.1)
    moments = sorted(map(float, edits))
    assert moments, "it was never edited"
    gaps = [later - sooner for sooner, later in pairwise(moments)]
    assert all(gap >= EDIT_SECONDS - 1 for gap in gaps), gaps

    shouts(house, range(60 + ROUNDS), "resolved")
    summary = house.card_that_says("Alert storm is over", f"{60 + ROUNDS} alerts")
    assert summary.ts == storm.ts
    house.until(house.is_settled)
    assert {one.ts for one in house.cards()} == {storm.ts, card.ts}
    states = {row["service"]: row["state"] for row in house.get("/v1/incidents")["items"]}
    assert [states[service] for service in SERVICES] == ["resolved"] * 3
    assert states["edge-nginx"] == "open"


def test_a_storm_holds_up_no_question_no_approval_and_no_result(
    tmp_path: Path, mode: Mode, story: Story
) -> None:
    """Its message may be edited but once in five minutes; what people ask for comes at once."""
    chosen = {"RECALL_STORM_EDIT_SECONDS": "300", "RECALL_ANSWER_THRESHOLD": "0"}
    embedder = HashingEmbedder(64)
    with acting_house(tmp_path, embedder, mode, more=lambda _: chosen) as house:
        house.fires(named(story, ALERT))
        house.card_that_says(ALERT)
        shouts(house, range(60), services=ELSEWHERE)
        storm = house.card_that_says("Alert storm")

        asked = house.person("alice").mentions_bot(CHANNEL, "standby of orders-db is far behind")
        assert text_of(house.reply_to(asked))
        shouts(house, range(60, 80), services=ELSEWHERE)

        asks(house, "alice", "/recall act RCL-1 touch", name="fixed")
        message = request_that_says(house, "Waits for approval", "/usr/bin/touch --")
        assert "Approve" in button_texts(message)
        shouts(house, range(80, 100), services=ELSEWHERE)
        house.person("bob").clicks(message, "Approve")
        request_that_says(house, "Ran, verifying")
        house.resolves(named(story, ALERT))
        over = request_that_says(house, "Worked", "Verified by the condition itself")
        assert over.ts == message.ts

        [still] = [one for one in house.cards() if one.ts == storm.ts]
        assert "Alert storm is over" not in text_of(still)
        assert still.edited is None, "its own message waited all the while"
