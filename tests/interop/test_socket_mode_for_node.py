"""Slack's own Socket Mode client for Node against the local workspace."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from bot.workspace import LocalWorkspace
from tests.interop.node import NodeProgram

pytestmark = pytest.mark.interop


@pytest.fixture
def ws() -> Iterator[LocalWorkspace]:
    with LocalWorkspace(ack_timeout=2.0, retry_delays=(0.0, 0.2, 0.3)) as workspace:
        yield workspace


@pytest.fixture
def start(ws: LocalWorkspace) -> Iterator[Callable[[], NodeProgram]]:
    running: list[NodeProgram] = []

    def start() -> NodeProgram:
        before = len(ws.connections)
        program = NodeProgram(
            "socket_client.mjs", {"SLACK_APP_TOKEN": ws.app_token, "SLACK_API_URL": ws.api_url}
        )
        running.append(program)
        program.wait_for(lambda line: line.get("state") == "started")
        ws.wait_until_connected(before + 1)
        return program

    yield start
    for program in running:
        program.stop()


@pytest.fixture
def app(start: Callable[[], NodeProgram]) -> NodeProgram:
    return start()


def event(kind: str) -> Callable[[dict[str, Any]], bool]:
    return lambda line: line.get("body", {}).get("event", {}).get("type") == kind


def ordered(app: NodeProgram, **order: Any) -> None:
    before = len([line for line in app.heard if line.get("state") == "ordered"])
    app.tell(order)
    app.wait_for(lambda line: line.get("state") == "ordered", before + 1)


def test_an_event_arrives_and_is_acknowledged(ws: LocalWorkspace, app: NodeProgram) -> None:
    said = ws.user("alice").mentions_bot("incidents", "hello")
    (heard,) = app.wait_for(event("app_mention"))
    assert heard["body"]["event"]["ts"] == said.ts
    assert heard["retry_num"] == 0
    ws.wait_for(lambda: all(delivery.acked for delivery in ws.deliveries))


def test_what_is_not_acknowledged_comes_again_and_says_why(
    ws: LocalWorkspace, app: NodeProgram
) -> None:
    ordered(app, ack=False)
    ws.user("alice").says("incidents", "hello")
    first, second = app.wait_for(event("message"), 2)
    assert second["body"]["event_id"] == first["body"]["event_id"]
    assert second["envelope_id"] != first["envelope_id"]
    assert (second["retry_num"], second["retry_reason"]) == (1, "timeout")
    ordered(app, ack=True)
    ws.wait_for(lambda: ws.deliveries[-1].acked)


@pytest.mark.parametrize("reason", ["refresh_requested", "warning"])
def test_a_disconnect_frame_is_survived(ws: LocalWorkspace, app: NodeProgram, reason: str) -> None:
    before = ws.connections
    ws.faults.disconnect_sockets(reason)
    ws.wait_for(lambda: bool(ws.connections) and ws.connections != before)
    ws.user("alice").says("incidents", "still there?")
    app.wait_for(event("message"))
    ws.wait_for(lambda: ws.deliveries[-1].acked)


def test_a_cut_connection_is_made_again(ws: LocalWorkspace, app: NodeProgram) -> None:
    before = ws.connections
    ws.faults.drop_sockets()
    ws.wait_for(lambda: bool(ws.connections) and ws.connections != before)
    ws.user("alice").says("incidents", "still there?")
    app.wait_for(event("message"))


def test_a_slash_command_goes_there_and_back(ws: LocalWorkspace, app: NodeProgram) -> None:
    ordered(app, answers={"slash_commands": {"text": "Two are open."}})
    delivery = ws.user("alice").runs("/recall open", "incidents")
    (heard,) = app.wait_for(lambda line: line.get("type") == "slash_commands")
    assert (heard["body"]["command"], heard["body"]["text"]) == ("/recall", "open")
    ws.wait_until_acked(delivery)
    assert [m.text for m in ws.ephemeral("incidents", "alice")] == ["Two are open."]
    assert ws.ephemeral("incidents", "bob") == []


def test_two_clients_share_what_comes_in(
    ws: LocalWorkspace, start: Callable[[], NodeProgram]
) -> None:
    one, other = start(), start()
    for number in range(6):
        ws.user("alice").says("incidents", f"number {number}")
    ws.wait_for(lambda: all(delivery.acked for delivery in ws.deliveries))
    heard = [
        {line["body"]["event_id"] for line in app.heard if event("message")(line)}
        for app in (one, other)
    ]
    assert len(heard[0] | heard[1]) == 6
    assert all(len(ids) >= 3 for ids in heard)
