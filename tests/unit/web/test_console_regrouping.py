"""Proposed merges and splits in the console: read, decided on by a lead, undone, told by name."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bot.clock import ManualClock
from bot.drafts.model import Draft, DraftKind, DraftState
from bot.people.model import SYSTEM, Role
from bot.settings import Settings
from bot.store.database import Database
from knowledge.model import Visibility
from tests.support.console import Browser, console, sign_in
from tests.support.front_fakes import FakeEngine
from tests.unit.web.test_read_api import take_in

HOSTILE = "<script>alert(1)</script>"


def labels(service: str) -> dict[str, str]:
    return {"service": service, "environment": "prod"}


@pytest.fixture
def browser(
    database: Database, clock: ManualClock, engine: FakeEngine, tmp_path: Path
) -> Iterator[Browser]:
    take_in(
        database,
        clock,
        {"name": f"Errors{HOSTILE}", "key": "1", "labels": labels("checkout")},
        {"name": "Slow", "key": "2", "labels": labels("checkout")},
        {"name": "Errors", "key": "3", "labels": labels("search")},
    )
    with console(database, clock, engine, Settings(data_dir=tmp_path)) as browser:
        yield browser


def proposed(
    database: Database, clock: ManualClock, kind: DraftKind, subject: str, **content: Any
) -> int:
    content = {"problem": f"They look so. {HOSTILE}", "kinds": [["a", "b"]], **content}
    made = Draft(
        kind=kind, subject=subject, content=content, made_by=SYSTEM.key, made_at=clock.now()
    )
    with database.begin() as uow:
        return uow.drafts.add(made).id


@pytest.fixture
def merge(browser: Browser, database: Database, clock: ManualClock) -> int:
    return proposed(database, clock, DraftKind.MERGE, "RCL-2", incident="RCL-1")


@pytest.fixture
def split(browser: Browser, database: Database, clock: ManualClock) -> int:
    leaving = [["Slow", "checkout"]]
    return proposed(database, clock, DraftKind.SPLIT, "RCL-1", leaving=leaving)


def names_in(database: Database, key: str) -> set[str]:
    with database.read() as uow:
        incident = uow.incidents.get_by_key(key)
        assert incident is not None
        return {one.alert.name for one in uow.alerts.of_incident(incident.id)}


def test_a_lead_reads_both_sides_merges_them_and_undoes_it(
    browser: Browser, database: Database, clock: ManualClock, merge: int
) -> None:
    lead = sign_in(browser, database, clock)
    assert "Merge: 1" in lead.get("/console/review").text
    shown = lead.get(f"/console/review/{merge}").text
    assert HOSTILE not in shown
    assert "RCL-1" in shown
    assert "Merge them" in shown
    assert "proposed by Recall" in shown
    assert "Undo" not in shown
    told = lead.send(f"/console/review/{merge}/approve").text
    assert "RCL-2 is now part of RCL-1" in told
    assert "Undo this merge" in told
    assert names_in(database, "RCL-1") == {f"Errors{HOSTILE}", "Slow", "Errors"}
    links = lead.get("/console/links").text
    assert "Errors (search, prod) goes with Slow (checkout, prod)" in links or (
        "Slow (checkout, prod) goes with Errors (search, prod)" in links
    )
    assert HOSTILE not in links
    assert f"Undo merge {merge}" in lead.get("/console/review").text
    told = lead.send(f"/console/review/{merge}/withdraw").text
    assert "What came from RCL-2 is now RCL-3" in told
    assert names_in(database, "RCL-3") == {"Errors"}
    assert "goes with" not in lead.get("/console/links").text
    told = lead.send(f"/console/review/{merge}/withdraw").text
    assert f"No merge or split with the number {merge} is accepted" in told


def test_a_lead_splits_an_incident_and_undoes_it(
    browser: Browser, database: Database, clock: ManualClock, split: int
) -> None:
    lead = sign_in(browser, database, clock)
    shown = lead.get(f"/console/review/{split}").text
    assert shown.count("would leave<") == 1
    assert shown.count("would stay<") == 1
    assert "RCL-3 was split off from RCL-1" in lead.send(f"/console/review/{split}/approve").text
    assert names_in(database, "RCL-3") == {"Slow"}
    links = lead.get("/console/links").text
    assert "is kept apart from" in links
    assert "Slow (checkout, prod)" in links
    told = lead.send(f"/console/review/{split}/withdraw").text
    assert "RCL-3 is part of RCL-1 again" in told


def test_responders_read_and_decide_nothing(
    browser: Browser, database: Database, clock: ManualClock, merge: int
) -> None:
    responder = sign_in(browser, database, clock, Role.RESPONDER)
    assert "Merge them" not in responder.get(f"/console/review/{merge}").text
    assert responder.send(f"/console/review/{merge}/approve").status_code == 403
    assert responder.send(f"/console/review/{merge}/withdraw").status_code == 403
    assert names_in(database, "RCL-2") == {"Errors"}


def test_rejected_it_says_why_and_cannot_be_approved_any_more(
    browser: Browser, database: Database, clock: ManualClock, merge: int
) -> None:
    lead = sign_in(browser, database, clock)
    assert "Say why" in lead.send(f"/console/review/{merge}/reject").text
    lead.send(f"/console/review/{merge}/reject", {"reason": "a coincidence"})
    with database.read() as uow:
        draft = uow.drafts.get(merge)
        [event] = [one for one in uow.audit.list() if one.action == "merge.rejected"]
    assert draft is not None
    assert draft.state is DraftState.REJECTED
    assert event.data["reason"] == "a coincidence"
    assert "was faster" in lead.send(f"/console/review/{merge}/approve").text
    assert names_in(database, "RCL-2") == {"Errors"}


def test_when_others_have_moved_the_alerts_it_says_so(
    browser: Browser, database: Database, clock: ManualClock, merge: int
) -> None:
    lead = sign_in(browser, database, clock)
    with database.begin() as uow:
        one, other = (uow.incidents.get_by_key(key) for key in ("RCL-1", "RCL-2"))
        assert one is not None
        assert other is not None
        uow.alerts.move([stored.id for stored in uow.alerts.of_incident(other.id)], one.id)
    told = lead.send(f"/console/review/{merge}/approve")
    assert told.status_code == 422
    assert "do not both have alerts any more" in told.text


def test_what_only_some_may_see_is_no_draft(
    browser: Browser, database: Database, clock: ManualClock, merge: int
) -> None:
    lead = sign_in(browser, database, clock)
    with database.begin() as uow:
        found = uow.incidents.get_by_key("RCL-1")
        assert found is not None
        hidden = Visibility(frozenset({"T1/C9"}))
        uow.incidents.save(replace(found, visibility=hidden, revision=found.revision + 1))
    assert lead.get(f"/console/review/{merge}").status_code == 404
    assert lead.send(f"/console/review/{merge}/approve").status_code == 404
