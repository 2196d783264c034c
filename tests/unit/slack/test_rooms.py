"""Finding the card channel, and what the doctor learns from Slack."""

import pytest

from bot.clock import ManualClock
from bot.errors import ChatRefused, ChatUnavailable
from bot.slack import checkup
from bot.slack.connect import web_client
from bot.slack.rooms import SlackRooms
from bot.slack.scopes import features_off
from bot.workspace.core import DEFAULT_SCOPES
from bot.workspace.server import LocalWorkspace, Room


@pytest.fixture(scope="module")
def workspace():
    rooms = [Room("incidents"), Room("partners", shared=True), Room("war-room", private=True)]
    rooms += [Room("elsewhere", bot=False), *(Room(f"c{number}") for number in range(520))]
    with LocalWorkspace(channels=rooms) as running:
        yield running


def client(workspace: LocalWorkspace, token: str | None = None):
    return web_client(token or workspace.bot_token, base_url=workspace.api_url)


def room_called(workspace: LocalWorkspace, name: str | None):
    return SlackRooms(client(workspace), name, None, ManualClock()).default()


@pytest.mark.parametrize("written", ["incidents", "#incidents", " #incidents "])
def test_a_channel_is_found_by_its_name(workspace, written):
    room = room_called(workspace, written)
    assert room is not None
    assert room.to.channel_key == f"{workspace.team_id}/{workspace.channel_id('incidents')}"
    assert not room.is_shared


def test_a_channel_is_found_by_its_id_and_past_the_first_page(workspace):
    wanted = workspace.channel_id("c519")
    by_id = room_called(workspace, wanted)
    by_name = room_called(workspace, "c519")
    assert by_id == by_name
    assert by_id is not None
    assert by_id.to.channel == wanted


def test_a_shared_channel_is_known_as_one_and_its_readers_see_nothing(workspace):
    room = room_called(workspace, "partners")
    assert room is not None
    assert room.audience.sees_nothing


def test_no_channel_configured_is_none(workspace):
    assert room_called(workspace, None) is None
    assert room_called(workspace, "  ") is None


def test_an_unknown_channel_is_refused_in_plain_words(workspace):
    with pytest.raises(ChatRefused, match="RECALL_SLACK_CHANNEL"):
        room_called(workspace, "#no-such")


def test_the_setting_that_names_it_is_told(workspace):
    rooms = SlackRooms(
        client(workspace), "incidents", "#no-such", ManualClock(), canary="C0NOSUCH1"
    )
    with pytest.raises(ChatRefused, match="check RECALL_SHADOW_CHANNEL"):
        rooms.shadow()
    with pytest.raises(ChatRefused, match="check RECALL_CANARY_CHANNEL"):
        rooms.canary()


def test_while_slack_is_away_it_is_for_later_and_then_remembered(workspace):
    room = SlackRooms(client(workspace), "incidents", None, ManualClock()).default
    workspace.faults.server_error("auth.test")
    with pytest.raises(ChatUnavailable):
        room()
    found = room()
    workspace.faults.server_error("*", calls=5)
    assert room() == found
    workspace.faults.clear()


def test_the_doctor_learns_who_and_where(workspace):
    who = checkup.identity(client(workspace))
    assert who.team == "Larkspur"
    assert who.scopes is not None
    assert who.scopes == DEFAULT_SCOPES
    assert features_off(who.scopes) == {}
    checkup.open_connection(client(workspace), workspace.app_token)
    found = checkup.membership(client(workspace), "incidents")
    outside = checkup.membership(client(workspace), "elsewhere")
    assert found is not None
    assert found.is_member
    assert outside is not None
    assert not outside.is_member
    assert checkup.membership(client(workspace), "no-such") is None


def test_the_doctor_is_told_of_wrong_tokens(workspace):
    with pytest.raises(ChatRefused):
        checkup.identity(client(workspace, "xoxb-wrong"))
    with pytest.raises(ChatRefused):
        checkup.open_connection(client(workspace), "xapp-wrong")
