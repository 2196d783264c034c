"""The page of personal tokens: made and shown once, revoked by their owner or an administrator."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.clock import ManualClock
from bot.people.model import Actor, Role
from bot.people.sessions import digest_of
from bot.store.database import Database
from bot.web.console.gate import COOKIE
from tests.support.actions import Team
from tests.support.console import ANNA, Browser, console, session_for, sign_in
from tests.support.front_fakes import FakeEngine

BEN = Actor("T1", "BEN")
SECRET = re.compile(r"recall_pat_[\w-]{43}")


@pytest.fixture
def team(database: Database, clock: ManualClock, tmp_path: Path) -> Team:
    return Team(database, clock, tmp_path)


@pytest.fixture
def browser(
    database: Database, clock: ManualClock, engine: FakeEngine, team: Team
) -> Iterator[Browser]:
    with console(database, clock, engine, team.settings) as browser:
        yield sign_in(browser, database, clock, Role.RESPONDER)


def comes(browser: Browser, team: Team, actor: Actor, role: Role = Role.RESPONDER) -> None:
    secret = session_for(team.database, team.clock, role, actor)
    browser.client.cookies.set(COOKIE, secret, path="/console")
    browser.get("/console/tokens")


def makes(browser: Browser, label: str = "nightly", days: str = "30") -> str:
    """The secret of a new token."""
    browser.get("/console/tokens")
    answer = browser.send("/console/tokens", {"label": label, "days": days})
    assert answer.status_code == 200
    found = SECRET.search(answer.text)
    assert found is not None
    return found[0]


def test_a_token_is_shown_once_and_kept_as_a_hash(browser: Browser, team: Team) -> None:
    assert "You have no tokens." in browser.get("/console/tokens").text
    secret = makes(browser, "clean <b>up")
    again = browser.get("/console/tokens").text
    assert SECRET.search(again) is None
    assert "clean &lt;b&gt;up" in again
    assert "TOK-1" in again
    with team.database.read() as uow:
        token = uow.tokens.find(digest_of(secret))
        events = [(e.actor, e.action, e.data.get("of")) for e in uow.audit.list()]
    assert token is not None
    assert token.actor == ANNA
    assert (token.expires_at - token.made_at).days == 30
    assert (ANNA.key, "token.made", ANNA.key) in events


def test_its_owner_revokes_it(browser: Browser, team: Team) -> None:
    makes(browser)
    said = browser.send("/console/tokens/1/revoke")
    assert "TOK-1 (nightly) counts no more." in said.text
    assert "Revoke TOK-1" not in said.text
    assert browser.send("/console/tokens/1/revoke").status_code == 404
    with team.database.read() as uow:
        token = uow.tokens.get(1)
        assert token is not None
        assert token.revoked_by == ANNA.key
        assert "token.revoked" in [event.action for event in uow.audit.list()]


def test_nobody_else_sees_or_revokes_it_but_an_administrator(browser: Browser, team: Team) -> None:
    makes(browser, "annas own")
    for role in (Role.RESPONDER, Role.LEAD):
        comes(browser, team, BEN, role)
        assert "annas own" not in browser.get("/console/tokens").text
        assert browser.send("/console/tokens/1/revoke").status_code == 404
    comes(browser, team, BEN, Role.ADMIN)
    shown = browser.get("/console/tokens").text
    assert "Everybody else" in shown
    assert "annas own" in shown
    assert "counts no more" in browser.send("/console/tokens/1/revoke").text


@pytest.mark.parametrize(
    ("label", "days", "said"),
    [
        ("", "30", "Say what the token is for"),
        ("x" * 61, "30", "at most 60 characters"),
        ("x", "91", "from 1 to 90 days"),
        ("x", "0", "from 1 to 90 days"),
        ("x", "-1", "whole number"),
        ("x", "many", "whole number"),
    ],
)
def test_a_form_filled_in_wrong_makes_none_and_says_why(
    browser: Browser, team: Team, label: str, days: str, said: str
) -> None:
    browser.get("/console/tokens")
    answer = browser.send("/console/tokens", {"label": label, "days": days})
    assert (answer.status_code, said in answer.text) == (422, True)
    with team.database.read() as uow:
        assert uow.tokens.newest(10) == []


def test_a_forged_form_makes_none(browser: Browser, team: Team) -> None:
    fields = {"guard": "forged", "label": "x", "days": "3"}
    assert browser.send("/console/tokens", fields).status_code == 403
    with team.database.read() as uow:
        assert uow.tokens.newest(10) == []


def test_whom_nobody_knows_in_the_chat_is_told_why_there_is_none(
    browser: Browser, team: Team
) -> None:
    comes(browser, team, Actor("CONSOLE", "ADMIN"), Role.ADMIN)
    shown = browser.get("/console/tokens").text
    assert "nobody knows who you are in the chat" in shown
    answer = browser.send("/console/tokens", {"label": "x", "days": "3"})
    assert answer.status_code == 422
    with team.database.read() as uow:
        assert uow.tokens.newest(10) == []


def test_a_person_has_so_many_at_a_time(browser: Browser, team: Team) -> None:
    for number in range(20):
        makes(browser, f"number {number}")
    answer = browser.send("/console/tokens", {"label": "one more", "days": "3"})
    assert "has 20 tokens in force; revoke one first" in answer.text
    browser.send("/console/tokens/7/revoke")
    makes(browser, "one more")


def test_forgetting_a_person_takes_their_tokens_away(browser: Browser, team: Team) -> None:
    makes(browser)
    with team.database.begin() as uow:
        assert uow.texts.drop_choices([ANNA.key], dry_run=False) == 2, "the session, and the token"
        assert uow.tokens.newest(10) == []
