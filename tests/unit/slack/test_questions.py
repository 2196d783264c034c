"""Questions, pasted logs and talk: what is answered, and what is left alone."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.chat.messages import Notice
from bot.clock import ManualClock
from bot.errors import BadPayload
from bot.incidents.model import TimelineKind
from bot.jobs.ports import InboxKind
from bot.suggestions.jobs import SUGGEST
from tests.support.databases import sqlite_database
from tests.support.saying import several_causes
from tests.support.slack_world import BOT, CHANNEL, TEAM, World, pasted


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    clock = ManualClock()
    with sqlite_database(tmp_path, clock) as database:
        yield World(database, clock)


def test_a_question_is_answered_in_its_thread(world: World):
    world.says(f"<@{BOT}> why is checkout slow?")
    [post] = world.chat.posts
    assert post.to.thread == "50.1"
    [(query, asked)] = world.builder.asked
    assert (query.text, asked) == ("why is checkout slow?", True)
    assert query.audience.channel == f"{TEAM}/{CHANNEL}"
    assert [b.action for b in world.answers()[0].buttons] == ["helpful", "not_helpful", "why"]


def test_a_redelivered_question_is_answered_once(world: World):
    world.says(f"<@{BOT}> why?")
    world.says(f"<@{BOT}> why?", redelivered=True)
    assert len(world.answers()) == 1
    assert len(world.builder.asked) == 1


def test_an_empty_mention_gets_help(world: World):
    world.says(f"<@{BOT}>")
    [post] = world.chat.posts
    assert isinstance(post.message, Notice)
    assert world.builder.asked == []


def test_secrets_are_gone_before_anything_is_searched_or_kept(world: World):
    world.says(f"<@{BOT}> login fails with password=hunter2-very-secret why?")
    [(query, _)] = world.builder.asked
    assert "hunter2" not in query.text


def test_in_a_channel_shared_with_others_nothing_may_be_used(world: World):
    world.says(f"<@{BOT}> why?", shared=True)
    [(query, _)] = world.builder.asked
    assert query.audience.sees_nothing


def test_a_direct_message_is_answered(world: World):
    world.says("why?", type="message", channel="D1", channel_type="im")
    [post] = world.chat.posts
    assert post.to.channel == "D1"


def test_logs_pasted_under_a_card_become_evidence_and_the_card_follows(world: World):
    world.alert_fires()
    world.follow()
    pasted(world)
    with world.database.read() as uow:
        incident = uow.incidents.get(1)
        evidence = [e for e in uow.incidents.timeline(1) if e.kind is TimelineKind.EVIDENCE]
    assert incident is not None
    assert incident.revision == 2
    assert [entry.data["text"] for entry in evidence] == ["FATAL: no slots"]
    with world.database.begin() as uow:
        keys = [job.key for job in uow.jobs.claim([SUGGEST], world.clock.now(), 60, 10)]
    assert keys == ["suggest:1:2"]
    assert world.builder.asked[-1][0].logs == ("FATAL: no slots",)
    assert len(world.answers()) == 1
    pasted(world, redelivered=True)
    assert len(world.answers()) == 1


def test_ordinary_talk_under_a_card_is_left_alone(world: World):
    world.alert_fires()
    world.follow()
    pasted(world, "looking into it")
    assert world.answers() == []


def test_logs_in_another_thread_are_none_of_our_business(world: World):
    world.alert_fires()
    world.follow()
    pasted(world, thread_ts="40.0")
    assert world.answers() == []


def test_a_question_under_a_card_knows_the_incident_and_leaves_the_card_alone(world: World):
    world.alert_fires()
    world.follow()
    before = world.card()
    world.builder.gives = several_causes()
    world.says(f"<@{BOT}> could it be the deploy?", thread_ts=world.card_ref())
    query = world.builder.asked[-1][0]
    assert query.text.startswith("could it be the deploy?\nCheckoutHighErrorRate")
    assert query.service == "checkout"
    assert world.card() == before


@pytest.mark.parametrize("body", [b"{", b"[]", b"\xff", b'"x"'])
def test_a_body_that_is_none_of_slacks_is_refused(world: World, body: bytes):
    with pytest.raises(BadPayload):
        world.process(InboxKind.SLACK_EVENT, body)
