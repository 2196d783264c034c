"""From a delivery in the inbox to what stands in Slack and in the database."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from bot.alerts.model import Alert, AlertStatus, Severity
from bot.alerts.ports import AlertWrite
from bot.chat.messages import Answer, IncidentCard, Notice
from bot.chat.ports import CardRoom, Destination
from bot.chat.sender import OutboxSender
from bot.clock import ManualClock
from bot.errors import BadPayload, ChatUnavailable
from bot.incidents.model import IncidentState, TimelineKind
from bot.jobs.ports import InboxItem, InboxKind, Job
from bot.redact import redact
from bot.slack.inbound import SlackInbound
from bot.store.database import Database
from bot.suggestions.feedback import Buttons
from bot.suggestions.jobs import SUGGEST, SuggestJob
from bot.suggestions.model import Suggestion
from knowledge.model import DocumentState, PastIncident, Query, Visibility
from knowledge.text.passages import passages_of
from tests.support.chat import FakeChat
from tests.support.databases import sqlite_database
from tests.support.saying import abstention, one_cause, several_causes

TEAM, CHANNEL, BOT = "T1", "C1", "U0BOT"
ROOM = CardRoom(Destination(TEAM, CHANNEL))


class ScriptedSuggester:
    """Gives what the test says, each time under a new id; remembers what was asked."""

    def __init__(self) -> None:
        self.gives: Suggestion = one_cause()
        self.asked: list[tuple[Query, bool]] = []

    def suggest(self, query: Query, *, asked: bool) -> Suggestion:
        self.asked.append((query, asked))
        return self.gives.model_copy(update={"id": f"suggestion-{len(self.asked)}"})


class World:
    """Everything of the Slack side but Slack itself."""

    def __init__(self, database: Database, clock: ManualClock) -> None:
        self.database, self.clock = database, clock
        self.chat = FakeChat(clock)
        self.builder = ScriptedSuggester()
        self.sender = OutboxSender(database, self.chat, clock)
        self.buttons = Buttons(database, clock, passages_of)
        self.inbound = SlackInbound(database, self.builder, self.buttons, redact, clock)
        self.room: CardRoom | None = ROOM
        self.job = SuggestJob(database, self.builder, lambda: self.room, clock)
        self.events = 0

    def alert_fires(self, status: AlertStatus = AlertStatus.FIRING) -> int:
        alert = Alert(
            source="generic",
            fingerprint="generic:1:x",
            name="CheckoutHighErrorRate",
            status=status,
            severity=Severity.CRITICAL,
            summary="9 % of checkouts fail",
            labels={"cluster": "eu-1"},
        )
        with self.database.begin() as uow:
            incident, _ = uow.incidents.open(
                group_key="g",
                title="CheckoutHighErrorRate",
                service="checkout",
                environment="prod",
                severity=Severity.CRITICAL,
                team_id=TEAM,
                now=self.clock.now(),
            )
            write = AlertWrite(
                alert=alert, service="checkout", environment="prod", incident_id=incident.id
            )
            uow.alerts.save([write], self.clock.now())
        return incident.id

    def follow(self, incident_id: int = 1, revision: int = 1) -> None:
        payload = {"incident_id": incident_id, "revision": revision}
        self.job.handle(Job(key=f"suggest:{incident_id}:{revision}", kind=SUGGEST, payload=payload))
        self.send()

    def send(self) -> None:
        self.clock.advance(10)
        self.sender.run_once()

    def card(self) -> IncidentCard:
        [post] = [post for post in self.chat.posts if isinstance(post.message, IncidentCard)]
        assert isinstance(post.message, IncidentCard)
        return post.message

    def card_ref(self) -> str:
        [post] = [post for post in self.chat.posts if isinstance(post.message, IncidentCard)]
        return post.ref

    def answers(self) -> list[Answer]:
        return [post.message for post in self.chat.posts if isinstance(post.message, Answer)]

    def says(self, text: str, *, redelivered: bool = False, **changes: object) -> None:
        if not redelivered:
            self.events += 1
        event = {
            "type": "app_mention",
            "user": "U0ALICE",
            "text": text,
            "channel": CHANNEL,
            "ts": f"50.{self.events}",
        } | changes
        shared = bool(event.pop("shared", False))
        body = {
            "type": "event_callback",
            "team_id": TEAM,
            "event_id": f"Ev{self.events}",
            "authorizations": [{"user_id": BOT, "is_bot": True}],
            "is_ext_shared_channel": shared,
            "event": event,
        }
        self.process(InboxKind.SLACK_EVENT, json.dumps(body).encode())

    def presses(
        self, message: IncidentCard | Answer, action: str, user: str = "U0ALICE", team: str = TEAM
    ) -> None:
        [token] = [button.token for button in message.buttons if button.action == action]
        self.presses_token(token, user, team)

    def presses_token(self, token: str, user: str = "U0ALICE", team: str = TEAM) -> None:
        body = {
            "type": "block_actions",
            "user": {"id": user, "team_id": team, "name": user.lower()},
            "team": {"id": TEAM},
            "container": {"type": "message", "message_ts": "1.0", "channel_id": CHANNEL},
            "actions": [
                {"action_id": "recall_feedback_helpful", "value": token, "action_ts": "9.1"}
            ],
        }
        self.process(InboxKind.SLACK_ACTION, json.dumps(body).encode())

    def process(self, kind: InboxKind, body: bytes) -> None:
        item = InboxItem(
            id="i",
            kind=kind,
            source="slack",
            body=body,
            content_type="application/json",
            received_at=self.clock.now(),
        )
        self.inbound.process(item)
        self.send()

    def audited(self) -> list[tuple[str, str]]:
        with self.database.read() as uow:
            return [(event.actor, event.action) for event in uow.audit.list()]

    def knows(self, **changes: object) -> None:
        values: dict[str, object] = {
            "id": "INC-87",
            "title": "orders-db connections exhausted",
            "symptom": "no connection slots left",
            "cause": "report-worker leaked connections",
            "resolution": "restarted report-worker",
        }
        past = PastIncident(**(values | changes))  # type: ignore[arg-type]
        with self.database.begin() as uow:
            uow.knowledge.upsert([(past, passages_of(past))], actor="t", now=self.clock.now())


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    clock = ManualClock()
    with sqlite_database(tmp_path, clock) as database:
        yield World(database, clock)


# The card ----------------------------------------------------------------------------------


def test_an_incident_gets_its_card(world: World):
    world.alert_fires()
    world.follow()
    card = world.card()
    assert (card.incident_key, card.cluster, card.state) == ("RCL-1", "eu-1", "open")
    assert card.suggestion is not None
    assert [button.action for button in card.buttons] == [
        "helpful",
        "not_helpful",
        "resolved_like",
    ]
    with world.database.read() as uow:
        stored = uow.suggestions.latest_of(1)
        kinds = [entry.kind for entry in uow.incidents.timeline(1)]
    assert stored is not None
    assert stored.suggestion == card.suggestion
    assert TimelineKind.SUGGESTION in kinds


def test_the_search_is_made_for_the_readers_of_the_card_room(world: World):
    world.alert_fires()
    world.room = CardRoom(Destination(TEAM, CHANNEL), is_shared=True)
    world.follow()
    [(query, asked)] = world.builder.asked
    assert (query.audience.channel, query.audience.sees_nothing) == (f"{TEAM}/{CHANNEL}", True)
    assert not asked


def test_nothing_close_enough_is_silence(world: World):
    world.builder.gives = abstention()
    world.alert_fires()
    world.follow()
    assert world.chat.posts == []


def test_a_card_that_is_there_is_edited_even_by_an_abstention(world: World):
    world.alert_fires()
    world.follow()
    world.builder.gives = abstention()
    world.follow(revision=2)
    assert len(world.chat.posts) == 1
    assert world.card().suggestion is not None
    assert world.card().suggestion.answered is False


def test_a_job_that_runs_again_says_and_keeps_nothing_twice(world: World):
    world.alert_fires()
    world.follow()
    world.follow()
    assert len(world.chat.posts) == 1
    with world.database.read() as uow:
        assert len(uow.suggestions.list(10)) == 1


def test_the_same_answer_keeps_what_people_said_of_it(world: World):
    world.alert_fires()
    world.follow()
    world.presses(world.card(), "helpful")
    world.follow(revision=2)
    assert [said.user_ids for said in world.card().said] == [("U0ALICE",)]


def test_the_card_follows_when_all_alerts_resolve(world: World):
    world.alert_fires()
    world.follow()
    world.alert_fires(AlertStatus.RESOLVED)
    with world.database.begin() as uow:
        incident = uow.incidents.get(1)
        assert incident is not None
        done = replace(
            incident, state=IncidentState.RESOLVED, resolved_at=world.clock.now(), revision=2
        )
        uow.incidents.save(done)
    searched = len(world.builder.asked)
    world.follow(revision=2)
    assert world.card().state == "resolved"
    assert len(world.builder.asked) == searched


def test_a_resolved_incident_without_a_card_gets_none(world: World):
    world.alert_fires()
    with world.database.begin() as uow:
        incident = uow.incidents.get(1)
        assert incident is not None
        uow.incidents.save(replace(incident, state=IncidentState.RESOLVED, revision=2))
    world.follow(revision=2)
    assert world.chat.posts == []


def test_a_slow_search_does_not_overwrite_what_a_newer_one_found(world: World):
    world.alert_fires()
    world.follow()
    quick = world.builder.suggest

    def overtaken(query: Query, *, asked: bool) -> Suggestion:
        world.builder.suggest = quick  # type: ignore[method-assign]
        pasted(world)
        world.builder.gives = one_cause(confidence=0.95)
        world.follow(revision=2)
        return several_causes(id="slow")

    world.builder.suggest = overtaken  # type: ignore[method-assign]
    world.follow(revision=1)
    shown = world.card().suggestion
    assert shown is not None
    assert shown.confidence == 0.95


def test_without_a_chat_the_suggestion_is_kept_all_the_same(world: World):
    world.room = None
    world.alert_fires()
    world.follow()
    assert world.chat.posts == []
    with world.database.read() as uow:
        assert len(uow.suggestions.list(10)) == 1


def test_while_the_card_room_cannot_be_looked_up_the_job_is_for_later(world: World):
    def away() -> CardRoom | None:
        raise ChatUnavailable("Slack is away")

    world.alert_fires()
    world.job = SuggestJob(world.database, world.builder, away, world.clock)
    with pytest.raises(ChatUnavailable):
        world.follow()


# Questions ---------------------------------------------------------------------------------


def test_a_question_is_answered_in_its_thread(world: World):
    world.says(f"<@{BOT}> why is checkout slow?")
    [post] = world.chat.posts
    assert post.to.thread == "50.1"
    [(query, asked)] = world.builder.asked
    assert (query.text, asked) == ("why is checkout slow?", True)
    assert query.audience.channel == f"{TEAM}/{CHANNEL}"
    assert [button.action for button in world.answers()[0].buttons] == ["helpful", "not_helpful"]


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


def pasted(world: World, text: str = "```\nFATAL: no slots\n```", **changes: object) -> None:
    changes = {"type": "message", "channel_type": "channel"} | changes
    world.says(text, **({"thread_ts": world.card_ref()} | changes))


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


# Buttons -----------------------------------------------------------------------------------


def test_a_word_is_kept_once_shown_in_place_and_audited(world: World):
    world.alert_fires()
    world.follow()
    first = world.card()
    world.presses(first, "helpful")
    world.presses(first, "helpful")
    world.presses(world.card(), "helpful", user="U0BOB")
    [said] = world.card().said
    assert (said.verdict, said.user_ids) == ("Helpful", ("U0ALICE", "U0BOB"))
    assert len(world.chat.posts) == 1
    assert world.audited() == [
        ("T1/U0ALICE", "button.helpful"),
        ("T1/U0ALICE", "button.refused"),
        ("T1/U0BOB", "button.helpful"),
    ]


def test_a_later_word_of_the_same_person_replaces_the_earlier(world: World):
    world.alert_fires()
    world.follow()
    world.presses(world.card(), "helpful")
    world.presses(world.card(), "not_helpful")
    assert [said.verdict for said in world.card().said] == ["Not helpful"]


def test_an_answer_shows_what_people_said_of_it(world: World):
    world.says(f"<@{BOT}> why?")
    world.presses(world.answers()[0], "not_helpful")
    [answer] = world.answers()
    assert [said.verdict for said in answer.said] == ["Not helpful"]


def test_another_teams_press_is_refused_and_audited(world: World):
    world.alert_fires()
    world.follow()
    world.presses(world.card(), "helpful", team="T2")
    assert world.card().said == ()
    assert world.audited() == [("T2/U0ALICE", "button.refused")]


def test_a_forged_or_forgotten_token_is_refused_with_one_notice(world: World):
    world.presses_token("made up")
    world.presses_token("made up as well", user="U0BOB")
    assert [type(post.message) for post in world.chat.posts] == [Notice]
    assert [action for _, action in world.audited()] == ["button.refused"] * 2


def test_resolved_like_ends_the_incident_and_makes_it_findable(world: World):
    world.knows()
    world.alert_fires()
    world.follow()
    pasted(world)
    world.presses(world.card(), "resolved_like")
    with world.database.read() as uow:
        incident = uow.incidents.get(1)
        document = uow.knowledge.get("RCL-1")
        kinds = [entry.kind for entry in uow.incidents.timeline(1)]
    assert incident is not None
    assert incident.state is IncidentState.RESOLVED
    assert isinstance(document, PastIncident)
    assert document.state is DocumentState.CONFIRMED
    assert document.cause == "Like INC-87: report-worker leaked connections"
    assert document.resolution == "Like INC-87: restarted report-worker"
    assert document.symptom == "9 % of checkouts fail\nFATAL: no slots"
    assert document.alerts == ("CheckoutHighErrorRate",)
    assert document.confirmed_by == "u0alice (T1/U0ALICE)"
    assert TimelineKind.STATE_CHANGED in kinds
    card = world.card()
    assert card.state == "resolved"
    assert card.resolution_note.startswith("Resolved like INC-87")
    assert [button.action for button in card.buttons] == ["helpful", "not_helpful"]


def test_resolving_twice_has_no_second_effect(world: World):
    world.knows()
    world.alert_fires()
    world.follow()
    card = world.card()
    world.presses(card, "resolved_like")
    world.presses(card, "resolved_like", user="U0BOB")
    with world.database.read() as uow:
        document = uow.knowledge.get("RCL-1")
        timeline = uow.incidents.timeline(1)
    assert isinstance(document, PastIncident)
    assert document.confirmed_by.startswith("u0alice")
    assert document.version == 1
    assert len([e for e in timeline if e.kind is TimelineKind.STATE_CHANGED]) == 1
    assert world.audited()[-1] == ("T1/U0BOB", "button.refused")


def test_what_alerts_have_ended_can_still_be_recorded(world: World):
    world.knows()
    world.alert_fires()
    world.follow()
    card = world.card()
    with world.database.begin() as uow:
        incident = uow.incidents.get(1)
        assert incident is not None
        uow.incidents.save(replace(incident, state=IncidentState.RESOLVED, revision=2))
    world.follow(revision=2)
    world.presses(card, "resolved_like")
    with world.database.read() as uow:
        assert uow.knowledge.get("RCL-1") is not None
    assert "resolved_like" not in [button.action for button in world.card().buttons]


def test_a_quotation_is_seen_by_no_more_people_than_its_source(world: World):
    world.knows(visibility=Visibility(frozenset({f"{TEAM}/{CHANNEL}"})))
    world.alert_fires()
    world.follow()
    world.presses(world.card(), "resolved_like")
    with world.database.read() as uow:
        document = uow.knowledge.get("RCL-1")
    assert document is not None
    assert document.visibility == Visibility(frozenset({f"{TEAM}/{CHANNEL}"}))


def test_what_the_past_record_does_not_say_stays_empty(world: World):
    world.knows(cause="", resolution="")
    world.alert_fires()
    world.follow()
    world.presses(world.card(), "resolved_like")
    with world.database.read() as uow:
        document = uow.knowledge.get("RCL-1")
    assert isinstance(document, PastIncident)
    assert (document.cause, document.resolution) == ("", "")


def test_a_past_incident_that_is_gone_cannot_be_quoted(world: World):
    world.alert_fires()
    world.follow()
    world.presses(world.card(), "resolved_like")
    assert isinstance(world.chat.posts[-1].message, Notice)
    assert world.audited() == [("T1/U0ALICE", "button.refused")]
