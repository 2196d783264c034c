"""Servers that speak Slack's Web API in their own manner: the body only, 404 for the unknown."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest

from bot.errors import ChatRefused, ChatUnavailable
from bot.slack.client import api_call
from bot.slack.connect import web_client


class Plain(BaseHTTPRequestHandler):
    """Answers what came in the body and what stood in the address; knows one method only."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"] or 0)).decode()
        url = urlsplit(self.path)
        if url.path == "/api/conversations.history":
            self.answer(200, {"ok": True, "body": parse_qs(body), "query": url.query})
        elif url.path == "/api/chat.delete":
            self.answer(404, "<h1>Not here</h1>")
        else:
            self.answer(404, {"message": "Not Found"})

    def answer(self, status: int, body: object) -> None:
        text = body if isinstance(body, str) else json.dumps(body)
        self.send_response(status)
        kind = "text/html" if isinstance(body, str) else "application/json"
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *args: object) -> None:
        """Nothing is written about single requests."""


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Plain) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}/api/"
        server.shutdown()
        thread.join()


def test_what_a_reading_method_asks_for_is_in_the_body(url: str) -> None:
    history = web_client("xoxb-1", base_url=url).conversations_history
    answer = history(channel="C1", include_all_metadata=True, cursor=None)
    assert answer["body"] == {"channel": ["C1"], "include_all_metadata": ["1"]}
    assert answer["query"] == ""


def test_a_method_that_is_not_there_is_refused_by_its_name(url: str) -> None:
    client = web_client("xoxb-1", base_url=url)
    with pytest.raises(ChatRefused, match="SLACK_API_URL") as refusal:
        api_call("views.publish", client.views_publish, user_id="U1", view={"type": "home"})
    assert refusal.value.code == "unknown_method"


def test_a_page_of_something_else_in_between_is_tried_again(url: str) -> None:
    client = web_client("xoxb-1", base_url=url)
    with pytest.raises(ChatUnavailable):
        api_call("chat.delete", client.chat_delete, channel="C1", ts="1.0")
