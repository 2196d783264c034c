"""Socket Mode with the real clients: events reach the app, answers count, trouble is survived."""

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from slack_bolt import Ack, App, Say
from slack_bolt.adapter.socket_mode import SocketModeHandler
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.socket_mode import SocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.socket_mode.response import SocketModeResponse
from slack_sdk.webhook import WebhookClient
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from bot.workspace import LocalWorkspace

MODAL = {
    "type": "modal",
    "callback_id": "resolve",
    "title": {"type": "plain_text", "text": "Resolve"},
    "submit": {"type": "plain_text", "text": "Save"},
    "blocks": [
        {
            "type": "input",
            "block_id": "cause",
            "label": {"type": "plain_text", "text": "Cause"},
            "element": {"type": "plain_text_input", "action_id": "text"},
        }
    ],
}


def hang_up(client: Any) -> None:
    """Close a client without waiting for its threads, which take three seconds to notice."""

    def close() -> None:
        # The builtin client's close races with the end of its socket.
        with contextlib.suppress(AttributeError):
            client.close()

    threading.Thread(target=close, daemon=True).start()


def card(text: str = "card") -> list[dict[str, Any]]:
    label = {"type": "plain_text", "text": "Helpful"}
    element = {"type": "button", "action_id": "helpful", "text": label, "value": "opaque"}
    return [
        {"type": "section", "text": {"type": "mrkdwn", "text": text}},
        {"type": "actions", "block_id": "buttons", "elements": [element]},
    ]


@pytest.fixture
def ws() -> Iterator[LocalWorkspace]:
    with LocalWorkspace(ack_timeout=0.3, retry_delays=(0.0, 0.2, 0.3)) as workspace:
        yield workspace


@pytest.fixture
def bolt(ws: LocalWorkspace) -> Iterator[Callable[[], App]]:
    """Makes a Bolt app; it is connected when the test calls the result's `go`."""
    handlers: list[SocketModeHandler] = []

    def make() -> App:
        app = App(token=ws.bot_token, client=WebClient(ws.bot_token, base_url=ws.api_url))

        def go() -> None:
            before = len(ws.connections)
            handler = SocketModeHandler(
                app, ws.app_token, web_client=WebClient(ws.app_token, base_url=ws.api_url)
            )
            handlers.append(handler)
            handler.connect()
            ws.wait_until_connected(before + 1)

        app.go = go  # type: ignore[attr-defined]
        return app

    yield make
    for handler in handlers:
        hang_up(handler)


class RawClient:
    """A Socket Mode client that acknowledges only when told to, and keeps what came in."""

    def __init__(self, ws: LocalWorkspace, *, ack: bool = True) -> None:
        self.requests: list[SocketModeRequest] = []
        self.ack = ack
        self.arrived = threading.Condition()
        self.client = SocketModeClient(
            ws.app_token, web_client=WebClient(ws.app_token, base_url=ws.api_url)
        )
        self.client.socket_mode_request_listeners.append(self._on_request)
        before = len(ws.connections)
        self.client.connect()
        ws.wait_until_connected(before + 1)

    def _on_request(self, client: Any, request: SocketModeRequest) -> None:
        if self.ack:
            client.send_socket_mode_response(SocketModeResponse(request.envelope_id))
        with self.arrived:
            self.requests.append(request)
            self.arrived.notify_all()

    def events(self, kind: str) -> list[SocketModeRequest]:
        return [r for r in self.requests if r.payload.get("event", {}).get("type") == kind]

    def wait(self, count: int, kind: str = "message") -> list[SocketModeRequest]:
        with self.arrived:
            assert self.arrived.wait_for(lambda: len(self.events(kind)) >= count, 5)
        return self.events(kind)


@pytest.fixture
def raw(ws: LocalWorkspace) -> Iterator[Callable[..., RawClient]]:
    made: list[RawClient] = []

    def make(**options: Any) -> RawClient:
        made.append(RawClient(ws, **options))
        return made[-1]

    yield make
    for client in made:
        hang_up(client.client)


def test_a_mention_is_answered_in_its_thread(ws: LocalWorkspace, bolt: Callable[[], Any]) -> None:
    app = bolt()

    @app.event("app_mention")
    def answer(event: dict[str, Any], say: Say) -> None:
        say(text=f"you said {event['text']}", thread_ts=event["ts"])

    app.go()
    asked = ws.user("alice").mentions_bot("incidents", "why <this> & that?")
    reply = ws.wait_for_message("incidents", "you said", thread_ts=asked.ts)
    assert reply.text == f"you said <@{ws.bot.id}> why &lt;this&gt; &amp; that?"


