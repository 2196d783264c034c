"""Approving and rejecting on the page of a request: by whom the identity provider vouches for."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr

from bot.actions.model import RequestState
from bot.clock import ManualClock
from bot.people.model import Actor, Role
from bot.people.sessions import OIDC, a_session, digest_of, new_secret
from bot.people.standing import keep_signed_on
from bot.store.database import Database
from bot.web.console.gate import COOKIE
from tests.support.actions import LENA, TEAM, TOUCH, Team
from tests.support.console import Browser, console
from tests.support.front_fakes import FakeEngine
from tests.support.oidc_provider import CLIENT_ID, CLIENT_SECRET, oidc_provider

HIGH = TOUCH.replace("risk: low", "risk: high") + "approve_in: console\n"
LEAD = Actor(TEAM, LENA)


@pytest.fixture
def team(database: Database, clock: ManualClock, tmp_path: Path) -> Team:
    return Team(database, clock, tmp_path, HIGH)


@pytest.fixture
def browser(
    database: Database, clock: ManualClock, engine: FakeEngine, team: Team
) -> Iterator[Browser]:
    with console(database, clock, engine, team.settings) as browser:
        yield browser


def comes(browser: Browser, team: Team, actor: Actor, role: Role, by: str = OIDC) -> None:
    secret = new_secret()
    with team.database.begin() as uow:
        session = a_session(actor, "Lena <b>", role, team.clock.now(), by=by)
        uow.passes.keep(digest_of(secret), session)
        if by:
            keep_signed_on(uow.marks, uow.audit, actor, role, team.clock.now())
    browser.client.cookies.set(COOKIE, secret, path="/console")


def test_a_lead_sees_the_hash_and_approves_it(browser: Browser, team: Team) -> None:
    request = team.asked()
    comes(browser, team, LEAD, Role.LEAD)
    shown = browser.get("/console/actions/1").text
    assert request.digest in shown
    assert "Approve ACT-1" in shown
    said = browser.send("/console/actions/1/approve", {"digest": request.digest})
    assert "Your approval is on record." in said.text
    assert "Approve ACT-1" not in said.text
    assert "by single sign-on" in said.text
    team.runs()
    assert team.is_there()
    assert ("U0LENA", "action.approved") in team.audited()


def test_a_rejection_on_the_page_is_told_in_the_chat(browser: Browser, team: Team) -> None:
    request = team.asked()
    comes(browser, team, LEAD, Role.LEAD)
    browser.get("/console/actions/1")
    browser.send("/console/actions/1/reject", {"digest": request.digest})
    team.says()
    assert team.state(request) is RequestState.REJECTED
    assert team.card(request).note == "rejected by Lena <b>", "escaped where it is drawn"


def test_a_one_time_link_vouches_for_nobody(browser: Browser, team: Team) -> None:
    request = team.asked()
    comes(browser, team, LEAD, Role.ADMIN, by="")
    shown = browser.get("/console/actions/1").text
    assert "Approve ACT-1" not in shown
    assert "takes single sign-on" in shown
    refused = browser.send("/console/actions/1/approve", {"digest": request.digest})
    assert refused.status_code == 403
    assert team.state(request) is RequestState.AWAITING_APPROVAL


def test_what_is_refused_is_said_on_the_page(browser: Browser, team: Team) -> None:
    request = team.asked()
    comes(browser, team, Actor(TEAM, "U0BOB"), Role.RESPONDER)
    browser.get("/console/actions/1")
    said = browser.send("/console/actions/1/approve", {"digest": request.digest})
    assert "stays as it is, because you may not approve it" in said.text
    assert team.told() == [], "and not in the chat"
    assert ("U0BOB", "action.denied") in team.audited()


@pytest.mark.parametrize(
    ("path", "fields", "status"),
    [
        ("/console/actions/1/approve", {"guard": "forged"}, 403),
        ("/console/actions/1/run", {}, 404),
        ("/console/actions/99/approve", {}, 404),
        ("/console/actions/0/approve", {}, 404),
        ("/console/actions/1/approve", {"digest": "x" * 101}, 413),
    ],
)
def test_forged_forms_do_nothing(
    browser: Browser, team: Team, path: str, fields: dict[str, str], status: int
) -> None:
    request = team.asked()
    comes(browser, team, LEAD, Role.ADMIN)
    browser.get("/console/actions/1")
    answer = browser.send(path, {"digest": request.digest, **fields})
    assert answer.status_code == status
    assert team.state(request) is RequestState.AWAITING_APPROVAL


def test_an_old_page_does_not_approve_what_came_after_it(browser: Browser, team: Team) -> None:
    request = team.asked()
    comes(browser, team, LEAD, Role.LEAD)
    browser.get("/console/actions/1")
    said = browser.send("/console/actions/1/approve", {"digest": "0" * 64})
    assert "what you saw is not what would run now" in said.text
    assert team.state(request) is RequestState.AWAITING_APPROVAL


def test_from_the_identity_provider_to_what_runs(
    database: Database, clock: ManualClock, engine: FakeEngine, team: Team
) -> None:
    """The whole way, against a real provider on loopback: a group of the claim makes a lead."""
    with oidc_provider(clock) as provider:
        provider.person |= {"slack": f"{TEAM}/U0CARA", "groups": ["team-leads"]}
        settings = team.settings.model_copy(
            update={
                "public_url": "http://localhost",
                "oidc_issuer": provider.issuer,
                "oidc_client_id": CLIENT_ID,
                "oidc_client_secret": SecretStr(CLIENT_SECRET),
                "oidc_leads": ("team-leads",),
                "oidc_actor_claim": "slack",
            }
        )
        with console(database, clock, engine, settings) as browser:
            browser.client.base_url = "http://localhost"
            request = team.asked()
            began = browser.client.get(
                "/console/oidc/start?back=/console/actions/1", follow_redirects=False
            )
            with httpx.Client(trust_env=False) as elsewhere:
                back = elsewhere.get(began.headers["location"]).headers["location"]
            shown = browser.get(back)
            assert "Approve ACT-1" in shown.text
            browser.send("/console/actions/1/approve", {"digest": request.digest})
    team.runs()
    assert team.is_there()
    assert ("U0CARA", "action.approved") in team.audited()
