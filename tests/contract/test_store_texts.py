"""Forgetting a person, and letting old texts go, on both databases."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from bot.alerts.model import Severity
from bot.audit.verify import verify
from bot.clock import ManualClock
from bot.drafts.model import Draft, DraftKind, DraftState
from bot.errors import DataError
from bot.incidents.model import IncidentState, TimelineEntry, TimelineKind
from bot.people.forgetting import REMOVED, Forgotten, Person, forget
from bot.retention import let_go
from bot.store.database import Database
from bot.suggestions.corrections import Correction, Word
from knowledge.model import DocumentState, PastIncident
from knowledge.text.passages import passages_of
from tests.support.memory_knowledge import page

DANA = ("T1/UDANA", "Dana Doe", "dana@example.org")
WHEN = datetime(2026, 5, 1, 12, tzinfo=UTC)
CASE = PastIncident(
    id="INC-1",
    title="Disk full, found by Dana Doe",
    symptom="dana@example.org saw it. <@UDANA> and <@UOTHER> looked.",
    cause="Dumps.",
    logs=("user=dana@example.org failed",),
    labels={"by": "Dana  Doe"},
    confirmed_by="T1/UDANA",
    state=DocumentState.CONFIRMED,
)


class Memory:
    """What an installation has kept in which Dana took part."""

    def __init__(self, database: Database, clock: ManualClock) -> None:
        self.database = database
        self.clock = clock

    def happened(self) -> None:
        with self.database.begin() as uow:
            incident, _ = uow.incidents.open(
                group_key="g",
                title="Orders fail",
                service="orders",
                environment="prod",
                severity=Severity.CRITICAL,
                team_id="T1",
                now=WHEN,
            )
            uow.incidents.save(replace(incident, owner="T1/UDANA"))
            uow.incidents.add_timeline(
                incident.id,
                [
                    TimelineEntry(
                        at=WHEN,
                        kind=TimelineKind.NOTE,
                        text="Dana Doe: planning a restart with @UDANA",
                        actor="T1/UDANA",
                        data={"who": "dana@example.org"},
                    ),
                    TimelineEntry(at=WHEN, kind=TimelineKind.NOTE, text="Other: ok", actor="T1/UO"),
                ],
            )
            for actor in ("T1/UDANA", "T1/UO"):
                uow.corrections.say(
                    Correction(
                        team_id="T1",
                        actor=actor,
                        is_lead=False,
                        incident_id=incident.id,
                        family="f",
                        document_id="INC-1",
                        word=Word.SAME,
                        at=WHEN,
                    )
                )
            uow.drafts.add(
                Draft(
                    kind=DraftKind.RUNBOOK_EDIT,
                    subject="disk",
                    content={"text": ["Ask Dana Doe"]},
                    state=DraftState.ACCEPTED,
                    made_by="T1/UDANA",
                    made_at=WHEN,
                    decided_by="T1/UO",
                    decided_at=WHEN,
                )
            )
            old = replace(CASE, title="An older title by Dana Doe")
            for one in (old, CASE):
                uow.knowledge.upsert([(one, passages_of(one))], actor="T1/UDANA", now=WHEN)
            disk = page("disk", "Disk full", "# Disk full\n\nAsk Dana Doe.", owner="Dana Doe")
            uow.knowledge.upsert([(disk, passages_of(disk))], actor="T1/UDANA", now=WHEN)
            uow.audit.append(
                at=WHEN, actor="T1/UDANA", action="incident.acknowledged", subject="RCL-1", data={}
            )

    def forgets(self, *known_as: str, dry_run: bool = False) -> Forgotten:
        return forget(
            self.database, self.clock, known_as or DANA, actor="cli:admin", dry_run=dry_run
        )

    def everything(self, *but: str) -> str:
        """All rows of all tables, as text."""
        with self.database.reading() as connection:
            if self.database.dialect == "sqlite":
                names = "SELECT name FROM sqlite_master WHERE type = 'table'"
            else:
                names = "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
            found = [name for name in connection.execute(text(names)).scalars() if name not in but]
            return "\n".join(
                str(tuple(row))
                for name in found
                for row in connection.execute(text(f'SELECT * FROM "{name}"'))
            )


@pytest.fixture
def memory(database: Database, clock: ManualClock) -> Memory:
    found = Memory(database, clock)
    found.happened()
    return found


def test_nothing_but_the_audit_record_and_runbooks_names_the_person_any_more(
    memory: Memory,
) -> None:
    memory.forgets()
    with memory.database.read() as uow:
        case = uow.knowledge.get("INC-1")
    assert isinstance(case, PastIncident)
    assert case.symptom == f"{REMOVED} saw it. {REMOVED} and <@UOTHER> looked."
    assert memory.database.knowledge_source().remove("disk")
    left = memory.everything("audit")
    assert [word for word in ("UDANA", "dana@example.org", "Dana") if word in left] == []


def test_what_is_left_is_whole(memory: Memory) -> None:
    told = memory.forgets()
    with memory.database.read() as uow:
        case = uow.knowledge.get("INC-1")
        words = uow.corrections.list(10)
        [incident] = uow.incidents.list(10)
        notes = [one.text for one in uow.incidents.timeline(incident.id)]
        verdict = verify(uow.audit.rows())
    assert isinstance(case, PastIncident)
    assert (case.title, case.cause) == (f"Disk full, found by {REMOVED}", "Dumps.")
    assert case.labels == {"by": REMOVED}
    assert case.confirmed_by == incident.owner == told.pseudonym
    assert len({one.actor for one in words}) == 2, "two persons said it, and still did"
    assert notes == [f"{REMOVED}: planning a restart with {REMOVED}", "Other: ok"]
    assert verdict.ok


def test_it_is_told_what_stays_and_the_act_itself_names_nobody(memory: Memory) -> None:
    told = memory.forgets()
    assert told.runbooks == ("disk",)
    assert told.audit == 1
    with memory.database.read() as uow:
        event = list(uow.audit.list())[-1]
    assert (event.action, event.subject) == ("person.forgotten", told.pseudonym)
    assert "DANA" not in json.dumps(dict(event.data)).upper()


def test_a_dry_run_counts_the_same_and_changes_nothing(memory: Memory) -> None:
    before = memory.everything()
    dry = memory.forgets(dry_run=True)
    assert memory.everything() == before
    done = memory.forgets()
    assert dry.rows["timeline"] == done.rows["timeline"] == 1
    assert set(dry.rows) == set(done.rows)
    assert memory.forgets().total == 0


def test_search_finds_the_rewritten_text(memory: Memory) -> None:
    memory.forgets()
    source = memory.database.knowledge_source()
    texts = [one.text for one in source.passages(sorted(source.live_passage_ids()))]
    assert any(REMOVED in one for one in texts)
    assert not any("dana@example.org" in one for one in texts)


@pytest.mark.parametrize("known_as", [[""], [], ["al"], ["  "]])
def test_whoever_is_named_too_vaguely_is_not_looked_for(known_as: list[str]) -> None:
    with pytest.raises(DataError):
        Person(known_as, "FORGOTTEN/1")


def test_words_are_taken_whole() -> None:
    person = Person(["Ann", "T1/U1AB", "a.b@example.org"], "FORGOTTEN/X")
    kept = "planning Annette U1AB xT1/U1AB T1/U1ABC aa.b@example.org.uk @U1ABC"
    assert person.change(kept) == kept
    assert person.change("ANN, T1/U1AB; <@U1AB|ann> @U1AB (a.b@example.org)") == (
        f"{REMOVED}, FORGOTTEN/X; {REMOVED} {REMOVED} ({REMOVED})"
    )


@given(st.text(max_size=80), st.text(min_size=3, max_size=12))
def test_what_was_taken_out_is_not_there_any_more(words: str, name: str) -> None:
    try:
        person = Person([name], "FORGOTTEN/X")
    except DataError:
        return
    assert isinstance(person.change(words), str)
    told = person.change(f"{words} | {' '.join(name.split())} | {words}")
    assert person.change(told) == told


# --- retention ------------------------------------------------------------------------------------


def _ended(memory: Memory, at: datetime | None) -> None:
    with memory.database.begin() as uow:
        [incident] = uow.incidents.list(10)
        state = IncidentState.RESOLVED if at is not None else IncidentState.OPEN
        uow.incidents.save(replace(incident, state=state, resolved_at=at))
        entry = TimelineEntry(at=WHEN, kind=TimelineKind.STATE_CHANGED, text="resolved")
        uow.incidents.add_timeline(incident.id, [entry])


def test_what_people_wrote_goes_when_it_is_old_and_what_happened_stays(memory: Memory) -> None:
    now = memory.clock.now()
    _ended(memory, now - timedelta(days=31))
    assert let_go(memory.database, memory.clock, 30) == 2
    with memory.database.read() as uow:
        [incident] = uow.incidents.list(10)
        entries = uow.incidents.timeline(incident.id)
        case = uow.knowledge.get("INC-1")
        event = list(uow.audit.list())[-1]
    assert [one.text for one in entries] == ["", "", "resolved"]
    assert [one.actor for one in entries] == ["", "", ""]
    assert case is not None, "records are knowledge and stay"
    assert (event.action, dict(event.data)) == ("texts.emptied", {"rows": 2})
    assert let_go(memory.database, memory.clock, 30) == 0


def test_what_is_young_or_still_goes_on_stays(memory: Memory) -> None:
    _ended(memory, memory.clock.now() - timedelta(days=29))
    assert let_go(memory.database, memory.clock, 30) == 0
    _ended(memory, None)
    assert let_go(memory.database, memory.clock, 1) == 0