def test_an_event_looks_like_slacks(ws: LocalWorkspace, raw: Callable[..., RawClient]) -> None:
    client = raw()
    said = ws.user("alice").mentions_bot("incidents", "hello")
    (message,) = client.wait(1)
    (mention,) = client.wait(1, "app_mention")
    assert message.payload["event"]["channel_type"] == "channel"
    assert message.payload["event"]["ts"] == mention.payload["event"]["ts"] == said.ts
    assert message.payload["event_id"] != mention.payload["event_id"]
    assert message.payload["team_id"] == ws.team_id
    assert message.payload["authorizations"][0]["user_id"] == ws.bot.id
    assert message.retry_attempt == 0


def test_a_direct_message_is_no_mention(ws: LocalWorkspace, raw: Callable[..., RawClient]) -> None:
    client = raw()
    ws.user("bob").tells_bot("@recall are you there?")
    (message,) = client.wait(1)
    assert message.payload["event"]["channel_type"] == "im"
    assert client.events("app_mention") == []


def test_an_acknowledgement_is_logged_with_time_and_connection(
    ws: LocalWorkspace, raw: Callable[..., RawClient]
) -> None:
    raw()
    ws.user("alice").says("incidents", "hi")
    delivery = ws.wait_until_acked(ws.deliveries[-1])
    assert delivery.ack_seconds is not None
    assert 0 <= delivery.ack_seconds < 3
    assert delivery.attempts[0].via == ws.connections[0]


def test_what_is_not_acknowledged_comes_again_under_the_same_event_id(
    ws: LocalWorkspace, raw: Callable[..., RawClient]
) -> None:
    client = raw(ack=False)
    ws.user("alice").says("incidents", "hi")
    first, second = client.wait(2)[:2]
    assert first.payload["event_id"] == second.payload["event_id"]
    assert first.envelope_id != second.envelope_id
    assert (second.retry_attempt, second.retry_reason) == (1, "timeout")


def test_an_event_that_nobody_takes_is_given_up(
    ws: LocalWorkspace, raw: Callable[..., RawClient]
) -> None:
    raw(ack=False)
    ws.user("alice").says("incidents", "hi")
    delivery = ws.deliveries[-1]
    ws.wait_for(lambda: delivery.given_up)
    assert [attempt.error for attempt in delivery.attempts] == ["timeout"] * 4


def test_the_last_event_can_be_delivered_again(
    ws: LocalWorkspace, raw: Callable[..., RawClient]
) -> None:
    client = raw()
    ws.user("alice").says("incidents", "hi")
    client.wait(1)
    ws.redeliver_last_event()
    first, second = client.wait(2)
    assert first.payload == second.payload


def test_every_attempt_keeps_its_own_acknowledgement(
    ws: LocalWorkspace, raw: Callable[..., RawClient]
) -> None:
    raw()
    ws.user("alice").says("incidents", "hi")
    delivery = ws.redeliver_last_event()  # most likely before the first one is acknowledged
    ws.wait_for(lambda: len([a for a in delivery.attempts if a.acked_at is not None]) == 2)
    assert [attempt.retry_reason for attempt in delivery.attempts] == [None, "timeout"]


def test_each_payload_goes_to_one_of_two_connections(
    ws: LocalWorkspace, raw: Callable[..., RawClient]
) -> None:
    one, two = raw(), raw()
    for number in range(6):
        ws.user("alice").says("incidents", str(number))
    ws.wait_for(lambda: all(delivery.acked for delivery in ws.deliveries))
    one.wait(3)
    two.wait(3)
    texts = [r.payload["event"]["text"] for r in one.requests + two.requests]
    assert sorted(texts) == [str(number) for number in range(6)]


def test_what_a_lost_connection_held_goes_to_the_other_one(
    ws: LocalWorkspace, raw: Callable[..., RawClient]
) -> None:
    deaf = raw(ack=False)
    ws.user("alice").says("incidents", "important")
    deaf.wait(1)
    other = raw()
    hang_up(deaf.client)
    (again,) = other.wait(1)
    assert again.payload["event"]["text"] == "important"


def test_the_client_reconnects_after_a_disconnect_frame(
    ws: LocalWorkspace, raw: Callable[..., RawClient]
) -> None:
    client = raw()
    (before,) = ws.connections
    ws.faults.disconnect_sockets("refresh_requested")
    ws.wait_for(lambda: ws.connections and ws.connections != [before])
    ws.user("alice").says("incidents", "still there?")
    client.wait(1)


