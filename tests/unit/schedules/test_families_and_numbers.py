"""Families without a runbook, families that fire often, and the numbers of a week."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from bot.alerts.model import Severity
from bot.chat.ports import Destination, SaidMessage
from bot.incidents.model import Firing, Incident, IncidentState
from bot.schedules.families import often_fired, without_runbook
from bot.schedules.numbers import numbers_of
from bot.suggestions.ports import Feedback, Outcome

NOW = datetime(2026, 11, 19, 12, 0, tzinfo=UTC)


def incident(number: int, service: str = "checkout") -> Incident:
    return Incident(
        id=number,
        key=f"RCL-{number}",
        title="t",
        service=service,
        environment="prod",
        severity=Severity.HIGH,
        state=IncidentState.OPEN,
        group_key=str(number),
        opened_at=NOW,
    )


def fired(number: int, alert: str) -> Firing:
    return Firing(number, NOW, alert)


def outcome(number: int | None, *runbooks: str, answered: bool = True) -> Outcome:
    return Outcome(
        suggestion_id="s", incident_id=number, at=NOW, answered=answered, runbooks=runbooks
    )


def word(verdict: str, incident_id: int | None) -> Feedback:
    return Feedback(
        team_id="T1",
        actor="T1/U1",
        suggestion_id="s",
        incident_id=incident_id,
        verdict=verdict,
        past_incident_id=None,
        at=NOW,
    )


def test_a_family_is_covered_by_a_runbook_cited_for_any_of_its_incidents() -> None:
    incidents = [incident(1), incident(2), incident(3), incident(4, "search")]
    firings = [fired(1, "DiskFull"), fired(2, "disk_full 17"), fired(3, "Slow"), fired(4, "Slow")]
    outcomes = [outcome(1), outcome(2, "disk"), outcome(4, answered=False)]
    found = without_runbook(incidents, firings, outcomes)
    assert [(one.alert, one.where, one.times) for one in found] == [
        ("Slow", "checkout, prod", 1),
        ("Slow", "search, prod", 1),
    ]


def test_the_alert_that_opened_an_incident_is_what_a_runbook_would_be_about() -> None:
    firings = [fired(1, "DiskFull"), fired(1, "Slow")]
    [found] = without_runbook([incident(1)], firings, [])
    assert found.alert == "DiskFull"


def test_a_question_of_a_person_covers_nothing() -> None:
    assert without_runbook([incident(1)], [fired(1, "A")], [outcome(None, "page")]) != []


@given(
    times=st.dictionaries(st.sampled_from(("DiskFull", "Slow", "QueueGrows")), st.integers(0, 6))
)
def test_what_fires_often_is_named_the_most_often_first(times: dict[str, int]) -> None:
    firings = [fired(1, alert) for alert, number in times.items() for _ in range(number)]
    found = often_fired([incident(1)], firings)
    assert {one.alert: one.times for one in found} == {
        alert: number for alert, number in times.items() if number >= 3
    }
    assert [one.times for one in found] == sorted((one.times for one in found), reverse=True)


def test_what_may_not_be_seen_counts_nowhere() -> None:
    firings = [fired(1, "A"), fired(2, "Secret"), fired(2, "Secret"), fired(2, "Secret")]
    assert often_fired([incident(1)], firings) == []
    assert [one.alert for one in without_runbook([incident(1)], firings, [])] == ["A"]
    numbers = numbers_of(
        [incident(1)], [outcome(2)], [word("helpful", 2), word("helpful", None)], [], NOW, 50
    )
    assert (numbers.searched, numbers.helpful) == (0, 1)


def test_the_numbers_of_a_week() -> None:
    incidents = [incident(number) for number in (1, 2, 3)]
    cards = [
        SaidMessage(
            key=f"card:RCL-{number}",
            to=Destination("T1", "C1"),
            at=NOW + timedelta(seconds=seconds),
        )
        for number, seconds in ((1, 10), (2, 30))
    ]
    outcomes = [outcome(1), outcome(1, answered=False), outcome(2), outcome(3, answered=False)]
    words = [word(one, 1) for one in ("helpful", "not_helpful", "not_same", "graded_noise")]
    numbers = numbers_of(incidents, outcomes, words, cards, NOW, 50)
    assert (numbers.incidents, numbers.searched, numbers.answered) == (3, 3, 2)
    assert (numbers.silent, numbers.to_card) == (1, 20.0)
    assert (numbers.helpful, numbers.not_helpful, numbers.better_silent) == (1, 2, 1)
    assert numbers.answered_share == 2 / 3
    assert numbers.unwelcome_share == 3 / 4


def test_without_any_incident_there_are_no_shares() -> None:
    numbers = numbers_of([], [], [], [], NOW, 50)
    assert (numbers.answered_share, numbers.unwelcome_share, numbers.to_card) == (None, None, None)
