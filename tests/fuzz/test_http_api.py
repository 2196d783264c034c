"""Every operation that `/openapi.json` names, asked for with what its schema allows and forbids:
an answer below 500 with a reason, or 503 where the engine is needed and away."""

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from starlette.testclient import TestClient

from bot.alerts.sources import shipped_sources
from bot.clock import ManualClock
from bot.store.database import Database
from tests.support.databases import sqlite_database
from tests.support.front_fakes import AUTHORIZED, front

HOSTILE: tuple[str, ...] = (
    *("", " ", "0", "-1", "1", "500", "501", "9223372036854775807", "9223372036854775808"),
    *("9" * 400, "1e309", "NaN", "true", "null", "[]", "{}", "\x00", "\ud7ff", "🔥" * 40),
    *("../../etc/passwd", "%2e%2e%2f", "'; drop table alerts; --", "<script>", "RCL-1", "RCL-0"),
    *("0001-01-01T00:00:00Z", "9999-12-31T23:59:59-14:00", "2026-02-30", "done", "x" * 3_000),
)
VALUES: tuple[object, ...] = (
    *(None, True, 0, -1, 10**400, 1e308, "", "x", "\x00", "<!channel>", [], {}, [[]], {"a": {}}),
    *("0001-01-01T00:00:00Z", "9999-12-31T23:59:59-14:00", "firing", "y" * 20_000),
)
TYPES = ("application/json", "application/x-ndjson", "text/plain", "application/xml", "")
ROUNDS = 12


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(datetime(2026, 11, 19, 3, 12, tzinfo=UTC))


@pytest.fixture
def database(tmp_path: Path, clock: ManualClock) -> Iterator[Database]:
    with sqlite_database(tmp_path, clock) as opened:
        yield opened


@dataclass(frozen=True, slots=True)
class Operation:
    """One of the schema, with the names of what it takes."""

    method: str
    path: str
    in_path: tuple[str, ...]
    in_query: tuple[str, ...]
    fields: tuple[str, ...]


def operations(schema: Any) -> list[Operation]:
    found = []
    for path, methods in schema["paths"].items():
        for method, told in methods.items():
            taken = told.get("parameters", [])
            found.append(
                Operation(
                    method=method,
                    path=path,
                    in_path=tuple(one["name"] for one in taken if one["in"] == "path"),
                    in_query=tuple(one["name"] for one in taken if one["in"] == "query"),
                    fields=tuple(fields_of(schema, told)),
                )
            )
    return found


def fields_of(schema: Any, told: Any) -> Iterator[str]:
    for content in told.get("requestBody", {}).get("content", {}).values():
        name = content["schema"].get("$ref", "").rpartition("/")[2]
        yield from schema["components"]["schemas"].get(name, {}).get("properties", ())


def body_of(operation: Operation, chance: random.Random) -> bytes:
    names = (*operation.fields, "alerts", "labels", "name", "service", "resourceLogs", "deployment")
    kind = chance.randrange(5)
    if kind == 0:
        return chance.randbytes(chance.choice((0, 1, 60)))
    if kind == 1:
        return b'{"a":' * 500 + b"1" + b"}" * 500
    if kind == 2:
        return b'{"name": "a", "name": "b"}'
    picked = {name: chance.choice(VALUES) for name in names if chance.random() < 0.5}
    whole: object = picked if kind == 3 else [picked] * chance.choice((0, 1, 3))
    return json.dumps(whole).encode()


def ask(client: TestClient, operation: Operation, chance: random.Random) -> Any:
    path = operation.path
    for name in operation.in_path:
        known = [*shipped_sources()] if name == "source" else []
        picked = chance.choice(known) if known and chance.random() < 0.8 else chance.choice(HOSTILE)
        path = path.replace(f"{{{name}}}", quote(picked, safe="") or "%20")
    query = [(name, chance.choice(HOSTILE)) for name in operation.in_query if chance.random() < 0.7]
    headers = dict(AUTHORIZED) if chance.random() < 0.9 else {}
    content = None
    if operation.method == "post":
        content = body_of(operation, chance)
        headers["Content-Type"] = chance.choice(TYPES)
        headers["Idempotency-Key"] = quote(chance.choice(HOSTILE)[:300])
    return client.request(operation.method, path, params=query, headers=headers, content=content)


def asked(database: Database, clock: ManualClock, seed: int, rounds: int) -> set[int]:
    chance = random.Random(seed)
    seen: set[int] = set()
    with front(database, clock) as (client, _):
        for operation in operations(client.get("/openapi.json").json()):
            for number in range(rounds):
                answer = ask(client, operation, chance)
                told = (seed, number, operation.method, str(answer.url)[:300], answer.text[:300])
                assert answer.status_code < 500 or answer.status_code == 503, told
                if answer.status_code >= 400:
                    assert answer.headers["content-type"] == "application/problem+json", told
                    assert answer.json()["detail"], told
                seen.add(answer.status_code)
    return seen


def test_no_operation_of_the_api_is_a_server_error(database: Database, clock: ManualClock) -> None:
    assert {200, 202, 400, 401, 404, 415, 422} <= asked(database, clock, seed=1, rounds=ROUNDS)


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(2, 8))
def test_not_even_over_many_rounds(database: Database, clock: ManualClock, seed: int) -> None:
    asked(database, clock, seed, rounds=200)