def test_a_socket_address_works_once(ws: LocalWorkspace) -> None:
    web = WebClient(ws.app_token, base_url=ws.api_url)
    url = web.apps_connections_open(app_token=ws.app_token)["url"]
    with connect(url) as first:
        assert '"hello"' in str(first.recv(5))
        with pytest.raises(InvalidStatus):
            connect(url)


def test_a_click_goes_out_as_block_actions_and_can_edit_the_card(
    ws: LocalWorkspace, bolt: Callable[[], Any]
) -> None:
    app, seen = bolt(), []

    @app.action("helpful")
    def helpful(ack: Ack, body: dict[str, Any], client: WebClient) -> None:
        ack()
        seen.append(body)
        client.chat_update(
            channel=body["channel"]["id"], ts=body["message"]["ts"], text="thanks", blocks=[]
        )

    app.go()
    app.client.chat_postMessage(channel="#incidents", text="card", blocks=card())
    posted = ws.messages("incidents")[0]
    delivery = ws.user("alice").clicks(posted, "Helpful")
    ws.wait_for(lambda: ws.messages("incidents")[0].text == "thanks")
    (body,) = seen
    assert body["user"] == {
        "id": ws.user("alice").id,
        "username": "alice",
        "name": "alice",
        "team_id": ws.team_id,
    }
    assert body["actions"][0]["value"] == "opaque"
    assert body["actions"][0]["block_id"] == "buttons"
    assert body["container"]["message_ts"] == posted.ts
    ws.wait_until_acked(delivery)


def test_a_click_that_is_not_acknowledged_is_not_repeated(
    ws: LocalWorkspace, raw: Callable[..., RawClient]
) -> None:
    web = WebClient(ws.bot_token, base_url=ws.api_url)
    web.chat_postMessage(channel="#incidents", text="card", blocks=card())
    raw(ack=False)
    delivery = ws.user("alice").clicks(ws.messages("incidents")[0], "helpful")
    ws.wait_for(lambda: delivery.given_up)
    assert len(delivery.attempts) == 1


def test_pressing_what_is_not_there_names_what_is(ws: LocalWorkspace) -> None:
    web = WebClient(ws.bot_token, base_url=ws.api_url)
    web.chat_postMessage(channel="#incidents", text="card", blocks=card())
    with pytest.raises(LookupError, match="Helpful"):
        ws.user("alice").clicks(ws.messages("incidents")[0], "Approve")


def test_a_modal_opens_shows_errors_and_closes(ws: LocalWorkspace, bolt: Callable[[], Any]) -> None:
    app, saved = bolt(), []

    @app.command("/recall")
    def open_modal(ack: Ack, body: dict[str, Any], client: WebClient) -> None:
        ack()
        client.views_open(trigger_id=body["trigger_id"], view=MODAL)

    @app.view("resolve")
    def save(ack: Ack, view: dict[str, Any]) -> None:
        cause = view["state"]["values"]["cause"]["text"]["value"]
        if cause == "magic":
            ack(response_action="errors", errors={"cause": "Please be more precise"})
        else:
            ack()
            saved.append(cause)

    app.go()
    alice = ws.user("alice")
    alice.runs("/recall resolve", "incidents")
    view = ws.wait_for(lambda: alice.view)
    left = alice.submits(view, {})
    assert dict(left.errors) == {"cause": "Please complete this required field."}
    refused = alice.submits(view, {"Cause": "magic"})
    assert dict(refused.errors) == {"cause": "Please be more precise"}
    assert alice.submits(refused, {"Cause": "a bad deploy"}) is None
    ws.wait_for(lambda: saved == ["a bad deploy"] or None)


def test_a_trigger_works_once_and_not_after_three_seconds() -> None:
    moment = [1_000.0]
    with LocalWorkspace(clock=lambda: moment[0]) as ws:
        web = WebClient(ws.bot_token, base_url=ws.api_url)
        fresh = ws.user("alice").runs("/recall", "incidents").payload["trigger_id"]
        late = ws.user("alice").runs("/recall", "incidents").payload["trigger_id"]
        web.views_open(trigger_id=fresh, view=MODAL)
        with pytest.raises(SlackApiError, match="exchanged_trigger_id"):
            web.views_open(trigger_id=fresh, view=MODAL)
        moment[0] += 3.1
        with pytest.raises(SlackApiError, match="expired_trigger_id"):
            web.views_open(trigger_id=late, view=MODAL)


