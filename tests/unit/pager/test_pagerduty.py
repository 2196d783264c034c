"""PagerDuty over the wire: a server of our own that answers as it does."""

import json
import logging
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from bot.errors import PagerUnavailable
from bot.pager import pagerduty
from bot.pager.pagerduty import PagerDuty

TOKEN = "a-secret-token"
OVER = {"error": {"message": "Invalid", "code": 2001, "errors": ["Incident Already Resolved"]}}


class Account:
    """What PagerDuty was told, and what it answers next; 200 when nothing is said."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, str, dict[str, str], Any]] = []
        self.answers: list[tuple[int, Any]] = []
        self.silent = threading.Event()
        self.silent.set()
        self.address = ""

    def told(self) -> list[list[tuple[str, str]]]:
        return [
            [(one["id"], one["status"]) for one in body["incidents"]] for *_, body in self.calls
        ]


@pytest.fixture
def account() -> Iterator[Account]:
    account = Account()

    class Handler(BaseHTTPRequestHandler):
        def do_PUT(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            account.calls.append((self.command, self.path, dict(self.headers), body))
            account.silent.wait(20)
            status, answer = account.answers.pop(0) if account.answers else (200, {})
            raw = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Retry-After", "7")
            self.send_header("Content-Length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)

        def log_message(self, *arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    account.address = f"http://127.0.0.1:{server.server_port}"
    yield account
    account.silent.set()
    server.shutdown()
    server.server_close()
    thread.join(10)


@pytest.fixture
def pager(account: Account) -> Iterator[PagerDuty]:
    opened = PagerDuty(TOKEN, "oncall@larkspur.example", account.address)
    yield opened
    opened.close()


def test_both_words_reach_it_with_the_token_and_the_sender(
    account: Account, pager: PagerDuty
) -> None:
    assert pager.acknowledge(("PT1", "PT2"), "T1/U1") is None
    assert pager.resolve(("PT1",), "T1/U1") is None
    assert account.told() == [
        [("PT1", "acknowledged"), ("PT2", "acknowledged")],
        [("PT1", "resolved")],
    ]
    method, path, headers, body = account.calls[0]
    assert (method, path) == ("PUT", "/incidents")
    assert headers["Authorization"] == f"Token token={TOKEN}"
    assert headers["From"] == "oncall@larkspur.example"
    assert headers["Accept"] == "application/vnd.pagerduty+json;version=2"
    assert body["incidents"][0]["type"] == "incident_reference"


def test_many_are_told_in_calls_of_the_size_that_it_takes(
    account: Account, pager: PagerDuty
) -> None:
    pager.resolve(tuple(f"P{number}" for number in range(251)), "T1/U1")
    assert [len(call) for call in account.told()] == [250, 1]


def test_what_is_over_already_is_done(account: Account, pager: PagerDuty) -> None:
    account.answers = [(400, OVER), (400, OVER), (200, {})]
    assert pager.resolve(("PT1", "PT2"), "T1/U1") is None
    assert [len(call) for call in account.told()] == [2, 1, 1]


@pytest.mark.parametrize(
    ("status", "answer", "words"),
    [
        (401, {}, "set a valid RECALL_PAGERDUTY_TOKEN"),
        (403, {}, "oncall@larkspur.example (RECALL_PAGERDUTY_FROM) may not"),
        (404, {}, "does not know that incident any more"),
        (400, {"error": {"message": "Requester User Not Found"}}, "Requester User Not Found"),
        (418, b"<html>", "refused it (418)"),
    ],
)
def test_a_refusal_is_told_plainly_and_without_the_token(
    account: Account,
    pager: PagerDuty,
    caplog: pytest.LogCaptureFixture,
    status: int,
    answer: Any,
    words: str,
) -> None:
    account.answers = [(status, answer)]
    with caplog.at_level(logging.DEBUG):
        problem = pager.resolve(("PT1",), "T1/U1")
    assert problem is not None
    assert words in problem
    assert TOKEN not in problem + caplog.text


@pytest.mark.parametrize("status", [429, 500, 503])
def test_trouble_of_its_own_is_for_later(account: Account, pager: PagerDuty, status: int) -> None:
    account.answers = [(status, {})]
    with pytest.raises(PagerUnavailable, match=str(status)) as told:
        pager.resolve(("PT1",), "T1/U1")
    assert told.value.retry_after == 7


def test_silence_is_for_later_and_is_not_waited_for_long(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pagerduty, "SECONDS", 0.05)
    account.silent.clear()
    pager = PagerDuty(TOKEN, "x@y.example", account.address)
    with pytest.raises(PagerUnavailable, match="did not answer"):
        pager.resolve(("PT1",), "T1/U1")
    pager.close()


def test_an_address_that_nobody_listens_at_is_for_later() -> None:
    pager = PagerDuty(TOKEN, "x@y.example", "http://127.0.0.1:1")
    with pytest.raises(PagerUnavailable, match="cannot be reached"):
        pager.acknowledge(("PT1",), "T1/U1")
    pager.close()
