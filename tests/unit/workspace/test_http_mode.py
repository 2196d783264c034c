"""HTTP mode with a real Bolt app behind a real server: signatures, answers, retries."""

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from slack_bolt import Ack, App, BoltRequest
from slack_sdk import WebClient
from slack_sdk.signature import SignatureVerifier

from bot.workspace import LocalWorkspace

Answer = Callable[[str, dict[str, list[str]]], tuple[int, dict[str, list[str]], str]]


class Receiver:
    """A request URL on this machine; `answer` says what it replies to body and headers."""

    def __init__(self) -> None:
        self.answer: Answer = lambda body, headers: (200, {}, "")
        self.requests: list[tuple[str, dict[str, str]]] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                headers = {key.lower(): value for key, value in self.headers.items()}
                receiver.requests.append((body, headers))
                status, extra, text = receiver.answer(body, {k: [v] for k, v in headers.items()})
                self.send_response(status)
                for name, values in extra.items():
                    if name.lower() != "content-length":
                        self.send_header(name, values[0])
                data = text.encode()
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *args: Any) -> None:
                return

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/slack/events"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.02,))
        self.thread.start()

    def close(self) -> None:
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    yield made
    made.close()


@pytest.fixture
def ws(receiver: Receiver) -> Iterator[LocalWorkspace]:
    with LocalWorkspace(
        request_url=receiver.url, ack_timeout=1.0, retry_delays=(0.0, 0.05)
    ) as workspace:
        yield workspace


def bolt(ws: LocalWorkspace, receiver: Receiver) -> App:
    app = App(client=WebClient(ws.bot_token, base_url=ws.api_url), signing_secret=ws.signing_secret)

    def answer(body: str, headers: dict[str, list[str]]) -> tuple[int, dict[str, list[str]], str]:
        response = app.dispatch(BoltRequest(body=body, headers=headers))
        return response.status, dict(response.headers), str(response.body)

    receiver.answer = answer
    return app


def test_a_mention_reaches_a_bolt_app_signed(ws: LocalWorkspace, receiver: Receiver) -> None:
    app = bolt(ws, receiver)

    @app.event("app_mention")
    def answer(event: dict[str, Any], say: Any) -> None:
        say(text="heard you", thread_ts=event["ts"])

    asked = ws.user("alice").mentions_bot("incidents", "ping")
    ws.wait_for_message("incidents", "heard you", thread_ts=asked.ts)


def test_the_signature_covers_the_body_and_the_time(ws: LocalWorkspace, receiver: Receiver) -> None:
    ws.user("alice").says("incidents", "hi")
    ws.wait_until_acked(ws.deliveries[-1])
    body, headers = receiver.requests[0]
    verifier = SignatureVerifier(ws.signing_secret)
    assert verifier.is_valid_request(body, headers)
    assert not verifier.is_valid_request(body.replace("hi", "ho"), headers)
    assert not SignatureVerifier("another secret").is_valid_request(body, headers)


def test_a_click_goes_out_as_a_signed_form(ws: LocalWorkspace, receiver: Receiver) -> None:
    app, clicked = bolt(ws, receiver), threading.Event()

    @app.action("go")
    def go(ack: Ack) -> None:
        ack()
        clicked.set()

    label = {"type": "plain_text", "text": "Go"}
    element = {"type": "button", "action_id": "go", "text": label}
    app.client.chat_postMessage(
        channel="#incidents", text="card", blocks=[{"type": "actions", "elements": [element]}]
    )
    delivery = ws.user("alice").clicks(ws.messages("incidents")[0], "Go")
    ws.wait_until_acked(delivery)
    assert clicked.wait(5)
    body, headers = receiver.requests[-1]
    assert headers["content-type"] == "application/x-www-form-urlencoded"
    assert SignatureVerifier(ws.signing_secret).is_valid_request(body, headers)


def test_a_command_answers_with_the_body_of_its_response(
    ws: LocalWorkspace, receiver: Receiver
) -> None:
    app = bolt(ws, receiver)
    app.command("/recall")(lambda ack: ack("one moment"))
    ws.user("alice").runs("/recall help", "incidents")
    ws.wait_for(lambda: [m.text for m in ws.ephemeral("incidents", "alice")] == ["one moment"])


def test_a_failing_app_gets_numbered_retries_with_a_reason(
    ws: LocalWorkspace, receiver: Receiver
) -> None:
    receiver.answer = lambda body, headers: (
        200 if "x-slack-retry-num" in headers else 503,
        {},
        "",
    )
    ws.user("alice").says("incidents", "hi")
    delivery = ws.wait_until_acked(ws.deliveries[-1])
    assert [attempt.error for attempt in delivery.attempts] == ["http_503", None]
    _, headers = receiver.requests[-1]
    assert headers["x-slack-retry-num"] == "1"
    assert headers["x-slack-retry-reason"] == "http_error"


def test_an_app_that_is_not_there_is_tried_again_and_then_given_up() -> None:
    with LocalWorkspace(
        request_url="http://127.0.0.1:9/slack/events", retry_delays=(0.0, 0.01)
    ) as workspace:
        workspace.user("alice").says("incidents", "hi")
        delivery = workspace.deliveries[-1]
        workspace.wait_for(lambda: delivery.given_up)
    assert len(delivery.attempts) == 3


def test_a_request_url_beyond_this_machine_is_refused() -> None:
    with pytest.raises(ValueError, match="loopback"):
        LocalWorkspace(request_url="http://example.org:80/slack/events")


def test_an_address_is_used_once_it_has_answered_the_challenge(receiver: Receiver) -> None:
    with LocalWorkspace() as workspace:
        with pytest.raises(ValueError, match="challenge"):
            workspace.use_http(receiver.url)
        app = bolt(workspace, receiver)
        app.event("app_mention")(lambda event, say: say(text="heard you"))
        workspace.use_http(receiver.url)
        workspace.user("alice").mentions_bot("incidents", "ping")
        workspace.wait_for_message("incidents", "heard you")
