"""`/recall ask`, `similar` and `runbook`, as the caller sees them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.chat.messages import Answer, AnyMessage, Board, Notice
from bot.chat.ports import Destination
from bot.clock import ManualClock
from bot.commands.model import Caller
from bot.people.model import Actor, Role
from bot.slack.interactions import ephemeral
from bot.workspace import rules
from knowledge.model import Visibility
from tests.support.asking_world import CASES, DOCUMENTS, SLOTS, AskingWorld, asking_world
from tests.support.databases import sqlite_database
from tests.support.memory_knowledge import case
from tests.support.slack_world import CHANNEL, TEAM

SECRET = Visibility(channels=frozenset({f"{TEAM}/C9SECRET"}))
HIDDEN = case("INC-9", "Orders fail", SLOTS, "hidden", visibility=SECRET, logs=(SLOTS,))


@pytest.fixture
def world(tmp_path: Path) -> Iterator[AskingWorld]:
    clock = ManualClock()
    known = (*DOCUMENTS, HIDDEN)
    with sqlite_database(tmp_path, clock) as database, asking_world(database, clock, *known) as it:
        yield it


def runs(world: AskingWorld, line: str, channel: str = CHANNEL, **changes: object) -> AnyMessage:
    values: dict[str, object] = {
        "actor": Actor(TEAM, "U0ALICE"),
        "name": "alice",
        "role": Role.RESPONDER,
        "at": Destination(TEAM, channel),
    }
    caller = Caller(**(values | changes))  # type: ignore[arg-type]
    message = world.book.run(caller, line).message
    assert message is not None
    return message


def told_by(said: AnyMessage) -> str:
    assert isinstance(said, Board), said
    lines = [f"{line.text} {line.detail}" for part in said.parts for line in part.lines]
    return "\n".join([said.title, *(part.heading for part in said.parts), *lines, said.note])


def test_ask_answers_with_a_receipt_that_is_kept(world: AskingWorld) -> None:
    said = runs(world, f"ask many orders fail {SLOTS}")
    assert isinstance(said, Answer)
    with world.database.read() as uow:
        stored = uow.suggestions.get(said.suggestion.id)
    assert stored is not None
    assert stored.asked_by == "T1/U0ALICE"


def test_ask_understands_which_service_and_environment_are_meant(world: AskingWorld) -> None:
    said = runs(world, "ask is orders-postgres out of slots in staging")
    assert isinstance(said, Answer)
    query = said.suggestion.receipt["query"]
    assert (query["service"], query["environment"]) == ("orders-db", "staging")


def test_two_services_in_one_question_are_none(world: AskingWorld) -> None:
    said = runs(world, "ask does checkout fail since orders-db moved")
    assert isinstance(said, Answer)
    assert said.suggestion.receipt["query"]["service"] is None


def test_ask_without_words_says_how(world: AskingWorld) -> None:
    said = runs(world, "ask")
    assert isinstance(said, Notice)
    assert "/recall ask" in said.text


def test_similar_lists_past_incidents_with_what_fixed_them(world: AskingWorld) -> None:
    told = told_by(runs(world, f"similar {SLOTS}"))
    assert "INC-2 Orders fail" in told
    assert "fixed" in told
    assert "receipt" in told
    assert "INC-9" not in told


def test_where_it_may_be_seen_the_hidden_case_is_there(world: AskingWorld) -> None:
    assert "INC-9" in told_by(runs(world, f"similar {SLOTS}", channel="C9SECRET"))


@pytest.mark.parametrize("line", ["similar RCL-1", "similar 1", "similar rcl-1 slots"])
def test_similar_to_an_incident(world: AskingWorld, line: str) -> None:
    world.alert_fires()
    assert told_by(runs(world, line)).startswith("Most like RCL-1")


def test_similar_alone_means_the_incident_of_the_channel(world: AskingWorld) -> None:
    world.alert_fires()
    with world.database.begin() as uow:
        uow.placements.dedicate(TEAM, "C5INCIDENT", 1, world.clock.now())
    assert "RCL-1" in told_by(runs(world, "similar", channel="C5INCIDENT"))
    said = runs(world, "similar")
    assert isinstance(said, Notice)
    assert "Say which incident" in said.text


def test_an_incident_that_is_not_there_is_told(world: AskingWorld) -> None:
    said = runs(world, "similar RCL-77")
    assert isinstance(said, Notice)
    assert "RCL-77" in said.text


def test_nothing_alike_is_said_plainly(world: AskingWorld) -> None:
    told = told_by(runs(world, "similar どうして"))
    assert "but not near" in told
    assert "None is near enough to go by" in told


def test_of_an_empty_memory_nothing_is_listed(tmp_path: Path) -> None:
    clock = ManualClock()
    only = case("INC-9", "Orders fail", SLOTS, visibility=SECRET)
    with sqlite_database(tmp_path, clock) as database, asking_world(database, clock, only) as it:
        assert told_by(runs(it, "similar slots")).startswith("Nothing like “slots” is on record")
        assert told_by(runs(it, "runbook slots")).startswith("No runbook fits “slots”")


def test_runbook_of_a_service_names_section_link_and_owner(world: AskingWorld) -> None:
    said = runs(world, "runbook database slots used up")
    assert isinstance(said, Board)
    first = said.parts[0].lines[0]
    assert first.text.startswith("Database slots used up")
    assert first.url == "https://wiki.example/db-slots"
    assert "owner: team-data" in first.detail


def test_runbook_of_an_incident(world: AskingWorld) -> None:
    world.alert_fires()
    assert told_by(runs(world, "runbook RCL-1")).startswith("Runbooks for RCL-1")


@pytest.mark.parametrize("line", ["ask x", "similar x", "runbook x"])
def test_guests_and_shared_channels_are_told_nothing(world: AskingWorld, line: str) -> None:
    for changes in ({"role": Role.GUEST}, {"is_shared": True}):
        assert isinstance(runs(world, line, **changes), Notice)
    with world.database.read() as uow:
        assert uow.suggestions.list(5) == []


def test_the_cases_of_this_world_are_three() -> None:
    assert len(CASES) == 3


@pytest.mark.parametrize(
    "line", [f"ask many orders fail {SLOTS}", f"similar {SLOTS}", "runbook database slots"]
)
def test_what_a_command_says_is_within_slacks_rules(world: AskingWorld, line: str) -> None:
    drawn = ephemeral(runs(world, line))
    rules.check_message(drawn["text"], drawn["blocks"], None)
    assert "receipt" in str(drawn["blocks"])
