"""Runbooks in the console: found, read, edited by two, taken back; leads decide, secrets stay."""

from collections.abc import Iterator
from html import unescape
from pathlib import Path

import pytest

from bot.clock import ManualClock
from bot.drafts.curation import Curation, Editor
from bot.people.model import Role
from bot.settings import Settings
from bot.store.database import Database
from bot.web.console.markdown import rendered
from knowledge.model import DocumentState, Runbook
from knowledge.text.passages import passages_of
from tests.support.console import Browser, console, sign_in
from tests.support.front_fakes import FakeEngine

BEN = Editor("T1/BEN", Role.LEAD)
DISK = """---
services:
- checkout
alerts:
- DiskFull
owner: storage
review_by: 2020-01-01
---

# Disk is full

1. Look at the graph.
2. Count the files.
3. Delete old logs.
"""
SECRET = DISK.replace("owner: storage", "owner: storage\nvisibility:\n- T1/C9")


@pytest.fixture
def browser(
    database: Database, clock: ManualClock, engine: FakeEngine, tmp_path: Path
) -> Iterator[Browser]:
    with console(database, clock, engine, Settings(data_dir=tmp_path)) as browser:
        yield browser


@pytest.fixture
def lead(browser: Browser, database: Database, clock: ManualClock) -> Browser:
    return sign_in(browser, database, clock)


@pytest.fixture
def curation(database: Database, clock: ManualClock) -> Curation:
    return Curation(database, clock)


def publish(browser: Browser, page_id: str, text: str, base: int) -> str:
    fields = {"page_id": page_id, "text": text, "base_version": str(base)}
    return unescape(browser.send("/console/runbooks/publish", fields).text)


def test_pages_stand_under_their_service_and_are_found(lead: Browser, curation: Curation) -> None:
    curation.publish(BEN, "db/disk", DISK, 0)
    curation.publish(BEN, "cache", DISK.replace("checkout", "search").replace("Disk", "Cache"), 0)
    shown = lead.get("/console/runbooks").text
    assert shown.index("checkout") < shown.index("Disk is full") < shown.index("Cache is full")
    assert "review was due 2020-01-01" in shown
    found = lead.get("/console/runbooks?words=diskfull").text
    assert "Disk is full" in found
    assert "Cache is full" not in found
    rows = lead.get("/console/runbooks?words=diskfull", headers={"HX-Target": "rows"}).text
    assert "<html" not in rows
    assert "/console/runbooks/page/db/disk" in rows


def test_a_page_tells_who_keeps_it_and_what_leads_to_it(lead: Browser, curation: Curation) -> None:
    curation.publish(BEN, "db/disk", DISK, 0)
    shown = lead.get("/console/runbooks/page/db/disk").text
    for told in ("storage", "DiskFull", "2020-01-01", "by BEN", "<li>Count the files.</li>"):
        assert told in shown


def test_an_edit_is_in_force_with_who_made_it(
    lead: Browser, curation: Curation, database: Database, engine: FakeEngine
) -> None:
    curation.publish(BEN, "db/disk", DISK, 0)
    head = database.knowledge_source().head()
    editor = lead.get("/console/runbooks/edit/db/disk").text
    assert 'name="base_version" value="1"' in editor
    shown = publish(lead, "db/disk", DISK.replace("old logs", "very old logs"), 1)
    assert "Version 2 is in force." in shown
    assert "very old logs" in shown
    assert database.knowledge_source().head() > head  # what the engine follows
    history = lead.get("/console/runbooks/history/db/disk").text
    assert "by ANNA" in history
    assert '<span class="mark">added</span><code>3. Delete very old logs.</code>' in history
    assert '<span class="mark">removed</span><code>3. Delete old logs.</code>' in history


def test_two_who_edit_the_same_line_lose_nothing(lead: Browser, curation: Curation) -> None:
    curation.publish(BEN, "db/disk", DISK, 0)
    curation.publish(BEN, "db/disk", DISK.replace("Delete old", "Move old"), 1)
    shown = publish(lead, "db/disk", DISK.replace("Delete old", "Pack old"), 1)
    assert "Nothing is lost" in shown
    assert "Move old logs" in shown
    assert "Pack old logs" in shown
    assert 'name="base_version" value="2"' in shown
    marked = shown[shown.index("<textarea") :].split(">", 1)[1].split("</textarea>")[0]
    assert "still holds both sides" in publish(lead, "db/disk", marked, 2)
    done = publish(lead, "db/disk", DISK.replace("Delete old", "Pack and move old"), 2)
    assert "Version 3 is in force." in done


