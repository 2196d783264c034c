"""Shared files: fetched from Slack alone, within bounds, and read only where they are text."""

import threading
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from bot.clock import ManualClock
from bot.slack.files import MOST_BYTES, FileReader, SharedFile, decoded, shared_files

TOKEN = "xoxb-for-tests"
LINES = b"FATAL: no slots\nERROR: it fails\n"


class Server:
    """Answers by path; remembers who asked with which token."""

    def __init__(self, answers: Mapping[str, tuple[int, Mapping[str, str], bytes]]) -> None:
        self.asked: list[tuple[str, str]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.asked.append((self.path, self.headers.get("Authorization", "")))
                status, headers, body = answers[self.path]
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args: object) -> None:
                """Tests are quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def __enter__(self) -> "Server":
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)


TEXT = {"Content-Type": "text/plain; charset=utf-8"}
ANSWERS = {
    "/files-pri/good": (200, TEXT, LINES),
    "/files-pri/utf16": (200, TEXT, "FATAL: keine Plätze".encode("utf-16")),
    "/files-pri/binary": (200, TEXT, b"\x7fELF\x00\x01\xff"),
    "/files-pri/empty": (200, TEXT, b"\n"),
    "/files-pri/large": (200, TEXT, b"x" * (MOST_BYTES + 1)),
    "/files-pri/login": (200, {"Content-Type": "text/html"}, b"<html>sign in</html>"),
    "/files-pri/moved": (302, {"Location": "/files-pri/good"}, b""),
    "/files-pri/gone": (404, TEXT, b"not found"),
}


@pytest.fixture
def server() -> Iterator[Server]:
    with Server(ANSWERS) as running:
        yield running


def reader(server: Server, clock: ManualClock | None = None) -> FileReader:
    return FileReader(TOKEN, f"{server.address}/api/", clock or ManualClock())


def shared(server: Server, path: str, **changes: object) -> SharedFile:
    values: dict[str, object] = {
        "name": "app.log",
        "mimetype": "text/plain",
        "size": 30,
        "url": f"{server.address}/files-pri/{path}",
    }
    return SharedFile(**(values | changes))  # type: ignore[arg-type]


@pytest.mark.parametrize("path", ["good", "moved"])
def test_a_text_is_fetched_with_the_token(server: Server, path: str) -> None:
    assert reader(server).read(shared(server, path)).text == LINES.decode()
    assert {token for _, token in server.asked} == {f"Bearer {TOKEN}"}


def test_utf_16_with_its_mark_is_text_too(server: Server) -> None:
    assert reader(server).read(shared(server, "utf16")).text == "FATAL: keine Plätze"


@pytest.mark.parametrize(
    ("path", "changes", "says"),
    [
        ("binary", {}, "is no text"),
        ("empty", {}, "is empty"),
        ("large", {}, "larger than 5 MB"),
        ("good", {"size": MOST_BYTES + 1}, "larger than 5 MB"),
        ("good", {"mimetype": "image/png"}, "is no text"),
        ("gone", {}, "could not be read"),
        ("login", {}, "could not be read"),
    ],
)
def test_what_cannot_be_read_is_named_with_what_to_do(
    server: Server, path: str, changes: Mapping[str, object], says: str
) -> None:
    read = reader(server).read(shared(server, path, **changes))
    assert read.text == ""
    assert read.problem.startswith("“app.log”")
    assert says in read.problem


@pytest.mark.parametrize("path", ["login", "gone"])
def test_without_the_scope_the_beginning_that_came_along_is_used(server: Server, path: str) -> None:
    read = reader(server).read(shared(server, path, preview="FATAL: no slots"))
    assert (read.text, read.problem) == ("FATAL: no slots", "")


def test_a_redirect_to_another_host_gets_no_token(server: Server) -> None:
    with Server(ANSWERS) as other:
        away = {"/files-pri/away": (302, {"Location": f"{other.address}/files-pri/good"}, b"")}
        with Server(away) as first:
            read = reader(first).read(shared(first, "away"))
    assert read.problem
    assert other.asked == []


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/files-pri/good",
        "https://slack.com.evil.example/x",
        "https://evilslack.com/x",
        "http://files.slack.com/x",
        "https://files.slack.com:8443/x",
        "https://token@files.slack.com/x",
        "file:///etc/passwd",
        "//files.slack.com/x",
        "https://[bad/x",
        "",
    ],
)
def test_the_token_goes_nowhere_else(server: Server, url: str) -> None:
    assert not reader(server).is_trusted(url)
    assert reader(server).read(shared(server, "good", url=url)).problem
    assert server.asked == []


@pytest.mark.parametrize("url", ["https://files.slack.com/files-pri/T1-F1/a.log"])
def test_slacks_own_file_hosts_are_trusted(server: Server, url: str) -> None:
    assert reader(server).is_trusted(url)


class SlowClock(ManualClock):
    """A minute passes whenever somebody looks."""

    def monotonic(self) -> float:
        self.advance(60)
        return super().monotonic()


def test_a_file_that_takes_too_long_is_given_up(server: Server) -> None:
    read = reader(server, SlowClock()).read(shared(server, "good"))
    assert "could not be read" in read.problem


@pytest.mark.parametrize("content", [b"\xff\xfea", b"\x80abc", b"a\x00b"])
def test_bytes_that_are_no_text_are_nothing(content: bytes) -> None:
    assert decoded(content) is None


def test_odd_files_in_an_event_do_no_harm() -> None:
    event = {"files": [7, {}, {"size": "big", "name": None}, *[{"name": "f"}] * 9]}
    assert len(shared_files(event, lambda file: "")) == 5
    assert shared_files({"files": "no"}, lambda file: "") == ()
