"""Anchors read back from where they were kept: syslog files of all kinds, and what a receiver over
HTTP kept; each finds a cut-off end and a record that was written anew."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from click.testing import Result
from sqlalchemy import text
from typer.testing import CliRunner

from bot.audit.anchors import Anchor, anchor_line, anchors_in
from bot.audit.fetching import token_for
from bot.audit.reading import rows_of
from bot.audit.shipping import syslog_message
from bot.audit.verify import verify
from bot.cli.audit import app
from bot.clock import ManualClock
from bot.errors import DataError
from bot.store.database import Database
from tests.support.databases import sqlite_database

AT = datetime(2026, 11, 19, 3, 12, tzinfo=UTC)
ANCHOR = Anchor(7, "a" * 64)
JSON = anchor_line(ANCHOR, AT)
SENT = syslog_message(ANCHOR, AT)

KINDS: dict[str, Callable[[list[str], list[str]], str]] = {
    "as shipped to a file": lambda lines, sent: "\n".join(lines),
    "syslog, RFC 5424 as it was sent": lambda lines, sent: "\n".join(sent),
    "syslog over TCP, with its length": lambda lines, sent: "\n".join(
        f"{len(one)} {one}" for one in sent
    ),
    "syslog with a collector's header before it": lambda lines, sent: "\n".join(
        f"Nov 19 03:12:00 collector {one}" for one in sent
    ),
    "rsyslog's file, message id lost": lambda lines, sent: "\n".join(
        f"Nov  9 03:12:00 ops-1 recall[4711] {one}" for one in lines
    ),
    "RFC 3164": lambda lines, sent: "\n".join(
        f"<109>Nov 19 03:12:00 ops-1 recall[4711]: {one}" for one in lines
    ),
    "rsyslog with a time of RFC 3339": lambda lines, sent: "\n".join(
        f"2026-11-19T03:12:00.123456+00:00 ops-1 recall: {one}" for one in lines
    ),
    "RFC 5424 with structured data": lambda lines, sent: "\n".join(
        f'<109>1 2026-11-19T03:12:00Z ops-1 recall 4711 recall-anchor [o@1 a="]\\]"] {one}'
        for one in lines
    ),
    "among other programs' lines": lambda lines, sent: "\n".join(
        f"Nov 19 03:12:00 ops-1 sshd[99]: Accepted publickey {{for}} root\n"
        f"Nov 19 03:12:01 ops-1 recall[4711]: listening on http://127.0.0.1:8080\n"
        f"Nov 19 03:12:02 ops-1 recall[4711]: {one}\n"
        for one in lines
    ),
    "a list, as a receiver kept it": lambda lines, sent: f"[{','.join(lines)}]",
    "in the receiver's envelope": lambda lines, sent: json.dumps(
        {"items": [{"received_at": "now", "body": json.loads(one)} for one in lines]}
    ),
    "as text in the receiver's envelope": lambda lines, sent: "\n".join(
        json.dumps({"_HOSTNAME": "ops-1", "MESSAGE": one}) for one in lines
    ),
    "one object over several lines": lambda lines, sent: json.dumps(
        {"anchors": [json.loads(one) for one in lines]}, indent=2
    ),
}


@pytest.mark.parametrize("kind", KINDS)
def test_an_anchor_is_read_back_from(kind: str) -> None:
    found = anchors_in(KINDS[kind]([JSON, JSON], [SENT, SENT]), "kept")
    assert found.anchors == (ANCHOR, ANCHOR)
    assert found.left_out == (4 if kind.startswith("among") else 0)


@pytest.mark.parametrize(
    "line",
    [
        "nonsense",
        '{"seq": 1}',
        '{"seq": "1", "hash": "a"}',
        '{"seq": true, "hash": "a"}',
        '{"seq": -1, "hash": "a"}',
        '{"seq": 1, "hash": ""}',
        '{"seq": 1, "hash": 5}',
        "[1, 2]",
        '{"items": 3}',
        "[" * 5000,
        '{"seq": 1, "hash": "aaaa',
        "Nov 19 03:12:00 ops-1 recall[4711]: " + JSON[:-5],
        SENT[:-5],
        "Nov 19 03:12:00 collector " + SENT.replace('"seq": 7', '"seq": 07'),
        json.dumps({"body": {"body": {"body": {"body": {"body": {"body": {"body": 1}}}}}}}),
    ],
)
def test_what_says_that_it_is_an_anchor_and_is_none_is_no_quiet_loss(line: str) -> None:
    """An anchor that was damaged must not count as one that never was."""
    with pytest.raises(DataError, match="kept"):
        anchors_in(f"{JSON}\n{line}\n", "kept")


# -- from where they were kept to the verdict ----------------------------------------------------


@pytest.fixture
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
    monkeypatch.setenv("RECALL_DATA_DIR", str(tmp_path))
    with sqlite_database(tmp_path, ManualClock()) as opened:
        for number in range(10):
            writes(opened, "a", number)
        yield opened


def writes(database: Database, actor: str, number: int) -> None:
    with database.begin() as uow:
        at = AT + timedelta(seconds=number)
        uow.audit.append(at=at, actor=actor, action="b", subject="c", data={"n": number})


def spoils(database: Database, evil: str) -> None:
    """What somebody does who has the database's password."""
    since = 8 if evil == "cut" else 1
    with database.writing() as connection:
        connection.execute(text(f"DELETE FROM audit WHERE seq >= {since}"))
    if evil == "anew":
        for number in range(12):
            writes(database, "z", number)


