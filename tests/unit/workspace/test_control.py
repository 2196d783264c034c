"""The control API behind the page: who may use it, and what each call does."""

import json
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from bot.workspace import DemoButton, LocalWorkspace, Room

pressed: list[str] = []


@pytest.fixture
def ws() -> Iterator[LocalWorkspace]:
    pressed.clear()
    button = DemoButton("fire", "Fire", "Fires an alert", lambda: pressed.append("fire"))
    rooms = ("incidents", Room("leads", private=True, members=("bob",)))
    with LocalWorkspace(channels=rooms, demo_buttons=[button], ack_timeout=0.1) as workspace:
        yield workspace


def call(
    ws: LocalWorkspace, path: str, fields: dict[str, Any] | None = None, **headers: str
) -> tuple[int, Any]:
    sent = {"X-Control-Token": ws.control_token, "Content-Type": "application/json", **headers}
    data = None if fields is None else json.dumps(fields).encode()
    request = urllib.request.Request(f"{ws.base_url}{path}", data, sent)
    try:
        with urllib.request.urlopen(request, timeout=5) as response:
            return response.status, json.load(response)
    except urllib.error.HTTPError as refused:
        body = refused.read()
        return refused.code, json.loads(body) if body.startswith(b"{") else body.decode()


def test_without_the_token_nothing_is_shown_or_done(ws: LocalWorkspace) -> None:
    say = {"as": "alice", "channel": "incidents", "text": "hi"}
    assert call(ws, "/control/say", say, **{"X-Control-Token": "guess"})[0] == 403
    assert call(ws, "/control/snapshot?as=alice", **{"X-Control-Token": ""})[0] == 403
    assert ws.messages("incidents") == []


def test_a_foreign_host_name_is_refused(ws: LocalWorkspace) -> None:
    assert call(ws, "/control/snapshot?as=alice", Host="rebound.example.org")[0] == 400
    assert call(ws, "/", Host="rebound.example.org")[0] == 400


def test_the_page_has_a_strict_policy_and_no_inline_script(ws: LocalWorkspace) -> None:
    with urllib.request.urlopen(f"{ws.base_url}/", timeout=5) as response:
        policy, page = response.headers["Content-Security-Policy"], response.read().decode()
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert ws.control_token in page
    assert "<style" not in page
    assert "<script>" not in page
    assert "onclick" not in page


def test_only_known_files_are_served(ws: LocalWorkspace) -> None:
    assert call(ws, "/static/..%2Fserver.py")[0] == 404
    assert call(ws, "/static/index.html")[0] == 404


def test_saying_something_posts_it_escaped(ws: LocalWorkspace) -> None:
    status, body = call(
        ws, "/control/say", {"as": "alice", "channel": "incidents", "text": "@recall a<b"}
    )
    assert status == 200
    assert ws.message("incidents", body["ts"]).text == f"<@{ws.bot.id}> a&lt;b"


def test_nobody_can_speak_as_the_bot_or_change_others_words(ws: LocalWorkspace) -> None:
    said = ws.user("alice").says("incidents", "mine")
    place = {"channel": said.channel, "ts": said.ts}
    assert call(ws, "/control/say", {"as": "recall", "channel": "incidents", "text": "x"})[0] == 403
    assert call(ws, "/control/edit", {"as": "bob", "text": "yours", **place})[0] == 400
    assert call(ws, "/control/delete", {"as": "bob", **place})[0] == 400
    assert ws.messages("incidents") == [said]


def test_a_private_channel_is_shown_to_members_only(ws: LocalWorkspace) -> None:
    names = {
        viewer: [c["name"] for c in call(ws, f"/control/snapshot?as={viewer}")[1]["channels"]]
        for viewer in ("alice", "bob")
    }
    assert names == {"alice": ["incidents"], "bob": ["incidents", "leads"]}
    said = ws.user("bob").says("leads", "psst")
    react = {"as": "alice", "channel": said.channel, "ts": said.ts, "name": "eyes"}
    assert call(ws, "/control/react", react)[0] == 400


