"""Coverage in the console: what has no page, what went stale, a draft from past incidents."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from bot.clock import ManualClock
from bot.counting import open_counts
from bot.drafts.curation import Curation, Editor
from bot.people.model import Role
from bot.settings import Settings
from bot.store.database import Database
from knowledge.model import NamedAction, PastIncident, Runbook, Visibility
from knowledge.text.passages import passages_of
from tests.support.console import Browser, console, sign_in
from tests.support.front_fakes import FakeEngine

HOSTILE = "<script>alert(1)</script>"
STALE = f'---\nowner: "{HOSTILE}"\nreview_by: 2020-01-01\n---\n\n# Old page {HOSTILE}\n\n1. Look.\n'


@pytest.fixture
def browser(
    database: Database, clock: ManualClock, engine: FakeEngine, tmp_path: Path
) -> Iterator[Browser]:
    with console(database, clock, engine, Settings(data_dir=tmp_path)) as browser:
        yield browser


def keep(database: Database, clock: ManualClock, number: str, alert: str, **more: object) -> None:
    past = PastIncident(
        id=number,
        title="Cache cold",
        symptom="Requests were slow.",
        cause="The cache was restarted.",
        resolution="Warm the cache by hand.",
        alerts=(alert,),
        services=("search",),
        **more,  # type: ignore[arg-type]
    )
    with database.begin() as uow:
        uow.knowledge.upsert([(past, passages_of(past))], actor="t", now=clock.now())


def test_a_gap_is_listed_and_opens_a_draft(
    browser: Browser, database: Database, clock: ManualClock
) -> None:
    lead = sign_in(browser, database, clock)
    keep(database, clock, "INC-1", "CacheCold")
    shown = lead.get("/console/coverage").text
    assert "0 of 1 kinds of alert have a page that helps" in shown
    assert "CacheCold" in shown
    opened = lead.send("/console/coverage/drafts")
    assert "Drafts opened: 1." in opened.text
    assert "There is no runbook for CacheCold." in opened.text
    assert "No draft was opened" in lead.send("/console/coverage/drafts").text


def test_stale_pages_say_why_and_words_stay_words(
    browser: Browser, database: Database, clock: ManualClock
) -> None:
    Curation(database, clock).publish(Editor("T1/BEN", Role.LEAD), "old", STALE, 0)
    shown = sign_in(browser, database, clock).get("/console/coverage").text
    assert "past review" in shown
    assert "/console/runbooks/page/old" in shown
    assert HOSTILE not in shown


def test_restricted_cases_count_nowhere(
    browser: Browser, database: Database, clock: ManualClock
) -> None:
    keep(database, clock, "INC-2", "SecretAlert", visibility=Visibility(frozenset({"T1/C9"})))
    shown = sign_in(browser, database, clock).get("/console/coverage").text
    assert "SecretAlert" not in shown


def test_a_responder_opens_no_draft(
    browser: Browser, database: Database, clock: ManualClock
) -> None:
    responder = sign_in(browser, database, clock, Role.RESPONDER)
    keep(database, clock, "INC-1", "CacheCold")
    assert "Open drafts" not in responder.get("/console/coverage").text
    assert responder.send("/console/coverage/drafts").status_code == 403
    lead = sign_in(browser, database, clock)
    lead.guard = "another session's"
    assert lead.send("/console/coverage/drafts").status_code == 403
    with database.read() as uow:
        assert not uow.drafts.waiting()


def test_coverage_is_kept_for_a_while_and_counted_again_when_asked(
    browser: Browser, database: Database, clock: ManualClock
) -> None:
    lead = sign_in(browser, database, clock)
    assert "No alert is known yet" in lead.get("/console/coverage").text
    keep(database, clock, "INC-1", "CacheCold")
    assert "No alert is known yet" in lead.get("/console/coverage").text
    assert "CacheCold" in lead.get("/console/coverage?again=yes").text
    keep(database, clock, "INC-2", "DiskSlow")
    clock.advance(600)
    counts = open_counts(
        Settings(_env_file=None), database, clock, database.knowledge_source().list
    )
    assert counts.keep_up(), "the engine counts what is ten minutes old"
    assert not counts.keep_up(), "and not again"
    assert "DiskSlow" in lead.get("/console/coverage").text


def test_where_no_engine_counts_whoever_asks_does(
    browser: Browser, database: Database, clock: ManualClock
) -> None:
    lead = sign_in(browser, database, clock)
    assert "No alert is known yet" in lead.get("/console/coverage").text
    keep(database, clock, "INC-1", "CacheCold")
    clock.advance(3 * 3_600 - 1)
    assert "CacheCold" not in lead.get("/console/coverage").text
    clock.advance(1)
    assert "CacheCold" in lead.get("/console/coverage").text


def test_a_page_restricted_since_it_was_counted_is_not_named(
    browser: Browser, database: Database, clock: ManualClock
) -> None:
    editor = Editor("T1/BEN", Role.LEAD)
    Curation(database, clock).publish(editor, "old", STALE, 0)
    lead = sign_in(browser, database, clock)
    assert "/console/runbooks/page/old" in lead.get("/console/coverage").text
    with database.begin() as uow:
        page = uow.knowledge.get("old")
        assert isinstance(page, Runbook)
        hidden = replace(page, visibility=Visibility(frozenset({"T1/C9"})))
        uow.knowledge.upsert([(hidden, passages_of(hidden))], actor="t", now=clock.now())
    assert "/console/runbooks/page/old" not in lead.get("/console/coverage").text


def test_rule_files_and_people_of_the_settings_are_compared(
    database: Database, clock: ManualClock, engine: FakeEngine, tmp_path: Path
) -> None:
    rules = tmp_path / "rules"
    rules.mkdir()
    (rules / "disk.yml").write_text(
        "groups:\n- name: disk\n  rules:\n  - alert: DiskNearlyFull\n    expr: up == 0\n"
    )
    people = tmp_path / "people.txt"
    people.write_text("# who is here\nben\n")
    page = "---\nowner: {}\n---\n\n# {}\n\n1. Look.\n"
    curation, editor = Curation(database, clock), Editor("T1/BEN", Role.LEAD)
    curation.publish(editor, "bens", page.format("Ben", "Kept"), 0)
    curation.publish(editor, "annas", page.format("anna", "Left"), 0)
    settings = Settings(data_dir=tmp_path, alert_rules=(rules,), people_file=people, _env_file=None)
    with console(database, clock, engine, settings) as browser:
        lead = sign_in(browser, database, clock)
        shown = lead.get("/console/coverage").text
        assert "DiskNearlyFull" in shown
        assert "its owner anna is not among the people" in shown
        assert "its owner Ben" not in shown
        (rules / "disk.yml").write_text("groups: 7\n")
        told = lead.get("/console/coverage?again=yes")
        assert told.status_code == 503
        assert "disk.yml" in told.text
        assert "DiskNearlyFull" in lead.get("/console/coverage").text, "the last count stays"


def test_a_page_that_names_an_action_which_the_catalogue_lacks_is_stale(
    database: Database, clock: ManualClock, engine: FakeEngine, tmp_path: Path
) -> None:
    folder = tmp_path / "actions"
    folder.mkdir()
    named = (NamedAction(template="restart-gone"),)
    page = Runbook(id="shop", title="Shop", body="# Shop\n\n1. Look.", actions=named)
    with database.begin() as uow:
        uow.knowledge.upsert([(page, passages_of(page))], actor="t", now=clock.now())
    settings = Settings(data_dir=tmp_path, actions_dir=folder)
    with console(database, clock, engine, settings) as browser:
        shown = sign_in(browser, database, clock).get("/console/coverage").text
    assert "names the action restart-gone, which the catalogue lacks" in shown
