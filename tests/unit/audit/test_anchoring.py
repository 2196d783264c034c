"""Anchors that leave the machine, and old events that go without breaking the chain."""

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from sqlalchemy import text
from typer.testing import CliRunner

from bot.audit.anchors import Anchor, read_anchors
from bot.audit.configuration import note_configuration
from bot.audit.pruning import prune
from bot.audit.reading import rows_of
from bot.audit.shipping import FileSink, HttpSink, SyslogSink
from bot.audit.verify import verify
from bot.cli.audit import app
from bot.clock import ManualClock
from bot.errors import DataError
from bot.store.database import Database
from tests.support.databases import sqlite_database

AT = datetime(2026, 11, 19, 3, 12, tzinfo=UTC)
NOW = AT + timedelta(days=30)
ANCHOR = Anchor(7, "a" * 64)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with sqlite_database(tmp_path, ManualClock()) as opened:
        for day in range(10):
            with opened.begin() as uow:
                at = AT + timedelta(days=day)
                uow.audit.append(at=at, actor="a", action="b", subject="c", data={"day": day})
        yield opened


def kept(database: Database, anchors: Path | None = None):
    return verify(rows_of(database), read_anchors(anchors) if anchors is not None else [])


def cut(database: Database, anchors: Path, days: int, sinks: list | None = None):
    there = read_anchors(anchors) if anchors.exists() else []
    return prune(
        database,
        before=AT + timedelta(days=days),
        anchors=there,
        sinks=sinks if sinks is not None else [FileSink(anchors)],
        by="cli:ops",
        now=NOW,
    )


# -- retention -----------------------------------------------------------------------------------


def test_old_events_go_and_the_chain_verifies_across_the_checkpoint(
    database: Database, tmp_path: Path
) -> None:
    anchors = tmp_path / "anchors.jsonl"
    done = cut(database, anchors, 4)
    assert (done.checkpoint.seq, done.events) == (4, 4)
    verdict = kept(database, anchors)
    assert verdict.ok
    assert verdict.events == 7, "six that stayed, and the one that says so"
    assert verdict.pruned is not None
    assert (verdict.pruned.checkpoint.seq, verdict.pruned.by) == (4, "cli:ops")
    assert cut(database, anchors, 4) is None, "nothing is that old any more"
    assert cut(database, anchors, 8).checkpoint.seq == 8
    again = kept(database, anchors)
    assert again.ok
    assert again.pruned is not None
    assert again.pruned.checkpoint.seq == 8


def test_the_last_event_stays(database: Database, tmp_path: Path) -> None:
    anchors = tmp_path / "anchors.jsonl"
    assert cut(database, anchors, 400).checkpoint.seq == 9
    assert kept(database, anchors).ok


def test_rows_that_are_missing_without_a_word_are_no_pruning(database: Database) -> None:
    with database.writing() as connection:
        connection.execute(text("DELETE FROM audit WHERE seq <= 4"))
    verdict = kept(database)
    assert (verdict.broken_at, "no event says" in verdict.problem) == (1, True)


def test_more_rows_than_were_pruned_are_missed(database: Database, tmp_path: Path) -> None:
    anchors = tmp_path / "anchors.jsonl"
    cut(database, anchors, 4)
    with database.writing() as connection:
        connection.execute(text("DELETE FROM audit WHERE seq = 5"))
    assert kept(database).broken_at == 1


def test_a_forged_pruning_is_found_by_the_anchors(database: Database, tmp_path: Path) -> None:
    """Somebody with the database's password takes rows out, and says so in the chain."""
    anchors = tmp_path / "anchors.jsonl"
    FileSink(anchors).ship(kept(database).head, NOW)
    elsewhere = tmp_path / "elsewhere"
    cut(database, elsewhere, 4)
    assert kept(database).ok, "the chain alone cannot tell"
    verdict = kept(database, anchors)
    assert (verdict.broken_at, "never anchored" in verdict.problem) == (1, True)


def test_a_broken_chain_is_not_pruned(database: Database, tmp_path: Path) -> None:
    with database.writing() as connection:
        connection.execute(text("UPDATE audit SET actor = 'z' WHERE seq = 2"))
    with pytest.raises(DataError, match="row 2"):
        cut(database, tmp_path / "anchors.jsonl", 4)
    assert not (tmp_path / "anchors.jsonl").exists()


def test_nothing_goes_before_its_checkpoint_is_shipped(database: Database, tmp_path: Path) -> None:
    nowhere = SyslogSink(f"tcp://127.0.0.1:{free_port()}")
    with pytest.raises(DataError, match="cannot be reached"):
        cut(database, tmp_path / "a", 4, [nowhere])
    assert kept(database).events == 10


