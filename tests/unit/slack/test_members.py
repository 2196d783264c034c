"""Who is a member of the workspace right now: asked afresh where a token or an approval hangs on
it, and nobody who left does anything."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from slack_sdk import WebClient

from bot.actions.book import ActionBook
from bot.actions.model import RequestState
from bot.actions.presses import ActionButtons
from bot.clock import ManualClock
from bot.errors import ChatUnavailable
from bot.people.model import RoleBook
from bot.slack.connect import web_client
from bot.slack.people import SlackPeople
from bot.workspace.core import DEFAULT_SCOPES
from bot.workspace.server import LocalWorkspace
from tests.support.actions import LENA, Team
from tests.support.databases import sqlite_database


@pytest.fixture
def workspace() -> Iterator[LocalWorkspace]:
    with LocalWorkspace(users=("alice",)) as running:
        yield running


def client_of(workspace: LocalWorkspace) -> WebClient:
    return web_client(workspace.bot_token, base_url=workspace.api_url, proxy=None, ca_bundle=None)


def test_whoever_leaves_is_no_member_within_a_minute(workspace: LocalWorkspace) -> None:
    clock = ManualClock()
    people = SlackPeople(client_of(workspace), clock)
    alice = workspace.user("alice")
    assert people.is_member(alice.id) is True
    alice.is_deactivated()
    clock.advance(61)
    assert people.is_member(alice.id) is False
    assert people.is_guest(alice.id), "and so for everything else"


def test_a_guest_is_none_and_nobody_that_is_not_there(workspace: LocalWorkspace) -> None:
    people = SlackPeople(client_of(workspace), ManualClock())
    guest = workspace.add_user("gus", guest=True)
    assert people.is_member(guest.id) is False
    assert people.is_member("U0NOBODY") is None


def test_without_the_scope_nobody_knows() -> None:
    scopes = [one for one in DEFAULT_SCOPES if one != "users:read"]
    with LocalWorkspace(users=("alice",), scopes=scopes) as workspace:
        people = SlackPeople(client_of(workspace), ManualClock())
        assert people.is_member(workspace.user("alice").id) is None


def test_while_slack_is_away_old_news_does_not_do(workspace: LocalWorkspace) -> None:
    clock = ManualClock()
    people = SlackPeople(client_of(workspace), clock)
    alice = workspace.user("alice").id
    assert people.is_member(alice) is True
    workspace.faults.server_error(calls=1_000)
    clock.advance(61)
    with pytest.raises(ChatUnavailable):
        people.is_member(alice)
    assert people.profile(alice) is not None, "for a time zone it does"


def test_a_lead_whose_account_was_closed_approves_nothing(tmp_path: Path) -> None:
    """The settings still name her; a click that comes late, or is forged, is refused."""
    clock = ManualClock()
    with sqlite_database(tmp_path, clock) as database:
        team = Team(database, clock, tmp_path)
        left = {LENA}
        roles = RoleBook(
            team.settings.leads, team.settings.admins, lambda actor: actor.user_id in left
        )
        book = ActionBook(source=team.book.source, services=(), roles=roles, same=team.book.same)
        request = team.asked()
        team.buttons = ActionButtons(database, book, clock)
        team.approves(LENA, request)
        assert team.state(request) is RequestState.AWAITING_APPROVAL
        assert ("U0LENA", "action.denied") in team.audited()
        left.clear()
        team.approves(LENA, request)
        assert team.state(request) is RequestState.APPROVED
