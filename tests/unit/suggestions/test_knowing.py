"""Whom to ask, where nothing on record is close enough."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from bot.alerts.model import Severity
from bot.clock import ManualClock
from bot.incidents.model import IncidentState
from bot.services.catalogue import Catalogue
from bot.services.model import Service
from bot.slack.blocks import render
from bot.store.database import Database
from bot.suggestions.knowing import KnowingSuggester
from bot.suggestions.model import Knows, Suggestion
from knowledge.model import EVERYONE, Audience, PastIncident, Query, Visibility
from knowledge.text.passages import passages_of
from tests.support.databases import sqlite_database
from tests.support.saying import abstention, answer, one_cause
from tests.support.slack_world import ScriptedSuggester

CATALOGUE = Catalogue([Service(name="checkout", owner="team-storefront", aliases=("shop",))])


class Memory:
    """A team's database, and a search that finds what the test says."""

    def __init__(self, database: Database, clock: ManualClock) -> None:
        self.database, self.clock = database, clock
        self.script = ScriptedSuggester()
        self.script.gives = abstention()
        self.suggester = KnowingSuggester(self.script, CATALOGUE, database)

    def ended(self, by: str, visibility: Visibility = EVERYONE, service: str = "checkout") -> None:
        now = self.clock.now()
        with self.database.begin() as uow:
            incident, _ = uow.incidents.open(
                group_key=f"g{by}",
                title="it failed",
                service=service,
                environment=None,
                severity=Severity.HIGH,
                team_id="T1",
                now=now,
            )
            uow.incidents.save(replace(incident, state=IncidentState.RESOLVED))
            record = PastIncident(
                id=incident.key,
                title="it failed",
                symptom="it failed",
                confirmed_by=f"{by} (T1/U1)",
                visibility=visibility,
            )
            uow.knowledge.upsert([(record, passages_of(record))], actor="t", now=now)

    def asked(self, text: str = "it hangs", **changes: object) -> Suggestion:
        query = replace(Query(text=text), **changes)  # type: ignore[arg-type]
        return self.suggester.suggest(query, asked=True)


@pytest.fixture
def memory(tmp_path: Path) -> Iterator[Memory]:
    clock = ManualClock()
    with sqlite_database(tmp_path, clock) as database:
        yield Memory(database, clock)


def test_the_owner_and_who_ended_it_before_are_named(memory: Memory) -> None:
    for name in ("alice", "bob", "alice"):
        memory.ended(name)
    memory.ended("carol", service="search")
    knows = memory.asked(service="checkout").knows
    assert knows is not None
    assert (knows.owner, set(knows.people)) == ("team-storefront", {"alice", "bob"})


def test_the_service_may_be_named_in_the_question_alone(memory: Memory) -> None:
    found = memory.asked("the shop hangs")
    assert found.knows == Knows(service="checkout", owner="team-storefront")


def test_nobody_is_named_for_what_nobody_knows(memory: Memory) -> None:
    assert memory.asked().knows is None
    assert memory.asked(service="unheard-of").knows is None


def test_an_answer_needs_nobody(memory: Memory) -> None:
    memory.script.gives = one_cause()
    assert memory.asked(service="checkout").knows is None


def test_names_in_records_that_the_readers_may_not_see_are_not_told(memory: Memory) -> None:
    memory.ended("alice", Visibility(frozenset({"T1/C9"})))
    inside = memory.asked(service="checkout", audience=Audience(channel="T1/C9")).knows
    outside = memory.asked(service="checkout", audience=Audience(channel="T1/C1")).knows
    assert inside is not None
    assert inside.people == ("alice",)
    assert outside is not None
    assert outside.people == ()
    assert memory.asked(service="checkout", audience=Audience(sees_nothing=True)).knows is None


def test_it_is_drawn_as_words_that_ping_nobody() -> None:
    knows = Knows(service="checkout", owner="<!channel>", people=("alice", "<@U1>"))
    drawn = str(render(answer(suggestion=abstention(knows=knows))).blocks)
    assert "Who knows checkout" in drawn
    assert "ended it before" in drawn
    assert "<!channel>" not in drawn
    assert "<@U1>" not in drawn
