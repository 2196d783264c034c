"""Records of past incidents in the console: taken out of answers by a lead, and put back."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from bot.clock import ManualClock
from bot.drafts.model import Draft, DraftKind, DraftState
from bot.people.model import Role
from bot.settings import Settings
from bot.store.database import Database
from knowledge.model import DocumentState, PastIncident, Visibility
from knowledge.text.passages import passages_of
from tests.support.console import Browser, console, sign_in
from tests.support.front_fakes import FakeEngine
from tests.unit.web.test_read_api import take_in


@pytest.fixture
def lead(
    database: Database, clock: ManualClock, engine: FakeEngine, tmp_path: Path
) -> Iterator[Browser]:
    with console(database, clock, engine, Settings(data_dir=tmp_path)) as browser:
        yield sign_in(browser, database, clock)


def test_a_record_is_taken_out_and_put_back_in_one_step_each(
    lead: Browser, database: Database, clock: ManualClock
) -> None:
    take_in(database, clock, {"name": "DiskFull", "labels": {"service": "db"}})
    past = PastIncident(
        id="RCL-1",
        title="Disk full",
        symptom="x",
        state=DocumentState.CONFIRMED,
        confirmed_by="Cai",
    )
    with database.begin() as uow:
        uow.knowledge.upsert([(past, passages_of(past))], actor="t", now=clock.now())
        kept = uow.drafts.add(
            Draft(
                kind=DraftKind.RECORD, subject="RCL-1", content={}, made_by="t", made_at=clock.now()
            )
        )
        uow.drafts.decide(kept.id, DraftState.ACCEPTED, actor="T1/CAI", now=clock.now())

    def state() -> DocumentState:
        with database.read() as uow:
            found = uow.knowledge.get("RCL-1")
            assert found is not None
            return found.state

    key = {"incident": "RCL-1"}
    assert "Take out of answers" in lead.get("/console/incidents/RCL-1").text
    assert "Take out RCL-1" in lead.get("/console/review").text
    assert "no answer is made of it" in lead.send("/console/review/take-out", key).text
    assert state() is DocumentState.RETIRED
    assert "out already" in lead.send("/console/review/take-out", key).text
    assert "A lead took it out" in lead.get("/console/incidents/RCL-1").text
    assert "Put back RCL-1" in lead.get("/console/review").text
    responder = sign_in(lead, database, clock, Role.RESPONDER)
    assert responder.send("/console/review/put-back", key).status_code == 403
    assert "Put back" not in responder.get("/console/incidents/RCL-1").text
    assert "Put back" not in responder.get("/console/review").text
    again = sign_in(responder, database, clock)
    assert "RCL-1 is found again" in again.send("/console/review/put-back", key).text
    assert state() is DocumentState.REVIEWED
    assert "in use already" in again.send("/console/review/put-back", key).text
    with database.read() as uow:
        actions = {event.action for event in uow.audit.list()}
    assert {"incident.taken_out", "incident.put_back"} <= actions


@pytest.mark.parametrize("kind", ["restricted", "a draft", "not there"])
def test_what_is_not_served_to_everyone_is_not_on_record_there(
    lead: Browser, database: Database, clock: ManualClock, kind: str
) -> None:
    take_in(database, clock, {"name": "DiskFull", "labels": {"service": "db"}})
    past = PastIncident(
        id="RCL-1",
        title="Disk full",
        symptom="x",
        state=DocumentState.DRAFT if kind == "a draft" else DocumentState.CONFIRMED,
    )
    if kind == "restricted":
        past = replace(past, visibility=Visibility(frozenset({"T1/C9"})))
    if kind != "not there":
        with database.begin() as uow:
            uow.knowledge.upsert([(past, passages_of(past))], actor="t", now=clock.now())
    assert "On record" not in lead.get("/console/incidents/RCL-1").text
    if kind != "a draft":
        told = lead.send("/console/review/take-out", {"incident": "RCL-1"}).text
        assert "There is no past incident" in told
