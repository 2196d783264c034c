"""After a time of deafness: what was missed is read back, once, and the bot says so."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.alerts.model import Severity
from bot.chat.messages import Notice
from bot.chat.ports import Destination
from bot.chat.troubles import troubles
from bot.jobs.marks import LAST_GAP
from bot.slack.gaps import told
from bot.slack.hearing import GAP_JOB, gap_between
from bot.workspace.model import Message
from tests.support.gap_world import GapWorld, gap_world
from tests.support.saying import card

START = datetime(2026, 11, 19, 2, 10, tzinfo=UTC)
PASTED = "```\nFATAL: remaining connection slots are reserved\n```"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[GapWorld]:
    with gap_world(tmp_path, START) as opened:
        opened.beat()
        yield opened


def card_of_an_incident(world: GapWorld) -> Message:
    """An open incident whose card stands in the channel."""
    with world.database.begin() as uow:
        incident, _ = uow.incidents.open(
            group_key="g",
            title="CheckoutHighErrorRate",
            service="checkout",
            environment="prod",
            severity=Severity.CRITICAL,
            team_id=world.workspace.team_id,
            now=world.clock.now(),
        )
        uow.outbox.put(
            f"card:{incident.key}",
            world.room.to,
            card(incident_key=incident.key),
            world.clock.now(),
        )
    world.work()
    (message,) = world.workspace.messages("incidents")
    return message


def notices(world: GapWorld) -> list[str]:
    return [text for text in world.says() if text.startswith("Recall was deaf")]


# -- what is a gap ---------------------------------------------------------------------------


def test_the_very_first_start_misses_nothing():
    assert gap_between(None, START, was_away=True) is None


def test_a_beat_that_is_a_little_late_is_no_gap_and_a_long_silence_is_one():
    late = START + timedelta(seconds=5)
    assert gap_between(START, late, was_away=False) is None
    stale = START + timedelta(seconds=11)
    gap = gap_between(START, stale, was_away=False)
    assert gap is not None
    assert (gap.since, gap.until) == (START, stale)


def test_the_shortest_silence_counts_when_no_connection_was_up():
    assert gap_between(START, START + timedelta(seconds=1), was_away=True) is not None
    assert gap_between(START, START, was_away=True) is None


def test_how_it_is_told():
    until = START + timedelta(minutes=4)
    assert told(START, until, 6, 0) == "deaf 02:10-02:14, 6 messages replayed (UTC)"
    assert "1 message replayed (UTC; 1 of them more than 15 min" in told(START, until, 1, 1)
    assert "nothing was missed" in told(START, until, 0, 0)
    over_night = told(START - timedelta(hours=3), START, 2, 0)
    assert "deaf 2026-11-18 23:10-2026-11-19 02:10, 2 messages" in over_night


# -- what is read back -----------------------------------------------------------------------


def test_what_was_asked_meanwhile_is_answered_and_the_bot_says_so(world: GapWorld):
    world.is_deaf_for(60)
    alice = world.workspace.user("alice")
    questions = [
        alice.mentions_bot("incidents", "checkout answers 502, why?"),
        alice.mentions_bot("general", "is the standby behind?"),
    ]
    direct = alice.tells_bot("what is this error?")
    alice.says("general", "lunch?")
    world.clock.advance(180)
    world.hears_again()
    for question, channel in zip(questions, ("incidents", "general"), strict=True):
        assert len(world.answers(question, channel)) == 1
    assert len(world.answers(direct, direct.channel)) == 1
    assert notices(world) == ["Recall was deaf 02:10-02:14, 3 messages replayed (UTC)"]


def test_nothing_missed_is_nothing_said(world: GapWorld):
    world.is_deaf_for(60)
    world.workspace.user("alice").says("general", "lunch?")
    world.hears_again()
    assert world.says() == []
    with world.database.read() as uow:
        gap = uow.marks.get(LAST_GAP)
    assert gap is not None
    assert gap["replayed"] == 0


def test_what_was_said_before_the_gap_is_left_alone(world: GapWorld):
    world.workspace.user("alice").mentions_bot("incidents", "long ago")
    for _ in range(40):
        world.clock.advance(3)
        world.beat()
    world.is_deaf_for(60)
    world.hears_again()
    assert world.kept() == []


def test_a_process_that_was_down_knows_since_when(world: GapWorld):
    world.clock.advance(600)
    question = world.workspace.user("alice").mentions_bot("incidents", "anybody?")
    world.clock.advance(600)
    world.restart()
    gap = world.hears_again()
    assert gap is not None
    assert gap.since == START
    assert len(world.answers(question)) == 1
    assert "deaf 02:10-02:30, 1 message replayed" in notices(world)[-1]


def test_a_question_in_an_old_thread_is_found(world: GapWorld):
    alice = world.workspace.user("alice")
    root = alice.says("general", "the edge is slow")
    for _ in range(20):
        world.clock.advance(3)
        world.beat()
    world.is_deaf_for(30)
    alice.mentions_bot("general", "seen before?", thread_ts=root.ts)
    world.hears_again()
    assert len(world.answers(root, "general")) == 1


def test_logs_pasted_under_a_card_become_evidence_once(world: GapWorld):
    under = card_of_an_incident(world)
    world.clock.advance(3 * 86_400)  # the card is older than the history that is looked through
    world.hears_again()
    world.is_deaf_for(30)
    alice = world.workspace.user("alice")
    pasted = alice.says("incidents", PASTED, thread_ts=under.ts)
    alice.says("incidents", "looking", thread_ts=under.ts)
    world.hears_again()
    world.deliver(pasted)
    with world.database.read() as uow:
        timeline = uow.incidents.timeline(1)
    assert [entry.kind.value for entry in timeline].count("evidence") == 1
    assert len(world.answers(under)) == 2, "the card and one answer"


def test_a_late_delivery_after_the_replay_has_no_second_effect(world: GapWorld):
    world.is_deaf_for(60)
    question = world.workspace.user("alice").mentions_bot("incidents", "why?")
    world.hears_again()
    asked = len(world.builder.asked)
    world.deliver(question)
    assert len(world.answers(question)) == 1
    assert len(world.builder.asked) == asked, "it was not even looked at"


def test_a_replay_of_what_was_heard_in_time_has_no_second_effect(world: GapWorld):
    question = world.workspace.user("alice").mentions_bot("incidents", "why?")
    world.deliver(question)
    world.is_deaf_for(2)  # the overlap of the gap covers the question
    world.hears_again()
    assert len(world.answers(question)) == 1
    assert not notices(world)


def test_a_message_that_waits_in_the_inbox_is_not_counted_as_missed(world: GapWorld):
    question = world.workspace.user("alice").mentions_bot("incidents", "why?")
    world.is_deaf_for(1)
    world.hears = True
    world.beat()
    world.deliver(question)
    assert len(world.answers(question)) == 1
    assert len(world.kept()) == 1


def test_the_longest_gap_is_a_day(world: GapWorld):
    alice = world.workspace.user("alice")
    world.clock.advance(3600)
    old = alice.mentions_bot("incidents", "is anybody there?")
    world.clock.advance(30 * 3600)
    young = alice.mentions_bot("incidents", "hello?")
    world.clock.advance(3600)
    world.restart()
    world.hears_again()
    assert (len(world.answers(old)), len(world.answers(young))) == (0, 1)
    assert "1 of them more than 15 minutes late" in notices(world)[-1]


# -- trouble on the way ----------------------------------------------------------------------


def test_a_rate_limit_delays_and_repeats_nothing(world: GapWorld):
    world.is_deaf_for(60)
    alice = world.workspace.user("alice")
    asked = [(name, alice.mentions_bot(name, "why?")) for name in ("general", "incidents")]
    world.workspace.faults.rate_limit("conversations.history", calls=3, retry_after=2)
    world.workspace.faults.server_error("users.conversations", calls=1)
    world.hears_again()
    for _ in range(4):
        world.clock.advance(60)
        world.work()
    assert [len(world.answers(question, name)) for name, question in asked] == [1, 1]
    assert len(notices(world)) == 1


def test_a_crash_between_two_steps_repeats_nothing(world: GapWorld):
    world.is_deaf_for(60)
    question = world.workspace.user("alice").mentions_bot("incidents", "why?")
    world.hears = True
    world.beat()
    for _ in range(6):
        with world.database.begin() as uow:
            (job,) = uow.jobs.claim([GAP_JOB], world.clock.now(), 1, 1) or (None,)
        if job is not None:
            world.repair.handle(job)  # and then the process is killed: the job is not finished
        world.clock.advance(2)
    world.work()
    assert len(world.answers(question)) == 1
    assert len(notices(world)) == 1


def test_one_channel_that_cannot_be_read_hides_no_other(world: GapWorld):
    world.is_deaf_for(60)
    alice = world.workspace.user("alice")
    question = alice.mentions_bot("incidents", "why?")
    alice.mentions_bot("general", "why here?")
    first = world.workspace.channel_id("general")
    world.workspace.faults.fail("conversations.history", "missing_scope", calls=1)
    world.hears_again()
    assert len(world.answers(question)) == 1
    with world.database.read() as uow:
        (trouble,) = troubles(uow)
    assert trouble.channel == first
    assert "missing_scope" in trouble.error
    world.is_deaf_for(60)
    world.hears_again()
    with world.database.read() as uow:
        assert troubles(uow) == []


def test_a_missing_scope_for_one_kind_of_channel_hides_no_other(world: GapWorld):
    world.is_deaf_for(60)
    question = world.workspace.user("alice").mentions_bot("incidents", "why?")
    world.workspace.faults.fail("users.conversations", "missing_scope", calls=1)
    world.hears_again()
    assert world.answers(question) == [], "public channels were the first to be asked for"
    with world.database.read() as uow:
        assert [one.channel for one in troubles(uow)] == ["public_channel"]


def test_the_notice_goes_out_although_the_room_was_away(world: GapWorld):
    world.is_deaf_for(60)
    world.workspace.user("alice").mentions_bot("general", "why?")
    with world.database.begin() as uow:
        there = Destination(world.workspace.team_id, world.workspace.channel_id("general"))
        uow.outbox.put("other", there, Notice(text="another"), world.clock.now())
    world.hears_again()
    assert notices(world)
