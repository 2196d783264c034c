"""Slack delivers again, late and in any order: everything is answered, and answered once."""

import json
import random
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from bot.workspace.delivery import Delivery
from bot.workspace.http_events import sign
from bot.workspace.model import Message
from bot.workspace.server import Room
from knowledge.embed.hashing import HashingEmbedder
from tests.support.house import House

QUESTIONS = (
    "standby of orders-db is far behind",
    "checkout answers 502",
    "disk of the search node is full",
    "certificate of the edge expires",
)


def redeliver(house: House, client: httpx.Client, delivery: Delivery, number: int) -> int:
    """The same event once more, signed anew as Slack does."""
    body = json.dumps(delivery.payload).encode()
    stamp = str(int(time.time()))
    headers = {
        "Content-Type": "application/json",
        "X-Slack-Request-Timestamp": stamp,
        "X-Slack-Signature": sign(house.workspace.signing_secret, stamp, body),
        "X-Slack-Retry-Num": str(number % 4),
        "X-Slack-Retry-Reason": "http_timeout",
    }
    url = f"{house.address}/slack/events"
    return client.post(url, content=body, headers=headers, timeout=30).status_code


def ask_and_redeliver(folder: Path, *, rooms: int, each: int, deliveries: int, seed: int) -> None:
    chance = random.Random(seed)
    with House(folder, HashingEmbedder(64), "http") as house:
        names = [f"room-{number}" for number in range(rooms)]
        for name in names:
            house.workspace.add_channel(Room(name))
        alice = house.person("alice")
        asked: list[tuple[str, Message]] = []
        for _ in range(each):
            asked += [(name, alice.mentions_bot(name, chance.choice(QUESTIONS))) for name in names]
        house.workspace.wait_for(lambda: mentions(house, len(asked)), 30)
        events = mentions(house, len(asked))
        storm = [chance.choice(events) for _ in range(deliveries)]
        with httpx.Client(trust_env=False) as client, ThreadPoolExecutor(8) as pool:
            answers = pool.map(
                lambda pair: redeliver(house, client, pair[1], pair[0]), enumerate(storm)
            )
            assert set(answers) == {200}
        for name, question in asked:
            house.workspace.wait_for(
                lambda name=name, question=question: house.replies(question, name), 120
            )
        house.until(house.is_settled, 60)
        for name, question in asked:
            assert len(house.replies(question, name)) == 1
        assert sum(house.get("/v1/inbox?limit=1")["counts"].values()) == len(asked)


def mentions(house: House, wanted: int) -> list[Delivery]:
    found = [each for each in house.workspace.deliveries if each.event_type == "app_mention"]
    return found if len(found) == wanted else []


def test_a_storm_of_redeliveries_gives_one_answer_each(tmp_path: Path) -> None:
    ask_and_redeliver(tmp_path, rooms=6, each=3, deliveries=120, seed=1)


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(2, 5))
def test_a_thousand_redeliveries_give_one_answer_each(tmp_path: Path, seed: int) -> None:
    ask_and_redeliver(tmp_path, rooms=20, each=10, deliveries=1_000, seed=seed)
