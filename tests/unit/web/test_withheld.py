"""Answers made of records that only some channels may see are emptied for the API."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bot.clock import ManualClock
from bot.incidents.model import TimelineEntry, TimelineKind
from bot.suggestions.model import Suggestion
from bot.suggestions.naming import made_in_private, may_be_read_in
from bot.suggestions.ports import StoredSuggestion
from bot.web.withheld import WITHHELD, for_everyone, timeline_for_everyone
from knowledge.model import Visibility
from tests.support.databases import sqlite_database
from tests.support.saying import abstention, one_cause
from tests.support.slack_world import World


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    clock = ManualClock()
    with sqlite_database(tmp_path, clock) as database:
        yield World(database, clock)


def shown(world: World, suggestion: Suggestion) -> Suggestion:
    row = StoredSuggestion(
        suggestion=suggestion, incident_id=None, asked_by="T1/U1", created_at=world.clock.now()
    )
    with world.database.read() as uow:
        [told] = for_everyone(uow, [row])
    return told.suggestion


SECRET = Visibility(frozenset({"T1/C9"}))


def test_an_answer_that_cites_a_restricted_record_is_emptied(world: World) -> None:
    world.knows(visibility=SECRET)
    assert shown(world, one_cause()).headline == WITHHELD


@pytest.mark.parametrize(
    "asked", [{"excluded": ["INC-87"]}, {"linked": ["INC-87"]}, {"unhelpful": {"INC-87": 1.0}}]
)
def test_an_answer_whose_receipt_tells_what_was_said_of_one_is_emptied_too(
    world: World, asked: dict[str, Any]
) -> None:
    answer = abstention(receipt={"query": asked})
    world.knows()
    assert shown(world, answer) == answer
    world.knows(visibility=SECRET)
    emptied = shown(world, answer)
    assert (emptied.headline, emptied.receipt) == (WITHHELD, {})


def test_an_answer_to_the_words_of_a_private_channel_is_emptied(world: World) -> None:
    world.knows()
    answer = one_cause(receipt={"query": {"channel": "T1/C9"}})
    assert shown(world, answer) == answer
    assert shown(world, made_in_private(answer)).headline == WITHHELD
    with world.database.read() as uow:
        assert may_be_read_in(uow, made_in_private(answer), "T1/C9")
        assert not may_be_read_in(uow, made_in_private(answer), "T1/C1")


def test_an_answer_made_of_restricted_records_stays_in_its_channel(world: World) -> None:
    answer = one_cause(receipt={"query": {"channel": "T1/C9"}})
    world.knows(visibility=SECRET)
    with world.database.read() as uow:
        assert may_be_read_in(uow, answer, "T1/C9")
        assert not may_be_read_in(uow, answer, "T1/C1")


def test_what_a_private_channel_said_is_not_in_the_timeline(world: World) -> None:
    entry = TimelineEntry(
        at=world.clock.now(),
        kind=TimelineKind.EVIDENCE,
        text="1 line pasted in the channel",
        data={"text": "a secret plan", "only": "T1/C9"},
    )
    with world.database.read() as uow:
        [told] = timeline_for_everyone(uow, [entry])
    assert (told.text, told.data) == (WITHHELD, {})


def test_words_that_were_filled_in_from_a_restricted_case_are_withheld(world: World) -> None:
    data = {"resolution": "as they did", "like": "INC-87", "note": "Resolved by alice: as they did"}
    entries = [
        TimelineEntry(at=world.clock.now(), kind=TimelineKind.NOTE, text=data["note"], data=data),
        TimelineEntry(
            at=world.clock.now(),
            kind=TimelineKind.STATE_CHANGED,
            text="open → resolved: as they did",
            data={"to": "resolved", "note": data["note"]},
        ),
    ]
    world.knows()
    with world.database.read() as uow:
        assert timeline_for_everyone(uow, entries) == entries
    world.knows(visibility=SECRET)
    with world.database.read() as uow:
        told = timeline_for_everyone(uow, entries)
    assert [(entry.text, entry.data) for entry in told] == [(WITHHELD, {})] * 2
