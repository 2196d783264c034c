"""The review queue and the links: what waits, what it would change, who decided, what is undone."""

from collections.abc import Iterator
from datetime import timedelta
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from bot.alerts.noise import NO_RULES, Held, HeldBy, Pass, Seen, decide
from bot.clock import ManualClock
from bot.drafts.accepted_noise import with_accepted
from bot.drafts.curation import Curation, Editor
from bot.drafts.model import Draft, DraftKind, DraftState
from bot.incidents.bindings import Binding
from bot.people.model import Actor, Role
from bot.settings import Settings
from bot.store.database import Database
from bot.suggestions.corrections import Correction, Word
from bot.web.console.gate import COOKIE
from knowledge.model import DocumentState, PastIncident, Visibility
from knowledge.text.passages import passages_of
from tests.support.console import Browser, console, session_for, sign_in
from tests.support.front_fakes import FakeEngine
from tests.unit.web.test_read_api import take_in

BEN = Editor("T1/BEN", Role.LEAD)
PAGE = "# Disk is full\n\n1. Look at the graph.\n2. Delete old logs.\n"
BETTER = "# Disk is full\n\n1. Look at the graph.\n2. Move old logs.\n"
HOSTILE = "<script>alert(1)</script>"


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


def add(database: Database, clock: ManualClock, kind: DraftKind, subject: str, **more: Any) -> int:
    content = {"problem": "", "incident": "", **more}
    draft = Draft(
        kind=kind, subject=subject, content=content, made_by="T1/CAI", made_at=clock.now()
    )
    with database.begin() as uow:
        return uow.drafts.add(draft).id


def an_edit(database: Database, clock: ManualClock, page: str = "disk") -> int:
    return add(
        database, clock, DraftKind.RUNBOOK_EDIT, page, problem=f"Old. {HOSTILE}", text=BETTER
    )


def a_rule(database: Database, clock: ManualClock) -> int:
    return add(
        database,
        clock,
        DraftKind.NOISE_RULE,
        "diskfull",
        alert="Disk*",
        service="checkout",
        environment="prod",
        what="silence",
        seconds=86_400,
        why="flaps",
    )


def draft_of(database: Database, number: int) -> Draft:
    with database.read() as uow:
        found = uow.drafts.get(number)
    assert found is not None
    return found


def test_a_proposed_edit_is_shown_as_what_it_changes_and_published(
    lead: Browser, database: Database, clock: ManualClock, curation: Curation
) -> None:
    curation.publish(BEN, "disk", PAGE, 0)
    number = an_edit(database, clock)
    listed = lead.get("/console/review").text
    assert "Runbook edit: 1" in listed
    assert HOSTILE not in listed
    shown = lead.get(f"/console/review/{number}").text
    assert HOSTILE not in shown
    assert "proposed by CAI" in shown
    assert '<span class="mark">added</span><code>2. Move old logs.</code>' in shown
    done = lead.send(f"/console/review/{number}/approve").text
    assert "Version 2 is in force." in done
    draft = draft_of(database, number)
    assert (draft.state, draft.decided_by) == (DraftState.ACCEPTED, "T1/ANNA")
    assert draft.decided_at == clock.now()


def test_an_edit_is_changed_before_it_is_approved(
    lead: Browser, database: Database, clock: ManualClock, curation: Curation
) -> None:
    curation.publish(BEN, "disk", PAGE, 0)
    number = an_edit(database, clock)
    lead.get(f"/console/review/{number}")
    text = BETTER.replace("Move", "Pack and move")
    lead.send(f"/console/review/{number}/approve", {"text": text, "base_version": "1"})
    found = curation.page(BEN, "disk")
    assert found is not None
    assert "Pack and move" in found.text


def test_an_edit_of_lines_that_others_changed_waits_with_both_sides(
    lead: Browser, database: Database, clock: ManualClock, curation: Curation
) -> None:
    curation.publish(BEN, "disk", PAGE, 0)
    number = an_edit(database, clock)
    lead.get(f"/console/review/{number}")
    curation.publish(BEN, "disk", PAGE.replace("Delete", "Pack"), 1)
    fields = {"text": BETTER, "base_version": "1"}
    shown = unescape(lead.send(f"/console/review/{number}/approve", fields).text)
    assert "Nothing is lost" in shown
    assert "2. Pack old logs." in shown
    assert "2. Move old logs." in shown
    assert draft_of(database, number).state is DraftState.WAITING


def test_a_rejection_says_why(lead: Browser, database: Database, clock: ManualClock) -> None:
    number = an_edit(database, clock)
    lead.get(f"/console/review/{number}")
    assert lead.send(f"/console/review/{number}/reject", {"reason": " "}).status_code == 422
    lead.send(f"/console/review/{number}/reject", {"reason": "It is in the other page."})
    assert draft_of(database, number).state is DraftState.REJECTED
    with database.read() as uow:
        [event] = [one for one in uow.audit.list() if one.action == "runbook_edit.rejected"]
    assert event.data["reason"] == "It is in the other page."


