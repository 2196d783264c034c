"""An alert that comes and goes, and an incident that waits whether it is over."""

from collections.abc import Callable, Iterator
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from bot.demo.story import Story, StoryAlert
from knowledge.embed.port import Embedder
from tests.support.house import House, text_of

Turn = Callable[[str], None]


@pytest.fixture
def waiting_house(tmp_path: Path, real_embedder: Embedder) -> Iterator[House]:
    """One in which what has ended must stay so for three seconds, and flapping ends after six."""
    chosen = {"RECALL_RESOLVE_AFTER_SECONDS": "3", "RECALL_FLAP_SECONDS": "6"}
    with House(tmp_path, real_embedder, "socket", **chosen) as opened:
        yield opened


def named(story: Story, name: str) -> StoryAlert:
    return next(alert for alert in story.fire_more if alert.name == name)


def turns(house: House, alert: StoryAlert) -> Turn:
    """Have the alert go on or off, and wait until Recall knows."""
    seen = count(1)

    def turn(status: str) -> None:
        house.fires(alert, status)
        number = next(seen)
        house.until(lambda: the_alert(house)["times_seen"] == number)
        house.until(house.is_settled)

    return turn


def the_alert(house: House) -> Any:
    rows = house.get("/v1/alerts")["items"]
    return rows[0] if rows else {"times_seen": 0}


def the_incident(house: House) -> Any:
    [row] = house.get("/v1/incidents")["items"]
    return house.get(f"/v1/incidents/{row['key']}")


def test_what_has_ended_is_resolved_by_itself_in_place(waiting_house: House, story: Story) -> None:
    house, turn = waiting_house, turns(waiting_house, named(story, "InvoiceExporterBacklog"))
    turn("firing")
    card = house.card_that_says("InvoiceExporterBacklog")
    turn("resolved")
    assert house.card_that_says("Mitigated", "InvoiceExporterBacklog").ts == card.ts
    assert house.card_that_says("Resolved", "InvoiceExporterBacklog").ts == card.ts
    incident = the_incident(house)
    ended = datetime.fromisoformat(the_alert(house)["ends_at"])
    assert (datetime.fromisoformat(incident["resolved_at"]) - ended).total_seconds() >= 3
    assert len(house.cards()) == 1


def test_firing_again_in_time_keeps_the_same_card_open(waiting_house: House, story: Story) -> None:
    house, turn = waiting_house, turns(waiting_house, named(story, "InvoiceExporterBacklog"))
    turn("firing")
    card = house.card_that_says("InvoiceExporterBacklog")
    turn("resolved")
    turn("firing")
    house.until(lambda: the_incident(house)["state"] == "open")
    [again] = house.cards()
    assert again.ts == card.ts
    assert "Mitigated" not in text_of(again)


def test_a_flapping_alert_says_so_once_and_holds_its_incident_open(
    waiting_house: House, story: Story
) -> None:
    house, turn = waiting_house, turns(waiting_house, named(story, "CartRedisMemoryHigh"))
    turn("firing")
    card = house.card_that_says("CartRedisMemoryHigh")
    for status in ("resolved", "firing", "resolved"):
        turn(status)
    marked = house.card_that_says("CartRedisMemoryHigh (flapping)")
    assert marked.ts == card.ts
    assert the_alert(house)["flapping"] is True

    # What it does now is no news: the same card, not even edited.
    for status in ("firing", "resolved", "firing", "resolved"):
        turn(status)
    [still] = house.cards()
    assert (still.ts, still.edited) == (marked.ts, marked.edited)
    assert the_incident(house)["state"] == "open"
    assert house.get("/v1/noise")["last_day"] == {"flapping": 2}

    # It keeps still: flapping no more, and its incident is over.
    over = house.card_that_says("Resolved", "CartRedisMemoryHigh")
    assert over.ts == card.ts
    assert the_alert(house)["flapping"] is False
    told = " ".join(entry["text"] for entry in the_incident(house)["timeline"])
    assert told.count("CartRedisMemoryHigh: flapping. ") == 1
    assert told.count("flapping no more") == 1


def test_one_that_ended_before_a_restart_is_resolved_after_it(
    tmp_path: Path, real_embedder: Embedder, story: Story
) -> None:
    """The time runs on while nobody is there: what is known of it lies in the database."""
    chosen = {"RECALL_RESOLVE_AFTER_SECONDS": "3"}
    alert = named(story, "InvoiceExporterBacklog")
    with House(tmp_path, real_embedder, "socket", **chosen) as house:
        turn = turns(house, alert)
        turn("firing")
        turn("resolved")
        assert the_incident(house)["state"] == "mitigated"
        house.restarts()
        house.until(lambda: the_incident(house)["state"] == "resolved")
        assert len(house.cards()) == 1