def test_edits_of_different_lines_are_put_together(lead: Browser, curation: Curation) -> None:
    curation.publish(BEN, "db/disk", DISK, 0)
    curation.publish(BEN, "db/disk", DISK.replace("the graph", "both graphs"), 1)
    shown = publish(lead, "db/disk", DISK.replace("old logs", "old dumps"), 1)
    assert "together with what others changed meanwhile" in shown
    assert "both graphs" in shown
    assert "old dumps" in shown


def test_going_back_is_one_step_and_leaves_a_trace(
    lead: Browser, curation: Curation, database: Database
) -> None:
    curation.publish(BEN, "db/disk", DISK, 0)
    curation.publish(BEN, "db/disk", DISK.replace("Count", "Guess"), 1)
    lead.get("/console/runbooks/history/db/disk")
    back = lead.send("/console/runbooks/revert/db/disk", {"to_version": "1"}).text
    assert "Version 3 is in force." in back
    assert "Count the files" in back
    with database.read() as uow:
        assert "runbook.reverted" in [event.action for event in uow.audit.list()]
    wrong = lead.send("/console/runbooks/revert/db/disk", {"to_version": "77"}).text
    assert "There is no version 77" in wrong
    assert lead.send("/console/runbooks/revert/db/disk", {"to_version": "x"}).status_code == 422


def test_a_page_is_retired_and_brought_back(
    lead: Browser, curation: Curation, database: Database
) -> None:
    curation.publish(BEN, "db/disk", DISK, 0)
    lead.get("/console/runbooks/page/db/disk")
    assert "It is retired" in lead.send("/console/runbooks/retire/db/disk").text
    assert "Disk is full" not in lead.get("/console/runbooks").text
    assert "Disk is full" in lead.get("/console/runbooks?retired=yes").text
    assert "bring it back first" in publish(lead, "db/disk", DISK, 1)
    assert "It is in use" in lead.send("/console/runbooks/bring-back/db/disk").text
    with database.read() as uow:
        page = uow.knowledge.get("db/disk")
    assert page is not None
    assert page.state is DocumentState.REVIEWED


def test_a_new_page_is_written(lead: Browser) -> None:
    lead.get("/console/runbooks/new")
    assert "Version 1 is in force." in publish(lead, "db/new-page", DISK, 0)
    refused = publish(lead, "../etc/passwd", DISK, 0)
    assert "cannot be a page's id" in refused
    assert "Delete old logs" in refused  # what was typed is still there


def test_wrong_front_matter_is_told_and_nothing_typed_is_lost(lead: Browser) -> None:
    lead.get("/console/runbooks/new")
    fields = {"page_id": "a", "text": "---\nservices: {a: [}\n---\nKept words", "base_version": "0"}
    answer = lead.send("/console/runbooks/publish", fields)
    assert answer.status_code == 422
    assert "Kept words" in answer.text
    preview = lead.send("/console/runbooks/preview", fields).text
    assert 'class="problem"' in preview


def test_a_preview_is_a_part_of_a_page(lead: Browser) -> None:
    lead.get("/console/runbooks/new")
    shown = lead.send("/console/runbooks/preview", {"text": DISK}).text
    assert "<html" not in shown
    assert "<li>Count the files.</li>" in shown


def test_a_responder_reads_and_changes_nothing(
    browser: Browser, database: Database, clock: ManualClock, curation: Curation
) -> None:
    curation.publish(BEN, "db/disk", DISK, 0)
    curation.publish(BEN, "db/disk", DISK.replace("Count", "Guess"), 1)
    responder = sign_in(browser, database, clock, Role.RESPONDER)
    assert "Disk is full" in responder.get("/console/runbooks/page/db/disk").text
    assert responder.get("/console/runbooks/edit/db/disk").status_code == 403
    assert responder.get("/console/runbooks/new").status_code == 403
    fields = {"page_id": "db/disk", "text": DISK, "base_version": "2", "to_version": "1"}
    for step in ("publish", "preview", "revert/db/disk", "retire/db/disk", "bring-back/db/disk"):
        assert responder.send(f"/console/runbooks/{step}", fields).status_code == 403
    found = curation.page(BEN, "db/disk")
    assert found is not None
    assert found.version == 2


