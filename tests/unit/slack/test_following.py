"""A card follows its incident: when it is said, when it is changed, when nothing is."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from bot.alerts.model import AlertStatus
from bot.channels.placing import Where
from bot.chat.ports import CardRoom, Destination
from bot.clock import ManualClock
from bot.errors import ChatUnavailable
from bot.incidents.model import IncidentState, TimelineKind
from bot.jobs.ports import Job
from bot.suggestions.jobs import SUGGEST, SuggestJob
from bot.suggestions.model import Suggestion
from knowledge.model import Query
from tests.support.databases import sqlite_database
from tests.support.saying import abstention, one_cause, several_causes
from tests.support.slack_world import CHANNEL, TEAM, World, pasted


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    clock = ManualClock()
    with sqlite_database(tmp_path, clock) as database:
        yield World(database, clock)


def test_an_incident_gets_its_card(world: World):
    world.alert_fires()
    world.follow()
    card = world.card()
    assert (card.incident_key, card.cluster, card.state) == ("RCL-1", "eu-1", "open")
    assert card.suggestion is not None
    assert [button.action for button in card.buttons] == [
        "helpful",
        "not_helpful",
        "not_same",
        "resolved_like",
        "why",
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


def goes_on(world: World, revision: int) -> None:
    with world.database.begin() as uow:
        incident = uow.incidents.get(1)
        assert incident is not None
        uow.incidents.save(replace(incident, revision=revision))


def test_one_search_does_for_all_the_revisions_that_wait_behind_it(world: World):
    world.alert_fires()
    goes_on(world, revision=5)
    for revision in range(1, 6):
        world.follow(revision=revision)
    assert len(world.builder.asked) == 1
    goes_on(world, revision=6)
    world.follow(revision=6)
    assert len(world.builder.asked) == 2


def test_a_slow_search_does_not_overwrite_what_a_newer_one_found(world: World):
    world.alert_fires()
    world.follow()
    goes_on(world, revision=2)
    quick = world.builder.suggest

    def overtaken(query: Query, *, asked: bool) -> Suggestion:
        world.builder.suggest = quick  # type: ignore[method-assign]
        pasted(world)
        world.builder.gives = one_cause(confidence=0.95)
        world.follow(revision=3)
        return several_causes(id="slow")

    world.builder.suggest = overtaken  # type: ignore[method-assign]
    world.follow(revision=2)
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
    def away(_):
        raise ChatUnavailable("Slack is away")

    world.alert_fires()
    world.job = SuggestJob(world.database, world.builder, away, world.clock)
    with pytest.raises(ChatUnavailable):
        world.follow()


def test_a_refused_room_costs_no_answer_and_the_card_comes_once_it_is_found(world: World):
    world.alert_fires()
    found = world.job
    world.job = SuggestJob(
        world.database, world.builder, lambda _: Where(is_refused=True), world.clock
    )
    world.follow()
    world.follow()
    assert world.chat.posts == []
    with world.database.read() as uow:
        assert len(uow.suggestions.list(10)) == 1
    world.clock.advance(200)
    assert due(world) == [], "it is not looked for all the time"
    world.clock.advance(700)
    [again] = due(world)
    found.handle(again)
    world.send()
    assert world.card().incident_key == "RCL-1"


def due(world: World) -> list[Job]:
    with world.database.begin() as uow:
        return list(uow.jobs.claim([SUGGEST], world.clock.now(), 30, 10))