@pytest.mark.parametrize("step", ["approve", "reject"])
def test_the_second_is_told_who_was_faster(
    lead: Browser, database: Database, clock: ManualClock, curation: Curation, step: str
) -> None:
    curation.publish(BEN, "disk", PAGE, 0)
    number = an_edit(database, clock)
    lead.get(f"/console/review/{number}")
    curation.accept(BEN, number)
    shown = lead.send(f"/console/review/{number}/{step}", {"reason": "no"}).text
    assert "BEN was faster: it was accepted" in shown


def test_a_responder_looks_and_decides_nothing(
    browser: Browser, database: Database, clock: ManualClock
) -> None:
    number = an_edit(database, clock)
    responder = sign_in(browser, database, clock, Role.RESPONDER)
    shown = responder.get(f"/console/review/{number}").text
    assert 'data-key="a"' not in shown
    for step in ("approve", "reject", "withdraw"):
        answer = responder.send(f"/console/review/{number}/{step}", {"reason": "x"})
        assert answer.status_code == 403
    assert responder.send("/console/review/curate", {"incident": "INC-1"}).status_code == 403
    assert draft_of(database, number).state is DraftState.WAITING


def test_the_guard_is_asked_for(lead: Browser, database: Database, clock: ManualClock) -> None:
    number = an_edit(database, clock)
    lead.guard = "another session's"
    assert lead.send(f"/console/review/{number}/approve").status_code == 403
    assert draft_of(database, number).state is DraftState.WAITING


def test_drafts_about_restricted_pages_are_not_there(
    lead: Browser, database: Database, clock: ManualClock, curation: Curation
) -> None:
    secret = f"---\nvisibility:\n- T1/C9\n---\n\n{PAGE}"
    curation.publish(Editor("T1/BEN", Role.LEAD, None), "secret", secret, 0)
    number = an_edit(database, clock, "secret")
    record = add(database, clock, DraftKind.RECORD, "RCL-9", title="t", visibility=["T1/C9"])
    listed = lead.get("/console/review").text
    assert "/console/review/" + str(number) not in listed
    for hidden in (number, record, 999):
        assert lead.get(f"/console/review/{hidden}").status_code == 404
        assert lead.send(f"/console/review/{hidden}/approve").status_code == 404


def test_an_accepted_noise_rule_holds_back_until_it_runs_out_or_is_withdrawn(
    lead: Browser, database: Database, clock: ManualClock
) -> None:
    number = a_rule(database, clock)
    alert = Seen(name="Disk*", service="checkout", environment="prod", labels={})
    other = Seen(name="DiskSlow", service="checkout", environment="prod", labels={})
    lead.get(f"/console/review/{number}")
    wrong = lead.send(f"/console/review/{number}/approve", {"what": "delete", "length": ""})
    assert wrong.status_code == 422
    with database.read() as uow:
        assert with_accepted(NO_RULES, uow.drafts, clock.now()) is NO_RULES
    fields = {"what": "silence", "length": "604800"}
    assert "is in force" in lead.send(f"/console/review/{number}/approve", fields).text
    with database.read() as uow:
        rules = with_accepted(NO_RULES, uow.drafts, clock.now())
        late = with_accepted(NO_RULES, uow.drafts, clock.now() + timedelta(days=8))
    held = decide(rules, alert, clock.now())
    assert isinstance(held, Held)
    assert held.by is HeldBy.SILENCE
    assert isinstance(decide(rules, other, clock.now()), Pass)  # a * in a name is no pattern
    assert late is NO_RULES
    lead.send(f"/console/review/{number}/withdraw")
    with database.read() as uow:
        assert with_accepted(NO_RULES, uow.drafts, clock.now()) is NO_RULES


def test_an_accepted_silence_opens_no_incident(
    lead: Browser, database: Database, clock: ManualClock
) -> None:
    number = add(
        database,
        clock,
        DraftKind.NOISE_RULE,
        "cache",
        alert="CacheCold",
        service="search",
        what="silence",
        seconds=None,
        why="known",
    )
    lead.get(f"/console/review/{number}")
    lead.send(f"/console/review/{number}/approve", {"what": "silence", "length": ""})
    take_in(database, clock, {"name": "CacheCold", "labels": {"service": "search"}})
    assert "RCL-1" not in lead.get("/console/incidents").text


