"""The console's pages as a browser without eyes sees them: who is let in, what is told and done."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI

from bot.clock import ManualClock
from bot.errors import DatabaseBusy
from bot.people.model import Actor, Role
from bot.people.sessions import a_link, digest_of, new_secret
from bot.settings import Settings
from bot.store.database import Database
from bot.web.console.gate import COOKIE
from knowledge.model import Visibility
from tests.support.console import ANNA, Browser, console, session_for, sign_in
from tests.support.front_fakes import FakeEngine, a_suggestion
from tests.unit.web.test_read_api import take_in

PAGES = (
    "incidents",
    "search",
    "runbooks",
    "review",
    "links",
    "coverage",
    "actions",
    "numbers",
    "settings",
)
HOSTILE = "<script>alert(1)</script><!channel> & \"quoted\" 'so'"


@pytest.fixture
def browser(
    database: Database, clock: ManualClock, engine: FakeEngine, tmp_path: Path
) -> Iterator[Browser]:
    settings = Settings(data_dir=tmp_path)
    with console(database, clock, engine, settings) as browser:
        yield browser


@pytest.fixture
def lead(browser: Browser, database: Database, clock: ManualClock) -> Browser:
    return sign_in(browser, database, clock)


def make_link(database: Database, clock: ManualClock, role: Role = Role.LEAD) -> str:
    secret = new_secret()
    with database.begin() as uow:
        uow.passes.keep(digest_of(secret), a_link(ANNA, "Anna", role, clock.now()))
    return secret


def two_services(database: Database, clock: ManualClock) -> None:
    take_in(
        database,
        clock,
        {"name": "DiskFull", "summary": HOSTILE, "labels": {"service": "checkout"}},
        {"name": "DiskSlow", "key": "2", "labels": {"service": "checkout"}},
        {"name": "CacheCold", "labels": {"service": "search"}},
    )


@pytest.mark.parametrize("page", PAGES)
def test_nobody_sees_a_page_without_signing_in(browser: Browser, page: str) -> None:
    answer = browser.client.get(f"/console/{page}", follow_redirects=False)
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/console/login?back=")


def test_a_link_opens_the_console_once(
    browser: Browser, database: Database, clock: ManualClock
) -> None:
    secret = make_link(database, clock)
    shown = browser.get(f"/console/enter?token={secret}")
    assert "works once" in shown.text
    again = browser.get(f"/console/enter?token={secret}")  # looking at it uses nothing up
    assert again.status_code == 200
    entered = browser.client.post("/console/enter", data={"token": secret})
    assert entered.url.path == "/console/incidents"
    browser.client.cookies.clear()
    second = browser.client.post("/console/enter", data={"token": secret})
    assert second.status_code == 403
    assert "used before" in second.text


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(
    browser: Browser, database: Database, clock: ManualClock
) -> None:
    secret = make_link(database, clock)
    answer = browser.client.post("/console/enter", data={"token": secret}, follow_redirects=False)
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert "Path=/console" in cookie
    value = re.match(rf"{COOKIE}=([^;]+)", cookie)
    assert value is not None
    with database.read() as uow:  # only its hash is kept
        assert value.group(1) not in str(uow.audit.since("console.entered", clock.now()))


def test_a_link_is_too_old_after_a_quarter_of_an_hour(
    browser: Browser, database: Database, clock: ManualClock
) -> None:
    secret = make_link(database, clock)
    clock.advance(15 * 60)
    assert browser.client.post("/console/enter", data={"token": secret}).status_code == 403


def test_guessing_links_is_stopped(browser: Browser, clock: ManualClock) -> None:
    codes = [
        browser.client.post("/console/enter", data={"token": f"guess{n}"}).status_code
        for n in range(12)
    ]
    assert codes[0] == 403
    assert codes[-1] == 429
    clock.advance(301)
    assert browser.client.post("/console/enter", data={"token": "guess"}).status_code == 403


def test_a_session_ends_after_twelve_hours_and_when_one_leaves(
    lead: Browser, database: Database, clock: ManualClock
) -> None:
    assert lead.get("/console/incidents").status_code == 200
    left = lead.send("/console/leave")
    assert left.url.path == "/console/login"
    lead.client.cookies.set(COOKIE, session_for(database, clock), path="/console")
    assert lead.get("/console/incidents").url.path == "/console/incidents"
    clock.advance(12 * 3_600)
    assert lead.get("/console/incidents").url.path == "/console/login"


@pytest.mark.parametrize("page", PAGES)
def test_pages_hold_no_inline_script_and_say_so(lead: Browser, page: str) -> None:
    answer = lead.get(f"/console/{page}")
    assert answer.status_code == 200
    policy = answer.headers["content-security-policy"]
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    assert not re.search(r"<script(?![^>]*\bsrc=)|\son\w+=|style=", answer.text)
    assert len(answer.content) < 200_000


@pytest.mark.parametrize(
    "headers",
    [{"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}],
)
def test_forms_of_other_sites_do_nothing(
    lead: Browser, database: Database, headers: dict[str, str]
) -> None:
    answer = lead.client.post(
        "/console/settings/channels",
        data={"guard": lead.guard, "channel": "T1/C1", "mode": "card"},
        headers=headers,
    )
    assert answer.status_code == 403
    with database.read() as uow:
        assert not uow.preferences.everywhere()


def test_a_form_without_this_sessions_guard_does_nothing(
    lead: Browser, database: Database, clock: ManualClock
) -> None:
    lead.guard = "another session's"
    answer = lead.send("/console/settings/channels", {"channel": "T1/C1", "mode": "card"})
    assert answer.status_code == 403
    with database.read() as uow:
        assert not uow.preferences.everywhere()


def test_incidents_are_listed_filtered_and_opened(
    lead: Browser, database: Database, clock: ManualClock
) -> None:
    two_services(database, clock)
    shown = lead.get("/console/incidents").text
    assert "RCL-1" in shown
    assert "RCL-2" in shown
    assert "RCL-2" not in lead.get("/console/incidents?service=checkout").text
    assert "RCL-1" not in lead.get("/console/incidents?words=cachecold").text
    assert "RCL-1" not in lead.get("/console/incidents?state=over").text
    assert "RCL-2" in lead.get("/console/incidents?words=rcl-2&state=all").text
    one = lead.get("/console/incidents/RCL-1").text
    assert "<script>alert" not in one
    assert "&lt;script&gt;alert" in one
    assert "opened it" in one
    assert "joined because" in one


def test_the_list_goes_on_page_by_page(
    lead: Browser, database: Database, clock: ManualClock
) -> None:
    take_in(
        database, clock, *[{"name": f"A{n}", "labels": {"service": f"s{n}"}} for n in range(60)]
    )
    first = lead.get("/console/incidents?state=open")
    keys = re.findall(r"/console/incidents/(RCL-\d+)", first.text)
    older = re.search(r'rel="next" href="([^"]+)"', first.text)
    assert older is not None
    second = lead.get(older.group(1).replace("&amp;", "&"))
    keys += re.findall(r"/console/incidents/(RCL-\d+)", second.text)
    assert len(keys) == len(set(keys)) == 60


def test_what_only_a_channel_may_see_is_nowhere(
    lead: Browser, database: Database, clock: ManualClock
) -> None:
    two_services(database, clock)
    with database.begin() as uow:
        incident = uow.incidents.get_by_key("RCL-1")
        assert incident is not None
        from dataclasses import replace

        hidden = replace(incident, visibility=Visibility(frozenset({"T1/C9"})))
        uow.incidents.save(hidden)
    assert "RCL-1" not in lead.get("/console/incidents?state=all").text
    for path in ("RCL-1", "RCL-1.md", "RCL-1.json", "RCL-1/forms/resolve"):
        answer = lead.get(f"/console/incidents/{path}")
        assert "DiskFull" not in answer.text
    told = lead.send("/console/incidents/RCL-1/do/ack")
    assert "DiskFull" not in told.text
    with database.read() as uow:
        kept = uow.incidents.get_by_key("RCL-1")
        assert kept is not None
        assert kept.owner is None


def test_a_person_takes_an_incident_on_and_resolves_it(
    lead: Browser, database: Database, clock: ManualClock
) -> None:
    two_services(database, clock)
    taken = lead.send("/console/incidents/RCL-1/do/ack")
    assert "is yours" in taken.text
    form = lead.get("/console/incidents/RCL-1/forms/resolve")
    assert form.status_code == 200
    wrong = lead.send("/console/incidents/RCL-1/forms/resolve", {"cause": "a full disk"})
    assert wrong.status_code == 422
    assert "Say what fixed it" in wrong.text
    assert "a full disk" in wrong.text  # nothing that was typed is lost
    done = lead.send(
        "/console/incidents/RCL-1/forms/resolve", {"cause": "a full disk", "fix": "made room"}
    )
    assert "RCL-1 is resolved" in done.text
    with database.read() as uow:
        incident = uow.incidents.get_by_key("RCL-1")
        assert incident is not None
        assert incident.state.value == "resolved"
        events = uow.audit.since("incident.resolved", clock.now())
        assert [event.actor for event in events] == [ANNA.key]


def test_split_and_merge_hold_as_in_chat(
    lead: Browser, database: Database, clock: ManualClock
) -> None:
    two_services(database, clock)
    split = lead.send("/console/incidents/RCL-1/do/split", {"words": "DiskSlow"})
    assert "DiskSlow is now RCL-3" in split.text
    merged = lead.send("/console/incidents/RCL-3/do/merge", {"words": "RCL-1"})
    assert "RCL-3 is now part of RCL-1" in merged.text
    nonsense = lead.send("/console/incidents/RCL-1/do/split", {"words": "Nope"})
    assert "Say which alert leaves" in nonsense.text


@pytest.mark.parametrize(
    "path", ["RCL-1/do/act", "RCL-1/do/settings", "x%20y/do/ack", "RCL-1/forms/act"]
)
def test_nothing_else_can_be_done_by_an_address(lead: Browser, path: str) -> None:
    assert lead.send(f"/console/incidents/{path}").status_code == 404


@pytest.mark.parametrize(
    ("path", "status", "said"),
    [
        ("nothing/here", 404, "The console has no such page."),
        ("actions/seven", 422, "should be a valid integer"),
    ],
)
def test_what_goes_wrong_is_told_on_a_page(
    lead: Browser, path: str, status: int, said: str
) -> None:
    told = lead.get(f"/console/{path}")
    assert told.status_code == status
    assert told.headers["Content-Type"].startswith("text/html")
    assert "Content-Security-Policy" in told.headers
    assert said in told.text
    assert lead.get("/v1/nothing").headers["Content-Type"] == "application/problem+json"


def test_a_busy_database_is_told_on_a_page_with_when_to_come_again(lead: Browser) -> None:
    def busy() -> None:
        raise DatabaseBusy("locked", retry_after=3.0)

    app = lead.client.app
    assert isinstance(app, FastAPI)
    app.add_api_route("/console/busy", busy)
    told = lead.get("/console/busy")
    assert (told.status_code, told.headers["Retry-After"]) == (503, "3")
    assert "<h1>Service Unavailable</h1>" in told.text


def test_a_search_has_a_page_of_its_own(
    lead: Browser, database: Database, clock: ManualClock, engine: FakeEngine
) -> None:
    from bot.suggestions.ports import StoredSuggestion

    assert engine.answer is not None
    stored = StoredSuggestion(
        suggestion=a_suggestion("s1"), incident_id=None, asked_by="", created_at=clock.now()
    )
    with database.begin() as uow:
        uow.suggestions.add(stored)
    found = lead.send(
        "/console/search", {"text": "disk full password=hunter22222", "service": "db"}
    )
    assert found.url.path == "/console/answers/s1"
    assert "recall replay s1" in found.text
    assert engine.asked[0].labels == {"service": "db"}
    assert "hunter22222" not in engine.asked[0].text
    assert engine.asked[0].asked_by == ANNA.key
    assert lead.send("/console/search", {"text": " "}).status_code == 422
    engine.answer = None
    away = lead.send("/console/search", {"text": "disk full"})
    assert "does not answer" in away.text
    assert "disk full" in away.text
    assert lead.get("/console/answers/nope").status_code == 404


def test_exports_are_plain_files(lead: Browser, database: Database, clock: ManualClock) -> None:
    two_services(database, clock)
    text = lead.get("/console/incidents/RCL-1.md")
    assert text.headers["content-disposition"] == 'attachment; filename="RCL-1.md"'
    assert "# RCL-1 DiskFull" in text.text
    assert "<script>" not in text.text
    assert lead.get("/console/incidents/RCL-1.json").json()["key"] == "RCL-1"
    assert lead.get("/console/numbers.csv").text.startswith("week_begins,incidents")


def test_a_lead_sets_a_channel_and_a_responder_does_not(
    browser: Browser, database: Database, clock: ManualClock
) -> None:
    person = sign_in(browser, database, clock, Role.RESPONDER)
    fields = {"channel": "T1/C1", "mode": "thread"}
    assert person.send("/console/settings/channels", fields).status_code == 403
    lead = sign_in(browser, database, clock, Role.LEAD)
    assert "is on thread" in lead.send("/console/settings/channels", fields).text
    assert (
        lead.send("/console/settings/channels", {"channel": "x", "mode": "card"}).status_code == 422
    )
    with database.read() as uow:
        [settings] = uow.preferences.everywhere().values()
        assert settings.mode is not None
        assert settings.mode.value == "thread"
        [event] = uow.audit.since("channel.settings", clock.now())
        assert event.actor == ANNA.key


def test_a_failed_delivery_is_shown_and_replayed(
    browser: Browser, database: Database, clock: ManualClock
) -> None:
    take_in(database, clock, {"name": 5})
    admin = sign_in(browser, database, clock, Role.ADMIN)
    shown = admin.get("/console/settings").text
    path = re.search(r"/console/settings/inbox/[^\"]+/replay", shown)
    assert path is not None
    assert "pending again" in admin.send(path.group()).text
    assert "gone" in admin.send(path.group()).text


def test_guests_are_not_let_in(browser: Browser, database: Database, clock: ManualClock) -> None:
    secret = session_for(database, clock, Role.GUEST, Actor("T1", "GAST"))
    browser.client.cookies.set(COOKIE, secret, path="/console")
    assert browser.get("/console/incidents").status_code == 403


@pytest.mark.parametrize(
    "back", ["https://evil.example", "//evil.example", "/console//x", "javascript:1"]
)
def test_signing_in_leads_nowhere_else(browser: Browser, back: str) -> None:
    from bot.web.console.gate import safe_back

    assert safe_back(back) == "/console"


def test_numbers_count_from_monday_to_monday(
    lead: Browser, database: Database, clock: ManualClock
) -> None:
    two_services(database, clock)
    newest = lead.get("/console/numbers.csv").text.splitlines()[1]
    assert newest.split(",")[1] == "2"
    clock.advance(7 * 24 * 3_600)
    sign_in(lead, database, clock)
    weeks = [line.split(",")[1] for line in lead.get("/console/numbers.csv").text.splitlines()[1:]]
    assert weeks[:3] == ["0", "2", "0"]


def test_the_page_of_a_storm_stays_small_and_its_file_has_all(
    lead: Browser, database: Database, clock: ManualClock
) -> None:
    labels = {"service": "checkout"}
    storm = [{"name": "PodDown", "key": str(n), "labels": labels} for n in range(150)]
    take_in(database, clock, *storm)
    shown = lead.get("/console/incidents/RCL-1").text
    assert "Alerts (150)" in shown
    assert shown.count("<strong>PodDown</strong>") == 100
    assert "and 50 more; the JSON has them all" in shown
    assert len(lead.get("/console/incidents/RCL-1.json").json()["alerts"]) == 150
