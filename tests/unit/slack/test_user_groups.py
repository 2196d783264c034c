"""User groups as Slack tells them, through the local workspace."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from bot.action_book import build_book
from bot.alerts.intake import AlertIntake
from bot.clock import ManualClock
from bot.people.model import Actor, Role
from bot.people.standing import FRESH
from bot.services.catalogue import Catalogue
from bot.settings import load_settings
from bot.slack.connect import web_client
from bot.slack.people import SlackPeople
from bot.slack.scopes import features_off
from bot.slack.user_groups import FEATURE, SlackGroups
from bot.slack_engine import open_slack
from bot.workspace.core import DEFAULT_SCOPES
from bot.workspace.server import LocalWorkspace
from tests.support.databases import sqlite_database
from tests.support.slack_world import ScriptedSuggester


@pytest.fixture
def workspace() -> Iterator[LocalWorkspace]:
    with LocalWorkspace(users=("alice", "bob")) as running:
        yield running


def groups(workspace: LocalWorkspace) -> SlackGroups:
    client = web_client(workspace.bot_token, base_url=workspace.api_url)
    clock = ManualClock()
    return SlackGroups(client, SlackPeople(client, clock), clock)


def test_members_are_read_by_the_groups_id(workspace: LocalWorkspace) -> None:
    made = workspace.add_user_group("leads", ["alice", "bob"])
    members = groups(workspace).members(made.id)
    assert members == [workspace.user("alice").id, workspace.user("bob").id]
    assert groups(workspace).is_inside(members[0])
    guest = workspace.add_user("gast", guest=True)
    assert not groups(workspace).is_inside(guest.id)


def test_a_group_that_is_not_there_is_refused_in_peace(workspace: LocalWorkspace) -> None:
    assert groups(workspace).members("S0NONE") is None


def test_of_whom_slack_says_nothing_is_not_inside(workspace: LocalWorkspace) -> None:
    assert not groups(workspace).is_inside("U0NOBODY")


def test_without_the_scope_it_is_off_and_the_doctor_says_so() -> None:
    scopes = [one for one in DEFAULT_SCOPES if one != "usergroups:read"]
    with LocalWorkspace(users=("alice",), scopes=scopes) as workspace:
        made = workspace.add_user_group("leads", ["alice"])
        assert groups(workspace).members(made.id) is None
    off = features_off(frozenset(scopes))
    assert off[FEATURE] == ("usergroups:read",)


def test_the_engine_reads_the_groups_that_the_settings_name(
    workspace: LocalWorkspace, tmp_path: Path
) -> None:
    """From the setting to who is a lead: as the engine puts it together, against the workspace."""
    made = workspace.add_user_group("leads", ["bob"])
    group = f"{workspace.team_id}/{made.id}"
    clock = ManualClock()
    with sqlite_database(tmp_path, clock) as database, ExitStack() as opened:
        settings = load_settings(
            environment={
                "RECALL_LEAD_GROUPS": group,
                "SLACK_BOT_TOKEN": workspace.bot_token,
                "SLACK_APP_TOKEN": workspace.app_token,
                "SLACK_API_URL": workspace.api_url,
            }
        )
        intake = AlertIntake(Catalogue(), clock)
        slack = open_slack(
            settings, database, ScriptedSuggester(), Catalogue(), clock, opened, intake
        )
        assert slack is not None
        [(seconds, _, look)] = slack.ticks
        assert seconds <= FRESH.total_seconds() / 3, "a look that fails is made up for"
        look()
        book = build_book(settings)
        bob = Actor(workspace.team_id, workspace.user("bob").id)
        with database.read() as uow:
            who = book.who(uow, bob, workspace.team_id, clock.now())
        assert (who.role, who.group_role) == (Role.RESPONDER, Role.LEAD)
        workspace.add_user_group("leads", ["alice"])
        look()
        with database.read() as uow:
            who = book.who(uow, bob, workspace.team_id, clock.now())
            events = [e for e in uow.audit.list() if e.action == "roles.group_changed"]
        assert who.group_role is Role.GUEST
        assert [len(e.data["went"]) for e in events] == [0, 1]