def test_a_confirmed_incident_is_curated_in_one_step(
    lead: Browser, database: Database, clock: ManualClock
) -> None:
    past = PastIncident(
        id="RCL-7", title="Disk", symptom="full", state=DocumentState.CONFIRMED, confirmed_by="Cai"
    )
    number = add(database, clock, DraftKind.RECORD, "RCL-7", title="Disk")
    with database.begin() as uow:
        uow.knowledge.upsert([(past, passages_of(past))], actor="t", now=clock.now())
        uow.drafts.decide(number, DraftState.ACCEPTED, actor="T1/CAI", now=clock.now())
    assert "confirmed by Cai, not yet curated" in lead.get("/console/review").text
    assert "RCL-7 is curated" in lead.send("/console/review/curate", {"incident": "RCL-7"}).text
    assert "not yet curated" not in lead.get("/console/review").text.replace(
        "Confirmed, not yet curated", ""
    )


# --- links ----------------------------------------------------------------------------------


def say(database: Database, clock: ManualClock, word: Word, *, is_lead: bool = False) -> None:
    with database.begin() as uow:
        incident = uow.incidents.get_by_key("RCL-1")
        assert incident is not None
        uow.corrections.say(
            Correction(
                team_id="T1",
                actor="T1/CAI",
                is_lead=is_lead,
                incident_id=incident.id,
                family="diskfull|checkout|",
                document_id="INC-1",
                word=word,
                at=clock.now(),
            )
        )


@pytest.fixture
def an_incident(database: Database, clock: ManualClock) -> None:
    take_in(database, clock, {"name": "DiskFull", "labels": {"service": "checkout"}})


@pytest.mark.usefixtures("an_incident")
def test_a_word_tells_what_it_changes_and_is_taken_back(
    lead: Browser, database: Database, clock: ManualClock
) -> None:
    say(database, clock, Word.NOT_SAME)
    shown = lead.get("/console/links?incident=RCL-1").text
    assert "holds for this incident only" in shown
    with database.read() as uow:
        [said] = uow.corrections.list(10)
    after = lead.send(f"/console/links/words/{said.id}/revoke").text
    assert "taken back" in after
    assert "by ANNA" in after
    with database.read() as uow:
        assert not uow.corrections.in_force(said.incident_id, said.family)
        assert "correction.revoked" in [one.action for one in uow.audit.list()]


@pytest.mark.usefixtures("an_incident")
def test_a_leads_word_holds_for_the_family(
    lead: Browser, database: Database, clock: ManualClock
) -> None:
    say(database, clock, Word.SAME, is_lead=True)
    assert "holds for every incident of this alert" in lead.get("/console/links").text


@pytest.mark.usefixtures("an_incident")
def test_a_responder_takes_back_only_what_they_said(
    browser: Browser, database: Database, clock: ManualClock
) -> None:
    say(database, clock, Word.NOT_SAME)
    other = sign_in(browser, database, clock, Role.RESPONDER)
    assert "Take back" not in other.get("/console/links").text
    with database.read() as uow:
        [said] = uow.corrections.list(10)
    assert other.send(f"/console/links/words/{said.id}/revoke").status_code == 403
    own = session_for(database, clock, Role.RESPONDER, Actor(team_id="T1", user_id="CAI"))
    browser.client.cookies.clear()
    browser.client.cookies.set(COOKIE, own, path="/console")
    assert "Take back" in browser.get("/console/links").text
    browser.send(f"/console/links/words/{said.id}/revoke")
    with database.read() as uow:
        assert not uow.corrections.in_force(said.incident_id, said.family)


@pytest.mark.usefixtures("an_incident")
def test_words_on_restricted_cases_are_not_there(
    lead: Browser, database: Database, clock: ManualClock
) -> None:
    past = PastIncident(
        id="INC-1", title="Secret", symptom="s", visibility=Visibility(frozenset({"T1/C9"}))
    )
    with database.begin() as uow:
        uow.knowledge.upsert([(past, passages_of(past))], actor="t", now=clock.now())
    say(database, clock, Word.SAME)
    shown = lead.get("/console/links").text
    assert "INC-1" not in shown
    assert "Secret" not in shown
    with database.read() as uow:
        [said] = uow.corrections.list(10)
    assert lead.send(f"/console/links/words/{said.id}/revoke").status_code == 404
    assert lead.get("/console/links?incident=RCL-99").status_code == 404


@pytest.mark.usefixtures("an_incident")
def test_a_tie_is_taken_back(lead: Browser, database: Database, clock: ManualClock) -> None:
    with database.begin() as uow:
        incident = uow.incidents.get_by_key("RCL-1")
        assert incident is not None
        uow.bindings.say(
            Binding(
                one="a",
                other=HOSTILE,
                together=True,
                incident_id=incident.id,
                actor="T1/CAI",
                at=clock.now(),
            )
        )
        [tie] = uow.bindings.in_force()
    shown = lead.get("/console/links").text
    assert "goes with" in shown
    assert HOSTILE not in shown
    lead.send(f"/console/links/ties/{tie.id}/revoke")
    with database.read() as uow:
        assert not uow.bindings.in_force()
    assert lead.send(f"/console/links/ties/{tie.id}/revoke").status_code == 404
