"""Coming in from Slack: on record first, then acknowledged; the same in both modes."""

import json
import logging
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from bot.chat.ports import Destination
from bot.clock import ManualClock, SystemClock
from bot.errors import SettingsError
from bot.jobs.ports import InboxKind
from bot.slack.app import build_app
from bot.slack.client import SlackChat
from bot.slack.connect import proxy_for, web_client
from bot.slack.http import SlackHttp
from bot.slack.socket import Connection, SocketRunner
from bot.workspace.http_events import sign
from bot.workspace.server import LocalWorkspace, Room
from tests.support.saying import card
from tests.support.slack_inbox import ListInbox

SECRET = "a signing secret"
NOWHERE = "http://127.0.0.1:9/api/"


def runner_for(workspace: LocalWorkspace, inbox: ListInbox, connections: int = 2) -> SocketRunner:
    app = build_app(
        web_client(workspace.bot_token, base_url=workspace.api_url),
        inbox,
        SystemClock(),
        lambda _: {},
        signing_secret=None,
    )
    app_client = web_client(workspace.app_token, base_url=workspace.api_url)
    return SocketRunner(app, app_client, SystemClock(), connections=connections)


@pytest.fixture
def inbox() -> ListInbox:
    return ListInbox()


@pytest.fixture
def workspace() -> Iterator[LocalWorkspace]:
    with LocalWorkspace(ack_timeout=1.0, retry_delays=(0.2, 0.5, 1.0)) as running:
        yield running


@pytest.fixture
def connected(workspace: LocalWorkspace, inbox: ListInbox) -> Iterator[SocketRunner]:
    runner = runner_for(workspace, inbox)
    runner.start()
    try:
        workspace.wait_until_connected(2)
        yield runner
    finally:
        runner.stop()


def test_a_mention_is_on_record_and_acknowledged(workspace, inbox, connected):
    workspace.user("alice").mentions_bot("incidents", "why?")
    [item] = inbox.wait_for(1)
    assert item.kind is InboxKind.SLACK_EVENT
    body = json.loads(item.body)
    assert item.dedupe_key == f"slack:{workspace.team_id}:{body['event_id']}"
    workspace.wait_for(lambda: all(delivery.acked for delivery in workspace.deliveries))


def test_ordinary_talk_and_the_bots_own_messages_are_acknowledged_and_dropped(
    workspace, inbox, connected
):
    workspace.user("alice").says("incidents", "lunch?")
    client = web_client(workspace.bot_token, base_url=workspace.api_url)
    client.chat_postMessage(channel=workspace.channel_id("incidents"), text="mine")
    workspace.wait_for(
        lambda: len(workspace.deliveries) >= 2 and all(d.acked for d in workspace.deliveries)
    )
    assert inbox.items == []


def test_a_press_is_on_record_with_its_token(workspace, inbox, connected):

    chat = SlackChat(web_client(workspace.bot_token, base_url=workspace.api_url))
    to = Destination(workspace.team_id, workspace.channel_id("incidents"))
    ref = chat.post(to, card(), key="card:1")
    pressed = workspace.user("alice").clicks(workspace.message("incidents", ref), "Helpful")
    [item] = inbox.wait_for(1)
    assert item.kind is InboxKind.SLACK_ACTION
    assert ":token-1:" in str(item.dedupe_key)
    workspace.wait_until_acked(pressed)


def test_what_cannot_be_kept_is_not_acknowledged_and_comes_again(workspace, inbox, connected):
    inbox.busy = True
    workspace.user("alice").tells_bot("keep this")
    workspace.wait_for(
        lambda: any(d.attempts and d.attempts[0].error for d in workspace.deliveries)
    )
    assert inbox.items == []
    inbox.busy = False
    assert len(inbox.wait_for(1)) == 1


def test_it_starts_while_slack_is_away_and_connects_when_it_is_back(inbox):
    with LocalWorkspace() as workspace:
        port = int(workspace.base_url.rpartition(":")[2])
    runner = runner_for(workspace, inbox)
    runner.start()
    try:
        time.sleep(0.3)
        assert runner.state()["connected"] == 0
        assert "apps.connections.open" in runner.state()["connections"][0]["error"]
        with LocalWorkspace(port=port) as back:
            back.wait_until_connected(2)
    finally:
        runner.stop()


def test_both_connections_are_back_soon_after_the_server_is(inbox):
    with LocalWorkspace() as workspace:
        runner = runner_for(workspace, inbox)
        runner.start()
        workspace.wait_until_connected(2)
        port = int(workspace.base_url.rpartition(":")[2])
    try:
        time.sleep(1.0)
        with LocalWorkspace(port=port) as back:
            began = time.monotonic()
            back.wait_until_connected(2, timeout=10)
            assert time.monotonic() - began < 10
            back.user("alice").tells_bot("are you there?")
            inbox.wait_for(1)
    finally:
        runner.stop()


def test_however_long_slack_was_away_it_is_reached_within_ten_seconds(workspace, inbox):
    clock = ManualClock()
    app_client = web_client(workspace.app_token, base_url=workspace.api_url)
    client = web_client(workspace.bot_token, base_url=workspace.api_url)
    app = build_app(client, inbox, clock, lambda _: {}, signing_secret=None)
    connection = Connection("socket-1", app, app_client, clock)
    workspace.faults.set(refuse_connections=True)
    for _ in range(600):
        connection.watch()
        clock.advance(1)
    assert not connection.is_connected
    workspace.faults.clear()
    try:
        for _ in range(9):
            connection.watch()
            clock.advance(1)
        assert connection.is_connected
    finally:
        connection.close()