def test_the_command_prunes_and_says_so(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RECALL_DATA_DIR", str(tmp_path))
    run, anchors = CliRunner().invoke, str(tmp_path / "anchors.jsonl")
    done = run(app, ["prune", "--before", "2026-11-23", "--anchors", anchors, "--json"])
    assert json.loads(done.stdout)["through"] == 4
    told = run(app, ["verify", "--anchors", anchors])
    assert told.exit_code == 0
    assert "Events 1 to 4 were pruned" in told.stderr
    told = run(app, ["verify", "--json", "--anchors", anchors])
    assert json.loads(told.stdout)["pruned_through"] == 4
    wrong = run(app, ["prune", "--before", "yesterday", "--anchors", anchors])
    assert (wrong.exit_code, "is no day" in wrong.stderr) == (1, True)


# -- where anchors go ----------------------------------------------------------------------------


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


def test_syslog_over_udp_is_one_message_of_rfc_5424(tmp_path: Path) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        server.settimeout(5)
        SyslogSink(f"udp://127.0.0.1:{server.getsockname()[1]}").ship(ANCHOR, AT)
        got = server.recv(65_536).decode("ascii")
    head, _, sent = got.partition(" recall-anchor - ")
    priority, at, host, name, process = head.split(" ")
    assert (priority, at, name) == ("<109>1", "2026-11-19T03:12:00.000+00:00", "recall")
    assert host
    assert process.isdigit()
    assert json.loads(sent)["seq"] == 7
    collected = tmp_path / "collected.log"
    collected.write_text(f"Nov 19 03:12:00 collector {got}\n{got}\n")
    assert read_anchors(collected) == [ANCHOR, ANCHOR]


def test_syslog_over_tcp_has_its_length_before_it() -> None:
    got: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def take() -> None:
            with server.accept()[0] as one:
                while part := one.recv(65_536):
                    got.append(part)

        thread = threading.Thread(target=take)
        thread.start()
        SyslogSink(f"tcp://127.0.0.1:{server.getsockname()[1]}").ship(ANCHOR, AT)
        thread.join(10)
    length, _, message = b"".join(got).partition(b" ")
    assert int(length) == len(message)
    assert message.startswith(b"<109>1 ")


@contextmanager
def receiver(status: int = 204) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """(address, what came: (authorization, body))."""
    came: list[tuple[str, str]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            came.append((self.headers.get("Authorization", ""), body))
            self.send_response(status)
            self.send_header("Location", "http://127.0.0.1:9/elsewhere")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/anchors", came
    finally:
        server.shutdown()
        server.server_close()


def test_http_gets_the_anchor_with_the_bearer_token() -> None:
    with receiver() as (address, came):
        HttpSink(address, "s3cret", None, None).ship(ANCHOR, AT)
    [(authorization, body)] = came
    assert authorization == "Bearer s3cret"
    assert (json.loads(body)["seq"], json.loads(body)["hash"]) == (7, "a" * 64)


@pytest.mark.parametrize("status", [302, 401, 500])
def test_http_that_does_not_take_it_is_told_without_the_token(status: int) -> None:
    told = pytest.raises(DataError, match=f"answered {status}")
    with receiver(status) as (address, came), told as refused:
        HttpSink(address, "s3cret", None, None).ship(ANCHOR, AT)
    assert "s3cret" not in str(refused.value)
    assert len(came) == 1, "no redirect was followed"


@pytest.mark.parametrize("evil", ["cut", "anew"])
def test_what_was_shipped_by_http_finds_a_cut_end_and_a_new_record(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, evil: str
) -> None:
    monkeypatch.setenv("RECALL_DATA_DIR", str(tmp_path))
    run = CliRunner().invoke
    with receiver() as (address, came):
        monkeypatch.setenv("RECALL_ANCHOR_URL", address)
        monkeypatch.setenv("RECALL_ANCHOR_TOKEN", "s3cret")
        assert run(app, ["anchor"]).exit_code == 0
    shipped = tmp_path / "shipped.jsonl"
    shipped.write_text("".join(f"{body}\n" for _, body in came))
    assert kept(database, shipped).ok
    with database.writing() as connection:
        since = 8 if evil == "cut" else 1
        connection.execute(text(f"DELETE FROM audit WHERE seq >= {since}"))
    if evil == "anew":
        for day in range(12):
            with database.begin() as uow:
                uow.audit.append(at=AT, actor="z", action="b", subject="c", data={"day": day})
    assert kept(database).ok, "the chain alone cannot tell"
    verdict = kept(database, shipped)
    assert not verdict.ok
    assert ("cut off" if evil == "cut" else "written anew") in verdict.problem


def test_one_sink_that_is_away_does_not_keep_the_others_from_it(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RECALL_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("RECALL_ANCHOR_SYSLOG", f"tcp://127.0.0.1:{free_port()}")
    anchors = tmp_path / "anchors.jsonl"
    done = CliRunner().invoke(app, ["anchor", str(anchors)])
    assert done.exit_code == 1
    assert [one.seq for one in read_anchors(anchors)] == [10]


def test_without_anywhere_to_ship_it_says_what_to_set(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RECALL_DATA_DIR", str(tmp_path))
    done = CliRunner().invoke(app, ["anchor"])
    assert (done.exit_code, "RECALL_ANCHOR_URL" in done.stderr) == (1, True)


# -- the configuration ---------------------------------------------------------------------------


def test_a_configuration_is_on_record_when_it_is_another_one(database: Database) -> None:
    def starts(process: str = "engine", **roles: list[str]) -> list[str]:
        facts = {"catalogue": {}, "roles": roles}
        return note_configuration(database, facts, process=process, now=NOW)

    assert starts(leads=[]) == [], "nothing is configured, nothing is noted"
    assert starts(leads=["T1/U1"]) == ["roles"]
    assert starts(leads=["T1/U1"]) == []
    assert starts("runner", leads=["T1/U1"]) == ["roles"]
    assert starts(leads=["T1/U1"], admins=["T1/U2"]) == ["roles"]
    assert starts(leads=[], admins=[]) == ["roles"], "that all is taken away is noted, too"
    with database.read() as uow:
        events = [e for e in uow.audit.list() if e.action == "config.roles"]
    assert [e.data["changed"] for e in events] == [
        ["leads"],
        ["leads"],
        ["admins"],
        ["admins", "leads"],
    ]
    assert kept(database).ok