def run(*words: str, **more: str) -> Result:
    return CliRunner().invoke(app, ["verify", *words], **more)


def lines_of(database: Database) -> tuple[list[str], list[str]]:
    """What was shipped after the fifth and after the last event: (JSON, syslog)."""
    with database.read() as uow:
        events = uow.audit.list()
    anchors = [Anchor(one.seq, one.hash) for one in (events[4], events[-1])]
    return [anchor_line(one, AT) for one in anchors], [syslog_message(one, AT) for one in anchors]


@pytest.mark.parametrize("evil", ["cut", "anew"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_cut_end_and_a_new_record_are_found_against(
    database: Database, tmp_path: Path, kind: str, evil: str
) -> None:
    kept = tmp_path / "kept"
    kept.write_text(KINDS[kind](*lines_of(database)))
    assert run("--anchors", str(kept)).exit_code == 0
    spoils(database, evil)
    assert verify(rows_of(database)).ok, "the chain alone cannot tell"
    told = run("--anchors", str(kept), "--json")
    assert told.exit_code == 1
    found = json.loads(told.stdout)
    assert found["anchors"] == 2
    assert found["broken_at"] == (8 if evil == "cut" else 5)
    assert ("cut off" if evil == "cut" else "written anew") in found["problem"]


def test_anchors_come_by_standard_input_and_from_several_places(
    database: Database, tmp_path: Path
) -> None:
    lines, sent = lines_of(database)
    kept = tmp_path / "kept"
    kept.write_text(lines[0])
    told = run("--anchors", str(kept), "--anchors", "-", "--json", input=sent[1])
    assert json.loads(told.stdout)["anchors"] == 2
    spoils(database, "cut")
    assert run("--anchors", str(kept)).exit_code == 0, "the older one alone does not reach so far"
    assert run("--anchors", str(kept), "--anchors", "-", input=sent[1]).exit_code == 1


def test_nothing_to_compare_with_is_no_good_news(database: Database, tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    kept.write_text("Nov 19 03:12:00 ops-1 sshd[99]: Accepted publickey\n")
    told = run("--anchors", str(kept))
    assert (told.exit_code, "no anchor was found" in told.stderr) == (1, True)
    gone = run("--anchors", str(tmp_path / "nowhere"))
    assert (gone.exit_code, "cannot be read" in gone.stderr) == (1, True)


def test_lines_that_held_none_are_told(database: Database, tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    kept.write_text(KINDS["among other programs' lines"](*lines_of(database)))
    told = run("--anchors", str(kept))
    assert "4 lines held no anchor and were left out." in told.stderr
    assert "2 anchors fit" in told.stderr


def test_two_anchors_that_contradict_each_other_are_told(database: Database) -> None:
    lines, _ = lines_of(database)
    true = anchors_in("\n".join(lines), "kept").anchors
    for forged in (Anchor(5, "f" * 64), Anchor(10, "f" * 64), Anchor(99, "f" * 64)):
        for both in ((*true, forged), (forged, *true)):
            verdict = verify(rows_of(database), [*both, Anchor(99, "e" * 64)])
            assert not verdict.ok
    verdict = verify(rows_of(database), [Anchor(5, "f" * 64), *true])
    assert (verdict.broken_at, "two different hashes" in verdict.problem) == (5, True)


# -- over HTTP -----------------------------------------------------------------------------------


@contextmanager
def receiver(body: bytes, status: int = 200) -> Iterator[tuple[str, list[str]]]:
    """(an address that answers what it kept, the authorizations that it was shown)."""
    shown: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            shown.append(self.headers.get("Authorization", ""))
            self.send_response(status)
            self.send_header("Location", "http://127.0.0.1:9/elsewhere")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/anchors", shown
    finally:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize("evil", ["cut", "anew"])
@pytest.mark.parametrize("kind", ["a list, as a receiver kept it", "as shipped to a file"])
def test_what_the_receiver_answers_finds_it(
    database: Database, monkeypatch: pytest.MonkeyPatch, kind: str, evil: str
) -> None:
    body = KINDS[kind](*lines_of(database)).encode()
    with receiver(body) as (address, shown):
        monkeypatch.setenv("RECALL_ANCHOR_URL", address)
        monkeypatch.setenv("RECALL_ANCHOR_TOKEN", "s3cret")
        assert run("--anchor-url", address).exit_code == 0
        spoils(database, evil)
        told = run("--anchor-url", address)
    assert (told.exit_code, shown) == (1, ["Bearer s3cret"] * 2)
    assert ("cut off" if evil == "cut" else "written anew") in told.stderr


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        (b"", 302, "answered 302"),
        (b"", 401, "answered 401"),
        (b"", 200, "no anchor was found"),
        (b"<html>", 200, "is no anchor"),
        (b"\xff\xfe", 200, "no UTF-8"),
    ],
)
def test_an_answer_that_is_none_is_told_without_the_token(
    database: Database, monkeypatch: pytest.MonkeyPatch, body: bytes, status: int, said: str
) -> None:
    with receiver(body, status) as (address, _):
        monkeypatch.setenv("RECALL_ANCHOR_URL", address)
        monkeypatch.setenv("RECALL_ANCHOR_TOKEN", "s3cret")
        told = run("--anchor-url", address)
    assert (told.exit_code, said in told.stderr) == (1, True), told.stderr
    assert "s3cret" not in told.output


def test_the_token_goes_to_no_other_place(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RECALL_ANCHOR_URL", "https://anchors.example.org/in")
    monkeypatch.setenv("RECALL_ANCHOR_TOKEN", "s3cret")
    with receiver("\n".join(lines_of(database)[0]).encode()) as (address, shown):
        assert run("--anchor-url", address).exit_code == 0
    assert shown == [""]
    own = "https://anchors.example.org/in"
    assert token_for("https://anchors.example.org/out?x", own, "t") == "t"
    assert token_for("http://anchors.example.org/in", own, "t") == ""
    assert token_for("https://anchors.example.org:8443/in", own, "t") == ""


def test_an_address_that_is_not_safe_is_not_asked(database: Database) -> None:
    for address in ("http://anchors.example.org/x", "file:///etc/passwd", "anchors"):
        told = run("--anchor-url", address)
        assert (told.exit_code, "must be an https address" in told.stderr) == (1, True)
