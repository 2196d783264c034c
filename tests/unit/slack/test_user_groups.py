"""User groups as Slack tells them, through the local workspace."""

from collections.abc import Iterator

import pytest

from bot.clock import ManualClock
from bot.slack.connect import web_client
from bot.slack.people import SlackPeople
from bot.slack.scopes import features_off
from bot.slack.user_groups import FEATURE, SlackGroups
from bot.workspace.core import DEFAULT_SCOPES
from bot.workspace.server import LocalWorkspace


@pytest.fixture
def workspace() -> Iterator[LocalWorkspace]:
    with LocalWorkspace(users=("alice", "bob")) as running:
        yield running


def groups(workspace: LocalWorkspace) -> SlackGroups:
    client = web_client(workspace.bot_token, base_url=workspace.api_url)
    return SlackGroups(client, SlackPeople(client, ManualClock()))


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