def test_a_forms_guard_is_asked_for(lead: Browser, curation: Curation) -> None:
    curation.publish(BEN, "db/disk", DISK, 0)
    lead.guard = "another session's"
    assert lead.send("/console/runbooks/retire/db/disk").status_code == 403
    assert "Disk is full" in lead.get("/console/runbooks").text


def test_pages_for_some_channels_only_are_not_there(lead: Browser, curation: Curation) -> None:
    everything = Editor("T1/BEN", Role.LEAD, None)
    curation.publish(everything, "secret/disk", SECRET, 0)
    assert "secret/disk" not in lead.get("/console/runbooks").text
    for place in ("page", "edit", "history"):
        answer = lead.get(f"/console/runbooks/{place}/secret/disk")
        assert answer.status_code == 404
        assert "Delete old logs" not in answer.text
    lead.get("/console/runbooks")
    assert lead.send("/console/runbooks/retire/secret/disk").status_code == 404
    assert "no page that you could change" in publish(lead, "secret/disk", DISK, 1)


def test_what_was_for_some_channels_stays_out_of_the_history(
    lead: Browser, curation: Curation
) -> None:
    everything = Editor("T1/BEN", Role.LEAD, None)
    curation.publish(everything, "disk", SECRET.replace("old logs", "the vault"), 0)
    curation.publish(everything, "disk", DISK, 1)
    shown = lead.get("/console/runbooks/history/disk")
    assert shown.status_code == 200
    assert "the vault" not in shown.text
    assert lead.get("/console/runbooks/history/disk?old=1&new=2").status_code == 404


def test_hostile_words_stay_words(lead: Browser, curation: Curation) -> None:
    hostile = DISK.replace("owner: storage", 'owner: "<script>alert(1)</script>"').replace(
        "Look at the graph.",
        "<img src=x onerror=alert(1)> [a](javascript:alert(1)) ![b](https://evil.example/x.png)"
        " </textarea><script>alert(2)</script>",
    )
    curation.publish(BEN, "db/disk", hostile, 0)
    for place in ("page", "edit", "history"):
        shown = lead.get(f"/console/runbooks/{place}/db/disk").text
        assert "<script>alert" not in shown
        assert "<img src=x" not in shown
        assert 'href="javascript' not in shown
        assert 'src="https://evil' not in shown
    assert "<script>alert" not in lead.get("/console/runbooks").text


@pytest.mark.parametrize(
    ("url", "is_link"),
    [
        ("https://wiki.example/a", True),
        ("http://wiki.example/a", True),
        ("other-page.md", True),
        ("/console/runbooks", True),
        ("#part", True),
        ("//evil.example/a", False),
        ("javascript:alert(1)", False),
        ("JaVaScRiPt:alert(1)", False),
        ("data:text/html,x", False),
        ("vbscript:x", False),
        ("&#106;avascript:alert(1)", False),
        ("https:evil", False),
    ],
)
def test_links_lead_to_pages_only(url: str, is_link: bool) -> None:
    assert ("<a " in rendered(f"[x]({url})")) is is_link


def test_headings_go_below_the_pages_own_and_tables_have_no_style() -> None:
    html = rendered("# A\n\n###### B\n\n|a|\n|:-:|\n|b|\n")
    assert "<h2>A</h2>" in html
    assert "<h6>B</h6>" in html
    assert "<table>" in html
    assert "style" not in html


@pytest.mark.parametrize("place", ["page", "history", "edit"])
def test_an_unknown_page_is_said_to_be_none(lead: Browser, place: str) -> None:
    assert lead.get(f"/console/runbooks/{place}/no/such").status_code == 404


def test_of_a_large_shelf_the_later_services_are_named_alone(
    lead: Browser, database: Database, clock: ManualClock
) -> None:
    pages = [
        Runbook(id=f"p-{n}", title=f"Page {n}", services=(f"service-{n // 100}",), body="1. Look.")
        for n in range(400)
    ]
    with database.begin() as uow:
        rows = [(one, passages_of(one)) for one in pages]
        uow.knowledge.upsert(rows, actor="t", now=clock.now())
    shown = lead.get("/console/runbooks").text
    assert "Page 299" in shown
    assert "Page 300" not in shown
    assert 'href="/console/runbooks?words=service-3"' in shown
    assert "Page 300" in lead.get("/console/runbooks?words=service-3").text