@pytest.mark.parametrize("how", ["drop_sockets", "disconnect_sockets"])
def test_cut_and_refreshed_connections_are_replaced(workspace, inbox, connected, how):
    before = set(workspace.connections)
    getattr(workspace.faults, how)()
    workspace.wait_for(lambda: len(set(workspace.connections) - before) >= 2, timeout=10)
    workspace.user("alice").tells_bot("still there?")
    inbox.wait_for(1)


def test_a_connection_that_answers_no_pings_is_replaced(workspace, inbox, connected):
    before = set(workspace.connections)
    workspace.faults.set(mute_pings=True)
    workspace.wait_for(lambda: len(set(workspace.connections) - before) >= 2, timeout=20)


def test_the_state_tells_ages_and_no_secrets(workspace, connected):
    time.sleep(2.5)
    state = connected.state()
    assert (state["connected"], state["wanted"]) == (2, 2)
    assert all(0 <= one["pong_age"] < 10 for one in state["connections"])
    assert "xapp" not in str(state)


# HTTP mode ---------------------------------------------------------------------------------


def http_app(inbox: ListInbox, secret: str | None = SECRET) -> SlackHttp:
    app = build_app(
        web_client("xoxb-1", base_url=NOWHERE),
        inbox,
        SystemClock(),
        lambda _: {},
        signing_secret=secret,
    )
    return SlackHttp(app, secret, SystemClock())


def signed(body: bytes, secret: str = SECRET, age: int = 0) -> dict[str, str]:
    timestamp = str(int(time.time()) - age)
    return {
        "Content-Type": "application/json",
        "X-Slack-Request-Timestamp": timestamp,
        "X-Slack-Signature": sign(secret, timestamp, body),
    }


EVENT = json.dumps(
    {
        "type": "event_callback",
        "team_id": "T1",
        "event_id": "Ev1",
        "event": {"type": "app_mention", "user": "U1", "text": "x", "channel": "C1", "ts": "1.0"},
    }
).encode()


def test_a_signed_event_is_on_record_without_any_call_to_slack(inbox):
    status, _, _ = http_app(inbox).handle(signed(EVENT), EVENT)
    assert status == 200
    assert len(inbox.items) == 1


def test_a_redelivered_event_is_the_same_item(inbox):
    front = http_app(inbox)
    assert [front.handle(signed(EVENT), EVENT)[0] for _ in range(2)] == [200, 200]
    assert len(inbox.items) == 1


@pytest.mark.parametrize(
    "headers",
    [
        {},
        signed(EVENT, secret="another"),
        signed(EVENT, age=600),
        signed(EVENT + b" "),
        signed(EVENT) | {"X-Slack-Request-Timestamp": "soon"},
        signed(EVENT) | {"X-Slack-Signature": "v0=\u00e9\ud800"},
    ],
    ids=["none", "wrong secret", "old", "other body", "no time", "no signature"],
)
def test_an_unsigned_or_wrongly_signed_request_is_refused(inbox, headers):
    assert http_app(inbox).handle(headers, EVENT)[0] == 401
    assert inbox.items == []


def test_the_request_url_is_verified(inbox):
    body = json.dumps({"type": "url_verification", "challenge": "abc"}).encode()
    status, _, answer = http_app(inbox).handle(signed(body), body)
    assert (status, json.loads(answer)) == (200, {"challenge": "abc"})


def test_503_when_it_cannot_be_kept(inbox):
    inbox.busy = True
    assert http_app(inbox).handle(signed(EVENT), EVENT)[0] == 503


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"null", b"\xff\xfe", b'{"type":"event_callback"}']
)
def test_nonsense_is_answered_and_not_kept(inbox, body, caplog):
    with caplog.at_level(logging.CRITICAL):
        status = http_app(inbox).handle(signed(body), body)[0]
    assert status in (200, 400, 401, 404)
    assert inbox.items == []


def test_without_a_secret_http_mode_is_closed(inbox):
    with pytest.raises(SettingsError, match="SLACK_SIGNING_SECRET"):
        http_app(inbox, None)


def test_the_workspace_reaches_it_over_http(inbox):
    answered = threading.Event()

    class Front(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            status, headers, answer = front.handle(dict(self.headers), body)
            self.send_response(status)
            for name, value in headers:
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(answer)
            answered.set()

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Front)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}/slack/events"
    try:
        with LocalWorkspace(request_url=url, channels=(Room("incidents"),)) as workspace:
            front = http_app(inbox, workspace.signing_secret)
            workspace.user("bob").mentions_bot("incidents", "over http?")
            inbox.wait_for(1)
            workspace.wait_for(lambda: all(d.acked for d in workspace.deliveries))
    finally:
        server.shutdown()
        server.server_close()


def test_the_proxy_is_not_used_for_this_machine(monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example:3128")
    monkeypatch.setenv("NO_PROXY", "intern.example")
    assert proxy_for("https://slack.com/api/", "http://p:1") == "http://p:1"
    assert proxy_for("http://127.0.0.1:8/api/", "http://p:1") is None
    assert proxy_for("https://intern.example/api/", "http://p:1") is None
    assert web_client("x", base_url=NOWHERE).proxy is None
