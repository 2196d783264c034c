"""Before publishing, the effect on the past: shown as it is made, never in the way."""

from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from bot.clock import ManualClock
from bot.drafts.curation import Curation, Editor
from bot.people.model import Role
from bot.settings import Settings
from bot.store.database import Database
from tests.support.console import Browser, console, sign_in
from tests.support.front_fakes import FakeEngine

BEN = Editor("T1/BEN", Role.LEAD)
DISK = "---\nservices:\n- db\n---\n\n# Disk is full\n\n1. Look at it.\n"
TEXT = {"page_id": "db/disk", "text": DISK}
LOST: dict[str, Any] = {
    "id": "INC-87",
    "title": "Orders <b>fail</b>",
    "at": "2026-05-01T00:00:00+00:00",
    "url": "javascript:alert(1)",
    "before": "db/slots",
    "after": "db/disk",
    "right": ["db/slots"],
}
REPORT = {
    "document_id": "db/disk",
    "cases": 2000,
    "known": 1500,
    "searched": 90,
    "counts": {"gets": 12, "leaves": 0, "lost": 2, "won": 0},
    "gets": [LOST] * 12,
    "leaves": [],
    "lost": [LOST, {**LOST, "id": "INC-9", "after": None, "url": "https://wiki.example.net/9"}],
    "won": [],
}


@pytest.fixture
def lead(
    database: Database, clock: ManualClock, engine: FakeEngine, tmp_path: Path
) -> Iterator[Browser]:
    with console(database, clock, engine, Settings(data_dir=tmp_path)) as browser:
        yield sign_in(browser, database, clock)


def test_the_effect_is_asked_for_and_told_as_it_is_made(lead: Browser, engine: FakeEngine) -> None:
    begun = lead.send("/console/runbooks/impact", TEXT).text
    assert engine.previews[0] == {"do": "start", "page_id": "db/disk", "text": DISK}
    assert 'hx-get="/console/runbooks/impact/0011223344556677"' in begun
    assert '<progress id="impact-progress" max="9" value="3">' in begun
    engine.previewed = {"state": "done", "done": 2000, "total": 2000, "report": REPORT}
    told = unescape(lead.get("/console/runbooks/impact/0011223344556677").text)
    assert "12 past incidents would now get this page; 2 right answers would be lost." in told
    assert "hx-trigger" not in told
    assert "now" in told
    assert '<a href="/console/runbooks/page/db/slots">db/slots</a>' in told
    assert '<a href="https://wiki.example.net/9" rel="noreferrer">INC-9' in told
    assert "no page" in told


def test_nothing_hostile_in_a_report_becomes_markup(lead: Browser, engine: FakeEngine) -> None:
    engine.previewed = {"state": "done", "done": 1, "total": 1, "report": REPORT}
    told = lead.get("/console/runbooks/impact/0011223344556677").text
    assert "<b>fail</b>" not in told
    assert "javascript:" not in told


def test_it_can_be_cancelled(lead: Browser, engine: FakeEngine) -> None:
    told = lead.send("/console/runbooks/impact/0011223344556677/cancel").text
    assert engine.previews[-1] == {"do": "cancel", "id": "0011223344556677"}
    assert "cancelled" in told


def test_while_the_engine_is_away_one_can_still_publish(lead: Browser, engine: FakeEngine) -> None:
    engine.previewed = None
    told = lead.send("/console/runbooks/impact", TEXT).text
    assert "No answer within the deadline" in told
    assert "You can publish all the same" in told
    lead.send("/console/runbooks/publish", {**TEXT, "base_version": "0"})
    assert "Disk is full" in lead.get("/console/runbooks/page/db/disk").text


def test_a_text_that_is_no_page_is_told_without_asking(lead: Browser, engine: FakeEngine) -> None:
    told = lead.send(
        "/console/runbooks/impact", {"page_id": "x", "text": "---\nservices: [\n---\n# X\n"}
    ).text
    assert "This is no valid page" in told
    assert engine.previews == []


def test_an_engine_that_started_anew_says_so(lead: Browser, engine: FakeEngine) -> None:
    engine.previewed = {"state": "unknown", "done": 0, "total": 0}
    told = lead.get("/console/runbooks/impact/0011223344556677").text
    assert "started anew" in told
    engine.previewed = {"state": "failed", "done": 0, "total": 0, "problem": "the index is closed"}
    assert "The index is closed." in lead.get("/console/runbooks/impact/0011223344556677").text


def test_retiring_is_previewed_for_pages_that_are_seen(
    lead: Browser, engine: FakeEngine, database: Database, clock: ManualClock
) -> None:
    curation = Curation(database, clock)
    curation.publish(BEN, "db/disk", DISK, 0)
    secret = DISK.replace("- db\n", "- db\nvisibility:\n- T1/C9\n")
    curation.publish(BEN, "db/secret", secret, 0)
    assert "If it were retired" in lead.get("/console/runbooks/page/db/disk").text
    lead.send("/console/runbooks/impact", {"page_id": "db/disk", "retire": "yes"})
    assert engine.previews[0] == {"do": "start", "page_id": "db/disk"}
    told = lead.send("/console/runbooks/impact", {"page_id": "db/secret", "retire": "yes"}).text
    assert "There is no page" in told
    assert len(engine.previews) == 2


def test_it_is_for_leads_and_for_forms_of_this_session(
    database: Database, clock: ManualClock, engine: FakeEngine, tmp_path: Path
) -> None:
    with console(database, clock, engine, Settings(data_dir=tmp_path)) as browser:
        sign_in(browser, database, clock, Role.RESPONDER)
        assert browser.send("/console/runbooks/impact", TEXT).status_code == 403
        assert browser.get("/console/runbooks/impact/0011223344556677").status_code == 403
        sign_in(browser, database, clock, Role.LEAD)
        browser.guard = "another"
        assert browser.send("/console/runbooks/impact", TEXT).status_code == 403
    assert engine.previews == []
