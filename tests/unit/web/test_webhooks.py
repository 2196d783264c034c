"""What senders of alerts get to hear, and what is in the inbox afterwards."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event
from starlette.testclient import TestClient

from bot.alerts.intake import AlertIntake
from bot.alerts.sources import SOURCES
from bot.clock import ManualClock
from bot.jobs.ports import InboxItem, InboxState
from bot.services.catalogue import Catalogue
from bot.store.database import Database
from bot.web.app import create_app
from tests.support.databases import sqlite_database, sqlite_url
from tests.support.front_fakes import (
    AUTHORIZED,
    JSON,
    BrokenDatabase,
    BuggyInbox,
    front,
)

GOOD = b'{"name": "DiskFull", "labels": {"service": "orders-db"}}'


def inbox(database: Database) -> list[InboxItem]:
    with database.read() as uow:
        return list(uow.inbox.list(None, 100))


def assert_problem(answer: Any, status: int) -> dict[str, Any]:
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    problem: dict[str, Any] = answer.json()
    assert problem["status"] == status
    assert problem["type"] == "about:blank"
    assert problem["title"]
    assert problem["detail"]
    return problem


@pytest.mark.parametrize("source", SOURCES)
def test_a_delivery_is_in_the_inbox_when_202_is_answered(
    client: TestClient, database: Database, clock: ManualClock, source: str
) -> None:
    answer = client.post(f"/v1/alerts/{source}", content=GOOD, headers=JSON)
    assert answer.status_code == 202
    [item] = inbox(database)
    assert answer.json() == {"id": item.id}
    assert (item.source, item.state) == (source, InboxState.PENDING)
    assert item.received_at == clock.now()
    with database.begin() as uow:
        [claimed] = uow.inbox.claim(1, clock.now())
    assert claimed.body == GOOD


@pytest.mark.parametrize(
    ("authorization", "title"),
    [
        (None, "missing"),
        ("", "missing"),
        ("Bearer", "missing"),
        ("Bearer ", "missing"),
        ("Basic dDBwLXNlY3JldC10b2tlbg==", "missing"),
        ("Bearer wrong", "wrong"),
        ("Bearer t0p-secret-tokenX", "wrong"),
        ("Bearer t0p-secret-toke", "wrong"),
        ("Bearer tökén", "wrong"),
    ],
)
@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", "/v1/alerts/generic"), ("POST", "/v1/suggest"), ("GET", "/v1/incidents")],
)
def test_without_the_right_token_nothing_is_done(
    client: TestClient,
    database: Database,
    authorization: str | None,
    title: str,
    method: str,
    path: str,
) -> None:
    headers = {"Content-Type": "application/json"}
    if authorization is not None:
        headers["Authorization"] = authorization.encode()  # type: ignore[assignment]
    answer = client.request(method, path, content=GOOD, headers=headers)
    problem = assert_problem(answer, 401)
    assert title in problem["title"]
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert inbox(database) == []


def test_with_no_token_configured_everything_is_closed(
    database: Database, clock: ManualClock
) -> None:
    with front(database, clock, token=None) as (client, _):
        for headers in ({}, JSON, {**JSON, "Authorization": "Bearer "}):
            answer = client.post("/v1/alerts/generic", content=GOOD, headers=headers)
            assert assert_problem(answer, 401)["title"] == "No webhook token is configured"
    assert inbox(database) == []


def test_every_source_is_closed_where_neither_a_secret_nor_a_token_is_configured(
    database: Database, clock: ManualClock
) -> None:
    shown = {**JSON, "X-Recall-Token": "", "X-Hub-Signature-256": "sha256=", "X-Gitlab-Token": ""}
    with front(database, clock, token=None) as (client, deps):
        assert len(deps.sources) > 50
        for source in deps.sources:
            for headers in (JSON, shown, {**shown, "Authorization": "Basic Og=="}):
                answer = client.post(f"/v1/alerts/{source}?token=", content=GOOD, headers=headers)
                assert answer.status_code == 401, (source, answer.text)
    assert inbox(database) == []


def test_the_scheme_may_be_written_in_any_case(client: TestClient) -> None:
    headers = {**JSON, "Authorization": AUTHORIZED["Authorization"].replace("Bearer", "bEARER")}
    assert client.post("/v1/alerts/generic", content=GOOD, headers=headers).status_code == 202


def test_an_unknown_source_is_not_found_and_the_known_ones_are_named(client: TestClient) -> None:
    answer = client.post("/v1/alerts/abacus", content=GOOD, headers=JSON)
    problem = assert_problem(answer, 404)
    assert problem["title"] == "Unknown source"
    assert "alertmanager, argocd, axiom, azure" in problem["detail"]


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", ""])
def test_what_is_not_json_by_its_type_is_refused(
    client: TestClient, database: Database, content_type: str
) -> None:
    headers = {**AUTHORIZED, "Content-Type": content_type}
    answer = client.post("/v1/alerts/generic", content=GOOD, headers=headers)
    assert_problem(answer, 415)
    assert inbox(database) == []


@pytest.mark.parametrize(
    "content_type", ["application/json; charset=utf-8", "Application/JSON", "application/x+json"]
)
def test_json_by_any_of_its_names_is_taken(client: TestClient, content_type: str) -> None:
    headers = {**AUTHORIZED, "Content-Type": content_type}
    assert client.post("/v1/alerts/generic", content=GOOD, headers=headers).status_code == 202


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"", "empty"),
        (b'{"name": ', "line 1"),
        (b"\xff", "UTF-8"),
        (b'{"a": 1, "a": 2}', "twice"),
        (b'{"a": NaN}', "NaN"),
        (b"[" * 5000 + b"]" * 5000, "nested"),
    ],
)
def test_malformed_json_is_told_at_once_and_not_kept(
    client: TestClient, database: Database, body: bytes, why: str
) -> None:
    answer = client.post("/v1/alerts/generic", content=body, headers=JSON)
    assert why in assert_problem(answer, 400)["detail"]
    assert inbox(database) == []


@pytest.fixture
def small(database: Database, clock: ManualClock) -> Iterator[TestClient]:
    """A front that takes no more than 100 bytes."""
    with front(database, clock, max_body_bytes=100) as (client, _):
        yield client


def of_size(size: int) -> bytes:
    return b'{"name": "' + b"x" * (size - 12) + b'"}'


def test_a_body_of_exactly_the_limit_is_taken(small: TestClient) -> None:
    answer = small.post("/v1/alerts/generic", content=of_size(100), headers=JSON)
    assert answer.status_code == 202


def test_a_larger_body_is_refused(small: TestClient, database: Database) -> None:
    answer = small.post("/v1/alerts/generic", content=of_size(101), headers=JSON)
    assert "100 bytes" in assert_problem(answer, 413)["detail"]
    assert inbox(database) == []


class Sender:
    """A raw ASGI sender, which may lie about its body or stop in the middle of it."""

    def __init__(self, chunks: AsyncIterator[bytes], headers: dict[str, str]) -> None:
        self._chunks = chunks
        self.taken = 0
        self.status = 0
        self.body = b""
        self.scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": "POST",
            "scheme": "http",
            "path": "/v1/alerts/generic",
            "raw_path": b"/v1/alerts/generic",
            "query_string": b"",
            "root_path": "",
            "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 2),
            "headers": [
                (name.lower().encode(), value.encode()) for name, value in (JSON | headers).items()
            ],
        }

    async def receive(self) -> dict[str, Any]:
        try:
            chunk = await anext(self._chunks)
        except StopAsyncIteration:
            return {"type": "http.request", "body": b"", "more_body": False}
        if chunk == b"HANG UP":
            return {"type": "http.disconnect"}
        self.taken += len(chunk)
        return {"type": "http.request", "body": chunk, "more_body": True}

    async def send(self, message: Any) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
        else:
            self.body += message.get("body", b"")


async def _endless() -> AsyncIterator[bytes]:
    while True:
        yield b"x" * 60


async def _slow() -> AsyncIterator[bytes]:
    yield b'{"name": '
    await asyncio.sleep(60)


async def _gone() -> AsyncIterator[bytes]:
    yield b'{"name": '
    yield b"HANG UP"


def send(sender: Sender, database: Database, clock: ManualClock, **changes: Any) -> Sender:
    with front(database, clock, max_body_bytes=100, **changes) as (_, deps):
        asyncio.run(create_app(deps)(sender.scope, sender.receive, sender.send))
    assert inbox(database) == []
    return sender


def test_an_announced_size_over_the_limit_is_refused_without_reading(
    database: Database, clock: ManualClock
) -> None:
    sender = send(Sender(_endless(), {"Content-Length": "101"}), database, clock)
    assert (sender.status, sender.taken) == (413, 0)


@pytest.mark.parametrize("announced", ["9" * 5000, "101", "00000101"])
def test_no_announced_number_is_too_large_to_refuse(
    database: Database, clock: ManualClock, announced: str
) -> None:
    assert send(Sender(_endless(), {"Content-Length": announced}), database, clock).status == 413


@pytest.mark.parametrize("headers", [{"Content-Length": "20"}, {}])
def test_a_body_that_turns_out_larger_is_refused_before_it_ends(
    database: Database, clock: ManualClock, headers: dict[str, str]
) -> None:
    sender = send(Sender(_endless(), headers), database, clock)
    assert sender.status == 413
    assert sender.taken <= 120


@pytest.mark.parametrize("announced", ["-5", "ten", "1e3", "²"])
def test_an_announced_size_that_is_no_number_is_refused(
    database: Database, clock: ManualClock, announced: str
) -> None:
    sender = Sender(_endless(), {"Content-Length": announced})
    assert send(sender, database, clock).status == 400


def test_a_body_that_does_not_arrive_in_time_is_given_up(
    database: Database, clock: ManualClock
) -> None:
    assert send(Sender(_slow(), {}), database, clock, body_seconds=0.05).status == 408


def test_a_sender_that_hangs_up_leaves_nothing_behind(
    database: Database, clock: ManualClock
) -> None:
    assert send(Sender(_gone(), {}), database, clock).status == 400


def test_when_the_database_cannot_be_written_the_sender_is_asked_to_come_again(
    clock: ManualClock,
) -> None:
    with front(BrokenDatabase(), clock) as (client, _):
        answer = client.post("/v1/alerts/generic", content=GOOD, headers=JSON)
        metrics = client.get("/metrics").text
    problem = assert_problem(answer, 503)
    assert answer.headers["retry-after"] == "3"
    assert "/data" not in problem["detail"]
    assert 'recall_inbox_refused_total{source="generic"} 1.0' in metrics


def test_a_read_only_database_is_503_and_what_is_there_can_be_read(
    tmp_path: Path, clock: ManualClock
) -> None:
    read_only = Database(f"{sqlite_url(tmp_path)}?mode=ro", clock=clock)
    with front(read_only, clock) as (client, _):
        assert_problem(client.post("/v1/alerts/generic", content=GOOD, headers=JSON), 503)
        assert client.get("/v1/inbox", headers=AUTHORIZED).json()["items"] == []
    read_only.close()


@pytest.fixture
def nearly_full() -> Iterator[None]:
    """SQLite stops growing at 80 pages, which is what a full disk looks like to it."""

    def limit(connection: sqlite3.Connection, record: Any) -> None:
        connection.execute("PRAGMA max_page_count = 80")

    event.listen(Engine, "connect", limit)
    yield
    event.remove(Engine, "connect", limit)


@pytest.mark.usefixtures("nearly_full")
def test_a_full_database_is_503_and_keeps_what_it_had_taken(
    tmp_path: Path, clock: ManualClock
) -> None:
    with sqlite_database(tmp_path, clock) as full, front(full, clock) as (client, _):
        taken = client.post("/v1/alerts/generic", content=GOOD, headers=JSON)
        assert taken.status_code == 202
        large = of_size(800_000)
        assert_problem(client.post("/v1/alerts/generic", content=large, headers=JSON), 503)
        assert [item.id for item in inbox(full)] == [taken.json()["id"]]
        again = client.post("/v1/alerts/generic", content=GOOD, headers=JSON)
        assert again.status_code == 202


def test_a_bug_answers_500_and_tells_nothing_of_the_inside(
    database: Database, clock: ManualClock
) -> None:
    with front(database, clock, inbox=BuggyInbox()) as (client, _):
        answer = client.post("/v1/alerts/generic", content=GOOD, headers=JSON)
    problem = assert_problem(answer, 500)
    assert "secret" not in str(problem)
    assert "ZeroDivision" not in str(problem)


@pytest.mark.parametrize(
    "body",
    [
        b'{"alerts": [{"status": "firing"}]}',
        b'{"alerts": [{"status": 5, "labels": {"alertname": "A"}}]}',
        b'{"alerts": "none"}',
        b"{}",
        b"[]",
        b"null",
    ],
)
def test_a_body_that_makes_no_sense_is_kept_as_failed_and_the_next_one_works(
    client: TestClient, database: Database, clock: ManualClock, body: bytes
) -> None:
    good = b'{"alerts": [{"status": "firing", "labels": {"alertname": "A"}}]}'
    bad_id = client.post("/v1/alerts/alertmanager", content=body, headers=JSON).json()["id"]
    good_id = client.post("/v1/alerts/alertmanager", content=good, headers=JSON).json()["id"]
    with database.begin() as uow:
        AlertIntake(Catalogue(), clock).process(uow, uow.inbox.claim(10, clock.now()))
    shown = client.get("/v1/inbox", headers=AUTHORIZED).json()
    states = {item["id"]: (item["state"], item["error"]) for item in shown["items"]}
    assert states[bad_id][0] == "failed"
    assert states[bad_id][1].startswith("$")
    assert states[good_id] == ("done", "")
    assert len(client.get("/v1/incidents", headers=AUTHORIZED).json()["items"]) == 1


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nowhere", 404),
        ("GET", "/docs", 404),
        ("GET", "/redoc", 404),
        ("GET", "/v1/alerts/generic", 405),
        ("DELETE", "/v1/incidents", 405),
    ],
)
def test_every_other_error_is_a_problem_too(
    client: TestClient, method: str, path: str, status: int
) -> None:
    answer = client.request(method, path, headers=AUTHORIZED)
    assert_problem(answer, status)
    if status == 405:
        assert answer.headers["allow"]


def test_every_answer_carries_the_security_headers(client: TestClient) -> None:
    for path in ("/healthz", "/nowhere", "/v1/alerts", "/metrics", "/openapi.json"):
        headers = client.get(path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        assert "default-src 'none'" in headers["content-security-policy"]
