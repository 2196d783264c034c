"""Which past incidents are asked again, what they asked, and which page is right for them."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot.alerts.model import Severity
from bot.clock import ManualClock
from bot.drafts.impact import LOOK_BACK, PastCases, Wanted, in_a_sentence, report_of
from bot.errors import DataError
from bot.incidents.model import Incident, IncidentState
from bot.store.database import Database
from bot.suggestions.corrections import Word
from knowledge.curate.impact import Case, Impact, impact_of
from knowledge.model import DocumentState, PastIncident, Query, Runbook, Visibility
from tests.support.corrections import a_word
from tests.support.databases import sqlite_database
from tests.support.memory_knowledge import case

HIDDEN = Visibility(frozenset({"T1/C9"}))
RECORD = case("INC-1", "Disk is full", "no space left", runbook="disk-slug", url="https://x.test/1")


class Seen:
    """Previews that keep what they were asked, and know one link."""

    def __init__(self) -> None:
        self.cases: Sequence[Case] = ()

    def page_at(self, link: str, query: Query) -> str | None:
        return {"disk-slug": "db/disk", "https://wiki.test/slots": "db/slots"}.get(link)

    def preview(
        self,
        document_id: str,
        page: Runbook | None,
        cases: Sequence[Case],
        *,
        progress: Callable[[int, int], None] | None = None,
        is_cancelled: Callable[[], bool] = lambda: False,
    ) -> Impact:
        self.cases = cases
        return impact_of(document_id, cases, [None] * len(cases), [document_id] * len(cases), 1)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def database(tmp_path: Path, clock: ManualClock) -> Iterator[Database]:
    with sqlite_database(tmp_path, clock) as database:
        yield database


def gather(database: Database, clock: ManualClock, *records: PastIncident) -> list[Case]:
    return PastCases(database, clock, lambda: records, Seen()).gather()


def ended(database: Database, clock: ManualClock, title: str, **changes: object) -> Incident:
    with database.begin() as uow:
        incident, _ = uow.incidents.open(
            group_key=title,
            title=title,
            service="db",
            environment=None,
            severity=Severity.HIGH,
            team_id="T1",
            now=clock.now(),
        )
        incident = replace(incident, state=IncidentState.RESOLVED, **changes)  # type: ignore[arg-type]
        uow.incidents.save(incident)
        return incident


def test_records_ask_what_they_saw_and_name_their_page(
    database: Database, clock: ManualClock
) -> None:
    [found] = gather(database, clock, RECORD)
    assert found.query.text == "Disk is full\nno space left"
    assert found.query.excluded == {"INC-1"}
    assert found.right == {"db/disk"}
    assert found.url == "https://x.test/1"


def test_what_not_everyone_sees_or_is_not_served_is_not_asked(
    database: Database, clock: ManualClock
) -> None:
    ended(database, clock, "seen by some", visibility=HIDDEN)
    hidden, draft = replace(RECORD, visibility=HIDDEN), replace(RECORD, state=DocumentState.DRAFT)
    assert gather(database, clock, hidden) == []
    assert gather(database, clock, draft) == []


def test_own_incidents_that_are_over_are_asked_and_open_ones_are_not(
    database: Database, clock: ManualClock
) -> None:
    over = ended(database, clock, "it failed")
    open_one = ended(database, clock, "it fails")
    with database.begin() as uow:
        uow.incidents.save(replace(open_one, state=IncidentState.OPEN))
    [found] = gather(database, clock)
    assert (found.id, found.query.service) == (over.key, "db")
    assert found.query.excluded == {over.key}


def test_peoples_words_say_which_page_was_right_until_they_are_taken_back(
    database: Database, clock: ManualClock
) -> None:
    incident = ended(database, clock, "it failed")
    with database.begin() as uow:
        for word in (
            a_word("U1", Word.HELPFUL, "db/slots", incident_id=incident.id),
            a_word("U2", Word.NOT_HELPFUL, "db/disk", incident_id=incident.id),
        ):
            assert uow.corrections.say(word)
    [found] = gather(database, clock)
    assert found.right == {"db/slots"}
    with database.begin() as uow:
        [said] = [one for one in uow.corrections.list(9) if one.word is Word.HELPFUL]
        uow.corrections.revoke(said.id, actor="T1/U1", now=clock.now())
    [found] = gather(database, clock)
    assert found.right == frozenset()


def test_an_incident_with_a_record_is_asked_once_in_its_alerts_words(
    database: Database, clock: ManualClock
) -> None:
    incident = ended(database, clock, "it failed")
    record = replace(RECORD, id=incident.key)
    [found] = gather(database, clock, record)
    assert found.query.text == "it failed"
    assert found.right == {"db/disk"}


def test_what_is_too_long_ago_is_left_to_its_record(database: Database, clock: ManualClock) -> None:
    ended(database, clock, "long ago")
    clock.advance((LOOK_BACK + timedelta(days=1)).total_seconds())
    assert gather(database, clock) == []


def test_a_report_counts_all_and_tells_it_in_a_sentence() -> None:
    cases = [
        Case(id=f"I{n}", title="t", at=None, query=Query(text="x"), right=frozenset({"other"}))
        for n in range(12)
    ]
    before: list[str | None] = ["other", "other", *[None] * 10]
    report = report_of(impact_of("p", cases, before, ["p"] * 12, 12))
    assert report["counts"] == {"gets": 12, "leaves": 0, "lost": 2, "won": 0}
    assert in_a_sentence(report) == (
        "12 past incidents would now get this page; 2 right answers would be lost."
    )
    nothing = report_of(impact_of("p", cases[:1], ["p"], ["p"], 1))
    assert in_a_sentence(nothing) == "Of 1 past incident none would get another page."


def test_a_text_that_is_no_page_is_refused(database: Database, clock: ManualClock) -> None:
    past = PastCases(database, clock, lambda: (), Seen())
    with pytest.raises(DataError):
        past.preview(Wanted("p", "---\nservices: [\n---\n"), lambda *_: None, lambda: False)
    assert past.preview(Wanted("p", None), lambda *_: None, lambda: False)["cases"] == 0