def test_a_command_answers_the_person_who_ran_it(
    ws: LocalWorkspace, bolt: Callable[[], Any]
) -> None:
    app = bolt()

    @app.command("/recall")
    def answer(ack: Ack, respond: Any) -> None:
        ack("one moment")
        respond("here it is")

    app.go()
    ws.user("alice").runs("/recall status", "incidents")
    texts = ["one moment", "here it is"]
    ws.wait_for(lambda: sorted(m.text for m in ws.ephemeral("incidents", "alice")) == sorted(texts))
    assert ws.ephemeral("incidents", "bob") == []


def test_a_response_url_is_good_for_five_answers(ws: LocalWorkspace) -> None:
    url = ws.user("alice").runs("/recall", "incidents").payload["response_url"]
    answers = [WebhookClient(url).send(text=str(n)).status_code for n in range(6)]
    assert answers == [200] * 5 + [404]


def test_a_connection_that_answers_no_pings_is_replaced_by_the_client(
    ws: LocalWorkspace,
) -> None:
    client = SocketModeClient(
        ws.app_token,
        web_client=WebClient(ws.app_token, base_url=ws.api_url),
        ping_interval=0.3,
    )
    client.connect()
    ws.wait_until_connected()
    (before,) = ws.connections
    deadline = time.monotonic() + 5
    while client.current_session.last_ping_pong_time is None:  # it never misses a first pong
        assert time.monotonic() < deadline
        time.sleep(0.02)
    ws.faults.set(mute_pings=True)
    try:
        ws.wait_for(lambda: any(name != before for name in ws.connections), timeout=15)
    finally:
        hang_up(client)


def test_edits_deletions_and_reactions_reach_the_app(
    ws: LocalWorkspace, raw: Callable[..., RawClient]
) -> None:
    client, alice = raw(), ws.user("alice")
    said = alice.says("incidents", "wrong")
    alice.reacts(said, "pushpin")
    alice.edits(said, "right")
    alice.deletes(said)
    client.wait(1, "reaction_added")
    subtypes = [r.payload["event"].get("subtype") for r in client.wait(3)]
    assert sorted(str(s) for s in subtypes) == ["None", "message_changed", "message_deleted"]


def test_the_bot_hears_nothing_of_channels_it_is_not_in(
    ws: LocalWorkspace, raw: Callable[..., RawClient]
) -> None:
    client, alice = raw(), ws.user("alice")
    alice.creates_channel("inc-42")
    alice.says("inc-42", "secret plans")
    alice.invites("recall", "inc-42")
    alice.says("inc-42", "welcome")
    client.wait(1, "channel_created")
    client.wait(1, "member_joined_channel")
    assert [r.payload["event"]["text"] for r in client.wait(1)] == ["welcome"]


def test_a_workspace_that_comes_back_keeps_its_address_and_messages(
    ws: LocalWorkspace, raw: Callable[..., RawClient]
) -> None:
    client, address = raw(), ws.base_url
    ws.user("alice").says("incidents", "before")
    client.wait(1)
    ws.stop()
    ws.start()
    assert ws.base_url == address
    ws.wait_until_connected(timeout=20)
    ws.user("alice").says("incidents", "after")
    assert [r.payload["event"]["text"] for r in client.wait(2)] == ["before", "after"]
    assert [m.text for m in ws.messages("incidents")] == ["before", "after"]


def test_an_event_said_before_anybody_connects_is_tried_again_later(
    ws: LocalWorkspace, raw: Callable[..., RawClient]
) -> None:
    ws.user("alice").says("incidents", "early")
    delivery = ws.deliveries[-1]
    ws.wait_for(lambda: delivery.attempts and delivery.attempts[0].error)
    (request,) = raw().wait(1)
    assert delivery.attempts[0].error == "no_connection"
    assert request.retry_attempt in (1, 2, 3)


def test_a_click_by_somebody_of_another_organisation_says_so(ws: LocalWorkspace) -> None:
    web = WebClient(ws.bot_token, base_url=ws.api_url)
    web.chat_postMessage(channel="#incidents", text="card", blocks=card())
    stranger = ws.add_user("mallory", team_id="T0ELSEWHERE")
    delivery = stranger.clicks(ws.messages("incidents")[0], "helpful")
    assert delivery.payload["user"]["team_id"] == "T0ELSEWHERE"
    assert delivery.payload["team"]["id"] == ws.team_id


