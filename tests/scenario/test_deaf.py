"""Slack cannot reach the bot for a while: what was said meanwhile is answered all the same."""

from pathlib import Path

from bot.canary.sending import CanarySender
from bot.clock import SystemClock
from bot.jobs.inbox_writer import InboxWriter
from bot.jobs.marks import HEARD
from bot.settings import load_settings
from bot.upkeep import canary_plan
from bot.workspace.model import Message
from knowledge.embed.hashing import HashingEmbedder
from tests.support.house import House, text_of


def notices(house: House) -> list[str]:
    return [text_of(m) for m in house.cards() if "deaf" in text_of(m)]


def has_heard(house: House) -> bool:
    """Whether Slack's first sign of life is on record: before it nothing counts as missed."""
    with house.database.read() as uow:
        return uow.marks.get(HEARD) is not None


def ask_while_away(house: House) -> Message:
    """The sockets are gone, and Slack has given the delivery up before they are back."""
    house.until(lambda: has_heard(house))
    house.workspace.faults.set(refuse_connections=True)
    house.workspace.faults.drop_sockets()
    house.until(lambda: not house.workspace.connections)
    asked = house.person("alice").mentions_bot("general", "checkout answers 502, why?")
    house.workspace.wait_for(lambda: all(d.given_up or d.acked for d in house.workspace.deliveries))
    house.workspace.faults.clear()
    return asked


def test_a_question_that_slack_could_not_deliver_is_answered_once(tmp_path: Path) -> None:
    with House(tmp_path, HashingEmbedder(64)) as house:
        asked = ask_while_away(house)
        house.reply_to(asked, "general")
        house.workspace.wait_for(lambda: notices(house), 30)
        house.until(house.is_settled)
        assert len(house.replies(asked, "general")) == 1
        (notice,) = notices(house)
        assert "1 message replayed" in notice
        house.until(lambda: "last_gap" in house.get("/healthz")["slack"])
        assert house.get("/healthz")["slack"]["last_gap"]["replayed"] == 1


def test_in_http_mode_a_bot_that_was_down_reads_back_what_it_missed(tmp_path: Path) -> None:
    with House(tmp_path, HashingEmbedder(64), "http") as house:
        asked_before = house.person("alice").mentions_bot("general", "disk is full?")
        house.reply_to(asked_before, "general")
        house.until(house.is_settled)
        house.front_stops()
        asked = house.person("alice").mentions_bot("general", "checkout answers 502, why?")
        house.workspace.wait_for(
            lambda: all(d.given_up or d.acked for d in house.workspace.deliveries), 30
        )
        house.front_starts()
        house.reply_to(asked, "general")
        house.workspace.wait_for(lambda: notices(house), 30)
        house.until(house.is_settled)
        assert len(house.replies(asked, "general")) == 1
        assert len(house.replies(asked_before, "general")) == 1
        assert ["1 message replayed" in notice for notice in notices(house)] == [True]


def send_canary(house: House) -> None:
    """What the front does each interval."""
    plan = canary_plan(load_settings(environment=house.environment()))
    assert plan is not None
    writer = InboxWriter(house.database)
    writer.start()
    CanarySender(house.database, writer, plan, SystemClock()).send()
    writer.stop()


def test_the_canary_goes_the_whole_way(tmp_path: Path) -> None:
    settings = {"RECALL_CANARY_CHANNEL": "general", "RECALL_CANARY_MINUTES": "1"}
    with House(tmp_path, HashingEmbedder(64), **settings) as house:
        send_canary(house)
        house.until(lambda: house.get("/healthz")["canary"]["verdict"] == "in_time", 30)
        (message,) = house.cards("general")
        assert "Canary of" in text_of(message)
        assert house.get("/healthz")["canary"]["up_to"] == "message"
        assert house.get("/v1/incidents")["items"] == []
        assert house.get("/v1/alerts")["items"] == []
        assert house.get("/v1/inbox")["items"] == []
        assert house.get("/v1/suggestions")["items"] == []
