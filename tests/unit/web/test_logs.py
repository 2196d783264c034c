"""What senders of log lines get to hear, and what is in the inbox afterwards."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from bot.alerts.logs import MEDIA_TYPES
from bot.clock import ManualClock
from bot.jobs.ports import InboxKind
from bot.store.database import Database
from bot.web.logs import MOST_BYTES
from tests.support.front_fakes import AUTHORIZED

TEXT = {**AUTHORIZED, "Content-Type": "text/plain; charset=utf-8"}


def test_lines_are_in_the_inbox_when_202_is_answered(
    client: TestClient, database: Database, clock: ManualClock
) -> None:
    answer = client.post(
        "/v1/logs?service=cart&environment=prod%2Feu", content=b"one\ntwo", headers=TEXT
    )
    assert answer.status_code == 202
    with database.read() as uow:
        item = uow.inbox.get(answer.json()["id"])
    assert item is not None
    assert (item.kind, item.source, item.body) == (InboxKind.LOGS, "logs", b"one\ntwo")
    assert item.content_type == "text/plain; service=cart; environment=prod%2Feu"
    assert item.received_at == clock.now()


@pytest.mark.parametrize(
    ("address", "headers", "body", "status"),
    [
        ("/v1/logs", {"Content-Type": "text/plain"}, b"a", 401),
        ("/v1/logs", TEXT, b"a", 400),
        ("/v1/logs?service=cart", TEXT, b" \n", 400),
        ("/v1/logs?service=cart", {**AUTHORIZED, "Content-Type": "image/png"}, b"a", 415),
        ("/v1/logs?service=cart", {**TEXT, "Content-Encoding": "gzip"}, b"a", 415),
        ("/v1/logs", {**AUTHORIZED, "Content-Type": "application/x-protobuf"}, b"a", 415),
        ("/v1/logs", {**AUTHORIZED, "Content-Type": "application/json"}, b"[", 400),
        ("/v1/logs?service=cart", TEXT, b"x" * (MOST_BYTES + 1), 413),
        (f"/v1/logs?service={'x' * 300}", TEXT, b"x", 422),
    ],
)
def test_what_cannot_be_taken_is_refused_with_the_reason(
    client: TestClient, address: str, headers: dict[str, str], body: bytes, status: int
) -> None:
    answer = client.post(address, content=body, headers=headers)
    assert answer.status_code == status
    assert answer.json()["detail"]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    body=st.binary(max_size=80) | st.text(max_size=80).map(str.encode),
    media_type=st.sampled_from(MEDIA_TYPES),
    service=st.text(max_size=20),
)
def test_no_body_is_a_server_error(
    client: TestClient, body: bytes, media_type: str, service: str
) -> None:
    answer = client.post(
        "/v1/logs",
        params={"service": service},
        content=body,
        headers={**AUTHORIZED, "Content-Type": media_type},
    )
    assert answer.status_code in (202, 400)