def test_a_menu_option_is_chosen_by_its_words_or_by_menu_and_value(ws: LocalWorkspace) -> None:
    options = [
        {"text": {"type": "plain_text", "text": word}, "value": word.lower()}
        for word in ("Why", "Mute")
    ]
    blocks = [
        {
            "type": "section",
            "text": {"type": "mrkdwn", "text": "x"},
            "accessory": {"type": "overflow", "action_id": "more", "options": options},
        }
    ]
    web = WebClient(ws.bot_token, base_url=ws.api_url)
    web.chat_postMessage(channel="#incidents", text="card", blocks=blocks)
    (message,) = ws.messages("incidents")
    for sent in (
        ws.user("alice").clicks(message, "Mute"),
        ws.user("alice").clicks(message, "more", "mute"),
    ):
        assert sent.payload["actions"][0]["selected_option"]["value"] == "mute"
        assert sent.payload["actions"][0]["action_id"] == "more"


def test_the_eleventh_connection_is_sent_away(ws: LocalWorkspace) -> None:
    web = WebClient(ws.app_token, base_url=ws.api_url)
    with contextlib.ExitStack() as open_ones:
        for _ in range(10):
            url = web.apps_connections_open(app_token=ws.app_token)["url"]
            connection = open_ones.enter_context(connect(url))
            assert '"hello"' in str(connection.recv(5))
        url = web.apps_connections_open(app_token=ws.app_token)["url"]
        with connect(url) as one_more:
            assert '"too_many_websockets"' in str(one_more.recv(5))


def test_a_warning_leaves_the_connection_open(ws: LocalWorkspace) -> None:
    url = WebClient(ws.app_token, base_url=ws.api_url).apps_connections_open(
        app_token=ws.app_token
    )["url"]
    with connect(url) as connection:
        connection.recv(5)
        ws.faults.disconnect_sockets("warning")
        assert '"warning"' in str(connection.recv(5))
        ws.user("alice").says("incidents", "still here")
        assert '"still here"' in str(connection.recv(5))


def test_a_deaf_connection_looks_alive_and_carries_nothing(
    ws: LocalWorkspace, raw: Callable[..., RawClient]
) -> None:
    client = raw()
    ws.faults.set(deaf=True)
    ws.user("alice").says("incidents", "anybody?")
    delivery = ws.deliveries[-1]
    ws.wait_for(lambda: delivery.attempts and delivery.attempts[0].error)
    assert client.requests == []
    ws.faults.clear()
    client.wait(1)
    ws.wait_until_acked(delivery)


def test_refused_connections_are_refused_in_slacks_words(ws: LocalWorkspace) -> None:
    ws.faults.set(refuse_connections=True)
    web = WebClient(ws.app_token, base_url=ws.api_url)
    with pytest.raises(SlackApiError, match="internal_error"):
        web.apps_connections_open(app_token=ws.app_token)


def test_a_submission_can_update_push_and_clear_the_modal(
    ws: LocalWorkspace, bolt: Callable[[], Any]
) -> None:
    app, answers = bolt(), ["update", "push", "clear"]

    @app.command("/recall")
    def show(ack: Ack, body: dict[str, Any], client: WebClient) -> None:
        ack()
        client.views_open(trigger_id=body["trigger_id"], view=MODAL)

    @app.view("resolve")
    def save(ack: Ack) -> None:
        action = answers.pop(0)
        title = {"type": "plain_text", "text": action}
        more = {} if action == "clear" else {"view": {**MODAL, "title": title}}
        ack(response_action=action, **more)

    app.go()
    alice = ws.user("alice")
    alice.runs("/recall resolve", "incidents")
    view = ws.wait_for(lambda: alice.view)
    updated = alice.submits(view, {"Cause": "x"})
    assert (updated.id, updated.definition["title"]["text"]) == (view.id, "update")
    pushed = alice.submits(updated, {updated.definition["blocks"][0]["block_id"]: "x"})
    assert (pushed.previous_view_id, pushed.definition["title"]["text"]) == (view.id, "push")
    assert alice.submits(pushed, {"Cause": "x"}) is None


def test_a_closed_modal_is_reported_only_when_it_asked_for_that(ws: LocalWorkspace) -> None:
    web = WebClient(ws.bot_token, base_url=ws.api_url)
    alice = ws.user("alice")
    for asks in (False, True):
        trigger = alice.runs("/recall", "incidents").payload["trigger_id"]
        web.views_open(trigger_id=trigger, view={**MODAL, "notify_on_close": asks})
        alice.closes(alice.view)
    closed = [d for d in ws.deliveries if d.event_type == "view_closed"]
    assert len(closed) == 1
    assert closed[0].payload["view"]["notify_on_close"] is True
