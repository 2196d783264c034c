"""The CorrectionRepository port on both databases."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy.exc import IntegrityError

from bot.clock import ManualClock
from bot.store.database import Database
from bot.suggestions.corrections import Correction, Word
from tests.contract.test_store_suggestions import an_incident
from tests.support.corrections import AT, a_word


def say(database: Database, *words: Correction) -> list[bool]:
    with database.begin() as unit:
        return [unit.corrections.say(word) for word in words]


def in_force(database: Database, incident_id: int | None, family: str = "") -> list[Correction]:
    with database.read() as unit:
        return list(unit.corrections.in_force(incident_id, family))


@pytest.fixture
def incident(database: Database, clock: ManualClock) -> int:
    return an_incident(database, clock)


def test_a_word_comes_out_as_it_went_in(database: Database, incident: int) -> None:
    word = a_word("alice", Word.NOT_SAME, incident_id=incident, is_lead=True)
    assert say(database, word) == [True]
    [kept] = in_force(database, incident)
    assert replace(kept, id=0) == word
    assert kept.id > 0


def test_the_same_word_again_is_none_and_a_later_one_replaces_it(
    database: Database, incident: int
) -> None:
    word = a_word("alice", Word.NOT_SAME, incident_id=incident)
    changed = replace(word, word=Word.SAME, at=AT + timedelta(hours=1))
    assert say(database, word, word, changed) == [True, False, True]
    [kept] = in_force(database, incident)
    assert (kept.word, kept.at) == (Word.SAME, AT + timedelta(hours=1))


def test_a_weight_takes_no_constraints_place(database: Database, incident: int) -> None:
    word = a_word("alice", Word.NOT_SAME, incident_id=incident)
    assert say(database, word, replace(word, word=Word.NOT_HELPFUL)) == [True, True]
    assert {one.word for one in in_force(database, incident)} == {Word.NOT_SAME, Word.NOT_HELPFUL}


def test_words_are_found_by_incident_or_family_oldest_first(
    database: Database, clock: ManualClock, incident: int
) -> None:
    other = an_incident(database, clock, "h")
    old = a_word("bob", Word.SAME, incident_id=other, family="f", at=AT - timedelta(days=1))
    new = a_word("alice", Word.NOT_SAME, incident_id=incident, family="f")
    apart = a_word("alice", Word.NOT_SAME, incident_id=other, family="g")
    say(database, new, old, apart)
    assert [one.actor for one in in_force(database, None, "f")] == ["T1/bob", "T1/alice"]
    assert len(in_force(database, other, "f")) == 3
    assert len(in_force(database, incident)) == 1
    assert in_force(database, None) == []


def test_a_family_without_a_name_is_not_shared(database: Database, incident: int) -> None:
    say(database, a_word("alice", Word.SAME, incident_id=incident, family=""))
    assert in_force(database, incident + 1, "") == []


def test_a_revoked_word_is_listed_but_not_in_force_and_can_be_said_again(
    database: Database, clock: ManualClock, incident: int
) -> None:
    word = a_word("alice", Word.NOT_SAME, incident_id=incident)
    say(database, word)
    [kept] = in_force(database, incident)
    with database.begin() as unit:
        revoked = unit.corrections.revoke(kept.id, actor="cli:root", now=clock.now())
        assert unit.corrections.revoke(kept.id, actor="cli:root", now=clock.now()) is None
    assert revoked is not None
    assert (revoked.revoked_by, revoked.revoked_at) == ("cli:root", clock.now())
    assert in_force(database, incident) == []
    with database.read() as unit:
        assert unit.corrections.list(10) == [revoked]
        assert unit.corrections.list(10, incident) == [revoked]
        assert unit.corrections.list(10, incident + 1) == []
    assert say(database, word) == [True]
    assert [one.word for one in in_force(database, incident)] == [Word.NOT_SAME]


def test_an_unknown_incident_is_refused(database: Database) -> None:
    with pytest.raises(IntegrityError):
        say(database, a_word("alice", Word.SAME, incident_id=4711))
