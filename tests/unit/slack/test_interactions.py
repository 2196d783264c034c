"""Commands, forms and buttons that open them: what is answered in line, and to whom."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from slack_sdk import WebClient

from bot.chat.messages import Board, BoardLine, BoardPart, Opener
from bot.clock import ManualClock
from bot.errors import DatabaseBusy, EngineUnavailable
from bot.people.model import Role, RoleBook
from bot.redact import redact
from bot.slack.app import Receive
from bot.slack.blocks import render
from bot.slack.connect import web_client
from bot.slack.interactions import SlackInteractions
from bot.slack.payloads import is_answered_in_line
from bot.workspace.server import LocalWorkspace
from tests.support.databases import sqlite_database
from tests.support.desk import Desk
from tests.support.slack_inbox import ListInbox
from tests.support.slack_world import CHANNEL, TEAM


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    clock = ManualClock()
    with sqlite_database(tmp_path, clock) as database:
        yield Desk(database, clock)


@pytest.fixture(scope="module")
def workspace() -> Iterator[LocalWorkspace]:
    with LocalWorkspace(users=("alice",), channels=("incidents",)) as opened:
        yield opened


def answering(desk: Desk, client: WebClient, leads: tuple[str, ...] = ()) -> SlackInteractions:
    def is_shared(team_id: str, channel: str) -> bool:
        return desk.rooms.of(team_id, channel).is_shared

    return SlackInteractions(desk.book, client, RoleBook(leads).role_of, is_shared, redact)


def a_command(text: str, **changes: Any) -> dict[str, Any]:
    return {
        "command": "/recall",
        "text": text,
        "team_id": TEAM,
        "channel_id": CHANNEL,
        "user_id": "U0ALICE",
        "user_name": "alice",
        "trigger_id": "t",
        **changes,
    }


NOBODY = web_client("xoxb-1", base_url="http://127.0.0.1:9/api/")


def said(body: Any) -> str:
    return str(body.get("blocks"))


def test_a_command_is_answered_to_its_caller_alone(desk: Desk) -> None:
    desk.fires("CheckoutDown")
    told = answering(desk, NOBODY).handle(a_command("ack RCL-1"))
    assert told["response_type"] == "ephemeral"
    assert "RCL-1 is yours" in said(told)
    assert desk.incident("RCL-1").owner == f"{TEAM}/U0ALICE"


def test_secrets_in_a_command_are_taken_out(desk: Desk) -> None:
    told = answering(desk, NOBODY).handle(a_command("xoxb-123456789012-abcdefghijklmnopqrstuvwx"))
    assert "abcdefghijklmnop" not in str(told)


def test_in_a_shared_channel_nothing_is_told(desk: Desk) -> None:
    desk.fires("CheckoutDown")
    desk.rooms.shared = frozenset({CHANNEL})
    told = answering(desk, NOBODY).handle(a_command("status"))
    assert "CheckoutDown" not in said(told)
    assert "shared with another organisation" in said(told)


def test_somebody_of_another_organisation_holds_no_role(desk: Desk) -> None:
    desk.fires("CheckoutDown")
    stranger = {"id": "U0ALICE", "team_id": "T0OTHER", "name": "alice"}
    body = {
        "type": "view_submission",
        "team": {"id": TEAM},
        "user": stranger,
        "view": {
            "callback_id": "recall_form_channel_settings",
            "private_metadata": '{"form": "channel_settings", "about": "C1"}',
            "state": {"values": {}},
        },
    }
    leads = (f"{TEAM}/U0ALICE",)
    told = answering(desk, NOBODY, leads).handle(body)
    assert "Guests hold no role" in str(told["view"])


class BusyDesk:
    """A book whose database cannot be used now."""

    def __init__(self, desk: Desk) -> None:
        self.tools = desk.tools

    def run(self, caller: object, line: str) -> Any:
        raise DatabaseBusy("the disk is full")


def test_while_the_database_is_away_the_caller_is_told_to_try_again(desk: Desk) -> None:
    busy: Any = BusyDesk(desk)
    interactions = SlackInteractions(busy, NOBODY, lambda _: Role.RESPONDER, lambda *_: False, str)
    told = interactions.handle(a_command("status"))
    assert "try again" in said(told)


def test_a_form_is_opened_once_for_each_trigger(desk: Desk, workspace: LocalWorkspace) -> None:
    client = web_client(workspace.bot_token, base_url=workspace.api_url)
    alice = workspace.user("alice")
    opener = Opener(form="channel_settings", about=CHANNEL, label="Change…")
    drawn = render(
        Board(title="t", parts=(BoardPart(lines=(BoardLine(text="x", opener=opener),)),))
    )
    posted = client.chat_postMessage(
        channel=workspace.channel_id("incidents"), text=drawn.text, blocks=list(drawn.blocks)
    )
    message = workspace.message("incidents", posted["ts"])
    body = alice.clicks(message, "Change…").payload
    interactions = answering(desk, client, (f"{workspace.team_id}/{alice.id}",))
    assert interactions.handle(body) == {}
    assert alice.view is not None
    assert alice.view.definition["callback_id"] == "recall_form_channel_settings"
    assert interactions.handle(body) == {}  # the trigger is used up: nothing, and no error


@pytest.mark.parametrize(
    ("body", "in_line"),
    [
        ({"command": "/recall"}, True),
        ({"type": "view_submission"}, True),
        ({"type": "message_action"}, True),
        ({"type": "block_actions", "actions": [{"action_id": "recall_open_resolve"}]}, True),
        ({"type": "block_actions", "actions": [{"action_id": "recall_fill_0"}]}, True),
        ({"type": "block_actions", "actions": [{"action_id": "recall_resolved_like"}]}, False),
        ({"type": "block_actions", "actions": []}, False),
        ({"type": "event_callback"}, False),
        ({}, False),
    ],
)
def test_what_a_person_waits_for_is_answered_in_line(body: dict[str, Any], in_line: bool) -> None:
    assert is_answered_in_line(body) is in_line


def test_an_engine_that_is_away_leaves_a_form_open_and_tells_a_caller(tmp_path: Path) -> None:
    def away(_: Any) -> Any:
        raise EngineUnavailable("starting")

    receive = Receive(ListInbox(), ManualClock(), away)
    command = receive.receive(a_command("status"))
    assert command is not None
    assert command.status == 200
    assert "did not answer in time" in str(command.body)
    submitted = receive.receive({"type": "view_submission"})
    assert submitted is not None
    assert submitted.status == 503
