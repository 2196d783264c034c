from datetime import UTC, datetime, timedelta

from knowledge.learn.examples import Pair, examples_of, pairs_of_history, question_of
from knowledge.model import Query
from tests.support.memory_knowledge import case, page

START = datetime(2026, 5, 1, tzinfo=UTC)
DISK = page("disk", "Disk full", "No space left on the device.")
CLOCK = page("clock", "Clock skew", "The clock of a host drifts.")


def test_a_question_gets_the_beginning_of_the_page_that_answers_it() -> None:
    pair = Pair(Query(text="no space left on the disk"), frozenset({"disk"}), "team")
    (example,) = examples_of([pair], [DISK, CLOCK])
    assert "no space left on the device" in example.positives[0].lower()
    assert not any("clock" in text.lower() for text in example.positives)


def test_a_pair_without_its_document_gives_no_example() -> None:
    pair = Pair(Query(text="no space"), frozenset({"gone"}))
    assert examples_of([pair], [DISK]) == []
    assert examples_of([pair], []) == []


def test_history_teaches_pages_that_helped_and_earlier_cases_of_the_same_cause() -> None:
    first = case("INC-1", "Full", "volume is full", "Logs were kept for ever", runbook="disk")
    later = case(
        "INC-2", "Full again", "no space", "logs were  kept for ever", started_at=START + _DAY
    )
    other = case("INC-3", "Odd", "drift", "NTP was down", started_at=START + 2 * _DAY)
    told = pairs_of_history([other, later, first, DISK])
    assert [(incident.id, pair.answers) for incident, pair in told] == [
        ("INC-1", frozenset({"disk"})),
        ("INC-2", frozenset({"INC-1"})),
    ]


def test_a_question_says_nothing_of_cause_and_cure() -> None:
    incident = case("INC-1", "Full", "no space", "secret cause", resolution="secret cure")
    assert "secret" not in str(question_of(incident))


def test_undated_records_teach_nothing() -> None:
    assert pairs_of_history([case("INC-1", "T", "s", "c", runbook="disk", started_at=None)]) == []


_DAY = timedelta(days=1)