def test_a_click_without_a_bot_is_reported_as_slack_would(ws: LocalWorkspace) -> None:
    label = {"type": "plain_text", "text": "Go"}
    button = {"type": "button", "action_id": "go", "text": label}
    client = WebClient(ws.bot_token, base_url=ws.api_url)
    posted = client.chat_postMessage(
        channel="#incidents", text="card", blocks=[{"type": "actions", "elements": [button]}]
    )
    click = {"as": "alice", "channel": posted["channel"], "ts": posted["ts"], "action": "go"}
    assert call(ws, "/control/click", click) == (200, {"ok": False, "error": "no_connection"})
    assert call(ws, "/control/click", {**click, "action": "stop"})[0] == 404


def test_a_demo_button_runs_in_this_process(ws: LocalWorkspace) -> None:
    assert call(ws, "/control/demo/fire", {})[0] == 200
    assert call(ws, "/control/demo/other", {})[0] == 404
    assert pressed == ["fire"]


def test_faults_are_switched_on_and_off_by_the_page(ws: LocalWorkspace) -> None:
    call(ws, "/control/faults", {"do": "ratelimited", "method": "*", "calls": 5})
    client = WebClient(ws.bot_token, base_url=ws.api_url)
    with pytest.raises(SlackApiError, match="ratelimited"):
        client.auth_test()
    call(ws, "/control/faults", {"do": "clear"})
    assert client.auth_test()["ok"]
    assert call(ws, "/control/faults", {"do": "explode"})[0] == 400


def test_a_change_reaches_a_live_stream(ws: LocalWorkspace) -> None:
    address = f"{ws.base_url}/control/stream?token={ws.control_token}"
    with urllib.request.urlopen(address, timeout=5) as stream:
        first = json.loads(stream.readline().removeprefix(b"data: "))["revision"]
        stream.readline()
        assert ws.control.is_watched
        threading.Timer(0.05, lambda: ws.user("alice").says("incidents", "hi")).start()
        second = json.loads(stream.readline().removeprefix(b"data: "))["revision"]
    assert second > first


def test_an_uploaded_file_can_be_read_on_the_page_and_by_the_bot(ws: LocalWorkspace) -> None:
    fields = {"as": "alice", "channel": "incidents", "filename": "app.log", "content": "one\ntwo"}
    call(ws, "/control/upload", fields)
    (message,) = ws.messages("incidents")
    file = message.files[0]
    assert call(ws, f"/control/files/{file['id']}")[1]["text"] == "one\ntwo"
    request = urllib.request.Request(
        file["url_private"], headers={"Authorization": f"Bearer {ws.bot_token}"}
    )
    with urllib.request.urlopen(request, timeout=5) as response:
        assert response.read() == b"one\ntwo"
    with pytest.raises(urllib.error.HTTPError, match="404"):
        urllib.request.urlopen(file["url_private"], timeout=5)


def test_the_page_shows_pins_prompts_and_the_app_at_work(ws: LocalWorkspace) -> None:
    client, alice = WebClient(ws.bot_token, base_url=ws.api_url), ws.user("alice")
    asked = alice.says("incidents", "orders &amp; invoices\nare slow")
    where = {"channel_id": asked.channel, "thread_ts": asked.ts}
    client.assistant_threads_setStatus(**where, status="is searching")
    client.pins_add(channel=asked.channel, timestamp=asked.ts)
    prompts = [{"title": "Open ones", "message": "What is open?"}]
    client.assistant_threads_setSuggestedPrompts(channel_id=asked.channel, prompts=prompts)
    shown = call(ws, f"/control/snapshot?as=alice&channel={asked.channel}")[1]["channel"]
    assert shown["assistant"][asked.ts]["status"] == "is searching"
    assert shown["messages"][0]["working"]["status"] == "is searching"
    pin = {"ts": asked.ts, "thread_ts": "", "text": "orders &amp; invoices"}
    assert shown["pins"] == [pin]
    assert shown["suggested"] == {"title": "", "prompts": prompts}


def test_the_assistant_pane_is_opened_only_where_the_app_has_one(ws: LocalWorkspace) -> None:
    opened = {"as": "alice", "beside": "incidents"}
    assert call(ws, "/control/assistant", opened)[0] == 400
    with LocalWorkspace(agent_view=False) as older:
        status, answer = call(older, "/control/assistant", opened)
        assert status == 200
        assert [m.ts for m in older.direct_messages("alice")] == [answer["ts"]]
