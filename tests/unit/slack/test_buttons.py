"""What pressing a button does, once, and what it refuses."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from bot.chat.messages import Notice
from bot.clock import ManualClock
from bot.incidents.model import IncidentState, TimelineKind
from bot.suggestions.jobs import with_corrections
from knowledge.model import DocumentState, PastIncident, Query, Visibility
from tests.support.databases import sqlite_database
from tests.support.saying import one_cause
from tests.support.slack_world import BOT, CHANNEL, GUEST, TEAM, World, pasted

FAMILY = Query(
    text="", alert_name="checkout_high_error_rate", service="checkout", environment="prod"
)
"""An alert of the same family as `World.alert_fires` makes."""


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    clock = ManualClock()
    with sqlite_database(tmp_path, clock) as database:
        yield World(database, clock)


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


@pytest.mark.parametrize("action", ["helpful", "not_helpful", "not_same", "resolved_like", "why"])
def test_a_guests_press_changes_nothing_and_is_audited(world: World, action: str):
    world.knows()
    world.alert_fires()
    world.follow()
    before = world.card()
    world.presses(before, action, user=GUEST)
    assert world.card() == before
    assert len(world.chat.posts) == 1
    assert world.audited() == [(f"{TEAM}/{GUEST}", "button.refused")]
    with world.database.read() as uow:
        incident = uow.incidents.get(1)
    assert incident is not None
    assert incident.state is IncidentState.OPEN


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
    assert document.symptom == "9 % of checkouts fail"
    assert document.alerts == ("CheckoutHighErrorRate",)
    assert document.confirmed_by == "u0alice (T1/U0ALICE)"
    assert TimelineKind.STATE_CHANGED in kinds
    card = world.card()
    assert card.state == "resolved"
    assert card.resolution_note.startswith("Resolved like INC-87")
    assert [button.action for button in card.buttons] == ["helpful", "not_helpful", "why"]


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


def test_not_the_same_leaves_the_case_out_of_its_incident_and_searches_again(world: World):
    world.alert_fires()
    world.follow()
    world.presses(world.card(), "not_same")
    [said] = world.card().said
    assert (said.verdict, said.user_ids) == ("Not the same as INC-87", ("U0ALICE",))
    world.builder.gives = one_cause(headline="Like INC-90, possible", confidence=0.5)
    world.follow(revision=2)
    assert world.builder.asked[-1][0].excluded == {"INC-87"}
    card = world.card()
    assert card.suggestion is not None
    assert card.suggestion.headline == "Like INC-90, possible"
    assert [each.verdict for each in card.said] == ["Not the same as INC-87"]
    assert len(world.chat.posts) == 1
    assert world.audited() == [("T1/U0ALICE", "button.not_same")]


def test_a_question_in_the_thread_knows_what_was_said_of_the_incident(world: World):
    world.alert_fires()
    world.follow()
    world.presses(world.card(), "not_same")
    world.says(f"<@{BOT}> could it be the deploy?", thread_ts=world.card_ref())
    assert world.builder.asked[-1][0].excluded == {"INC-87"}


def test_not_the_same_twice_is_recorded_once(world: World):
    world.alert_fires()
    world.follow()
    card = world.card()
    world.presses(card, "not_same")
    world.presses(card, "not_same")
    assert world.audited()[-1] == ("T1/U0ALICE", "button.refused")
    with world.database.read() as uow:
        incident = uow.incidents.get(1)
        assert len(uow.corrections.in_force(1, "")) == 1
    assert incident is not None
    assert incident.revision == 2


@pytest.mark.parametrize(("user", "reaches"), [("U0ALICE", False), ("U0LEAD", True)])
def test_only_a_leads_word_reaches_the_next_incident_by_itself(
    world: World, user: str, reaches: bool
):
    world.alert_fires()
    world.follow()
    world.presses(world.card(), "not_same", user=user)
    assert with_corrections(world.database, FAMILY).excluded == (
        {"INC-87"} if reaches else frozenset()
    )


def test_what_two_found_no_help_weighs_less_the_next_time(world: World):
    world.alert_fires()
    world.follow()
    world.presses(world.card(), "not_helpful")
    assert with_corrections(world.database, FAMILY).unhelpful == {}
    assert with_corrections(world.database, FAMILY, 1).unhelpful == {"INC-87": 1.0}
    world.presses(world.card(), "not_helpful", user="U0BOB")
    assert with_corrections(world.database, FAMILY).unhelpful == {"INC-87": 1.0}


def test_that_incidents_ended_alike_is_no_constraint_for_the_next(world: World):
    world.knows()
    world.alert_fires()
    world.follow()
    world.presses(world.card(), "resolved_like", user="U0LEAD")
    assert with_corrections(world.database, FAMILY).linked == frozenset()
