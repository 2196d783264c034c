"""The SuggestionRepository port on both databases."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy.exc import IntegrityError

from bot.alerts.model import Severity
from bot.clock import ManualClock
from bot.store.database import Database
from bot.suggestions.model import Citation, Nearest, Step, Suggestion, SuggestionKind
from bot.suggestions.ports import ButtonToken, Feedback, StoredSuggestion


def suggestion(name: str) -> Suggestion:
    return Suggestion(
        id=name,
        kind=SuggestionKind.RUNBOOK_ONLY,
        answered=True,
        confidence=0.1 + 0.2,
        confidence_words="likely",
        headline="Restart the pod",
        steps=(
            Step(
                text="kubectl delete pod <pod>",
                is_code=True,
                destructive=True,
                unfilled=("<pod>",),
                citation=Citation(document_id="rb", version=3, title="Crash loops"),
            ),
        ),
        nearest=Nearest(id="x", title="y", score=0.2, url=None, why_too_far=("words",)),
        receipt={"scores": [1e20, 1e-7, 2.5], "generation": "g1", "none": None, "nested": {"b": 1}},
    )


def stored(name: str, clock: ManualClock, incident_id: int | None = None) -> StoredSuggestion:
    return StoredSuggestion(
        suggestion=suggestion(name),
        incident_id=incident_id,
        asked_by="T1/U1",
        created_at=clock.now(),
    )


def an_incident(database: Database, clock: ManualClock, group: str = "g") -> int:
    with database.begin() as unit:
        incident, _ = unit.incidents.open(
            group_key=group,
            title="t",
            service=None,
            environment=None,
            severity=Severity.HIGH,
            team_id="T1",
            now=clock.now(),
        )
    return incident.id


def word(clock: ManualClock, verdict: str, **changes: object) -> Feedback:
    made = Feedback(
        team_id="T1",
        actor="T1/U1",
        suggestion_id="s1",
        incident_id=None,
        verdict=verdict,
        past_incident_id=None,
        at=clock.now(),
    )
    return replace(made, **changes)


def test_a_suggestion_comes_out_exactly_as_it_went_in(
    database: Database, clock: ManualClock
) -> None:
    kept = stored("s1", clock, an_incident(database, clock))
    with database.begin() as unit:
        unit.suggestions.add(kept)
    with database.read() as unit:
        found = unit.suggestions.get("s1")
        assert found == kept
        assert unit.suggestions.get("s2") is None
    assert found is not None
    assert repr(found.suggestion.receipt) == repr(kept.suggestion.receipt)


def test_the_latest_of_an_incident_is_the_last_one_added(
    database: Database, clock: ManualClock
) -> None:
    one, two = an_incident(database, clock), an_incident(database, clock, "two")
    with database.begin() as unit:
        for name, incident in (("a", one), ("b", one), ("c", two), ("d", None)):
            unit.suggestions.add(stored(name, clock, incident))
    with database.read() as unit:
        latest = unit.suggestions.latest_of(one)
        assert latest is not None
        assert latest.suggestion.id == "b"
        assert unit.suggestions.latest_of(two + 1) is None
        assert [each.suggestion.id for each in unit.suggestions.list(3)] == ["d", "c", "b"]


def test_a_button_is_found_by_its_token_alone(database: Database, clock: ManualClock) -> None:
    button = ButtonToken(
        token="t0k3n",
        team_id="T1",
        action="resolved_like",
        suggestion_id="s1",
        incident_id=an_incident(database, clock),
        past_incident_id="INC-9",
        message_key="card:RCL-1",
        created_at=clock.now(),
    )
    other = replace(button, token="other", incident_id=None, past_incident_id=None)
    with database.begin() as unit:
        unit.suggestions.add_buttons([button, other])
        unit.suggestions.add(stored("s1", clock))
        unit.suggestions.add_buttons([])
    with database.read() as unit:
        assert unit.suggestions.button("t0k3n") == button
        assert unit.suggestions.button("other") == other
        assert unit.suggestions.button("guessed") is None


def test_a_button_of_no_suggestion_is_refused_at_the_commit(
    database: Database, clock: ManualClock
) -> None:
    button = ButtonToken(
        token="t",
        team_id="T1",
        action="helpful",
        suggestion_id="never stored",
        incident_id=None,
        past_incident_id=None,
        message_key="k",
        created_at=clock.now(),
    )
    with pytest.raises(IntegrityError), database.begin() as unit:
        unit.suggestions.add_buttons([button])
    with database.read() as unit:
        assert unit.suggestions.button("t") is None


def test_a_later_word_of_the_same_person_replaces_the_earlier(
    database: Database, clock: ManualClock
) -> None:
    helpful = word(clock, "helpful")
    later = word(clock, "resolved_like", past_incident_id="INC-1", at=clock.now() + timedelta(1))
    with database.begin() as unit:
        unit.suggestions.add(stored("s1", clock))
        assert unit.suggestions.record_feedback(helpful)
        assert not unit.suggestions.record_feedback(helpful), "said already"
        assert not unit.suggestions.record_feedback(replace(helpful, at=later.at))
        assert unit.suggestions.feedback_on("s1") == [helpful]
        assert unit.suggestions.record_feedback(later)
        assert unit.suggestions.record_feedback(replace(later, past_incident_id="INC-2"))
        assert unit.suggestions.feedback_on("s1") == [replace(later, past_incident_id="INC-2")]


def test_each_person_has_a_word(database: Database, clock: ManualClock) -> None:
    words = [
        word(clock, "helpful"),
        word(clock, "not_helpful", actor="T1/U2"),
        word(clock, "helpful", actor="T2/U1", team_id="T2"),
    ]
    with database.begin() as unit:
        unit.suggestions.add(stored("s1", clock))
        assert all(unit.suggestions.record_feedback(each) for each in words)
    with database.read() as unit:
        assert unit.suggestions.feedback_on("s1") == words
        assert unit.suggestions.feedback_on("s2") == []
