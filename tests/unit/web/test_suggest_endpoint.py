"""POST /v1/suggest."""

import json
from typing import Any

import pytest
from starlette.testclient import TestClient

from bot.suggestions.public import to_public_json
from tests.support.front_fakes import JSON, FakeEngine


def ask(client: TestClient, body: Any) -> Any:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return client.post("/v1/suggest", content=content, headers=JSON)


def test_the_engine_is_asked_and_its_suggestion_is_the_answer(
    client: TestClient, engine: FakeEngine
) -> None:
    answer = ask(client, {"text": "checkout fails", "labels": {"service": "checkout"}})
    assert answer.status_code == 200
    assert engine.answer is not None
    assert answer.json() == to_public_json(engine.answer)
    [asked] = engine.asked
    assert (asked.text, dict(asked.labels)) == ("checkout fails", {"service": "checkout"})


def test_labels_may_be_left_out(client: TestClient) -> None:
    assert ask(client, {"text": "checkout fails"}).status_code == 200


def test_secrets_do_not_reach_the_engine(client: TestClient, engine: FakeEngine) -> None:
    ask(client, {"text": "login with password=hunter22", "labels": {"token": "abc"}})
    assert "hunter22" not in repr(engine.asked)
    assert "abc" not in repr(engine.asked)


def test_an_engine_that_is_away_is_503(client: TestClient, engine: FakeEngine) -> None:
    engine.answer = None
    answer = ask(client, {"text": "x"})
    assert answer.status_code == 503
    assert answer.headers["content-type"] == "application/problem+json"
    assert int(answer.headers["retry-after"]) > 0
    assert "/run" not in answer.text


@pytest.mark.parametrize(
    ("body", "status", "why"),
    [
        (b"{", 400, "not JSON"),
        (b'{"text": "a", "text": "b"}', 400, "twice"),
        ({}, 422, "text"),
        ({"text": ""}, 422, "text"),
        ({"text": "  "}, 422, "blank"),
        ({"text": 5}, 422, "text"),
        ({"text": "x", "labels": []}, 422, "labels"),
        ({"text": "x", "labels": {"a": 1}}, 422, "labels.a"),
        ({"text": "x", "label": {}}, 422, "label"),
        ({"text": "x" * 200_001}, 422, "text"),
        ([], 422, "body"),
    ],
)
def test_a_question_that_cannot_be_read_is_a_problem(
    client: TestClient, engine: FakeEngine, body: Any, status: int, why: str
) -> None:
    answer = ask(client, body)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert why in answer.json()["detail"]
    assert engine.asked == []


def test_the_type_must_be_json(client: TestClient) -> None:
    headers = {**JSON, "Content-Type": "text/plain"}
    assert client.post("/v1/suggest", content=b'{"text": "x"}', headers=headers).status_code == 415
