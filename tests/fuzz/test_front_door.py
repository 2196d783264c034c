"""Whatever comes in through the front's doors, the answer is a 4xx or a 202: no 500, no hang."""

import json
import random
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from knowledge.embed.hashing import HashingEmbedder
from tests.support.house import TOKEN, House

PATHS = (
    "/v1/alerts/alertmanager",
    "/v1/alerts/generic",
    "/v1/alerts/%00",
    "/v1/suggest",
    "/slack/events",
    "/v1/incidents/RCL-1",
    "/v1/suggestions?limit=abc",
    "/v1/inbox?state=%F0%9F%94%A5",
    "/v1/alerts?before=99999999999999999999999",
    "/healthz",
    "/nowhere",
)
TYPES = (
    "application/json",
    "application/json; charset=utf-16",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=x",
    "text/plain",
    "\xff\xfe",
    "",
)
WORDS: tuple[object, ...] = (
    None, True, False, 0, -1, 10**400, 1e308, "", "x", "\x00", "\ud800", "🔥" * 50, "<!channel>",
    "0001-01-01T00:00:00Z", "9999-99-99T99:99:99Z", "firing", "resolved", [], {},
)  # fmt: skip
KEYS = (
    "alerts", "labels", "annotations", "status", "startsAt", "endsAt", "version", "groupKey",
    "title", "summary", "severity", "text", "type", "event", "team_id", "event_id", "payload",
    "actions", "", "\x00", "__proto__",
)  # fmt: skip
PATIENCE_SECONDS = 10.0


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("fuzz")
    with House(folder, HashingEmbedder(64), "http", RECALL_MAX_BODY_BYTES="65536") as opened:
        yield opened


def value(chance: random.Random, depth: int = 0) -> object:
    kind = chance.random()
    if depth > 4 or kind < 0.4:
        return chance.choice(WORDS)
    if kind < 0.6:
        return [value(chance, depth + 1) for _ in range(chance.randint(0, 4))]
    keys = chance.sample(KEYS, chance.randint(0, 8))
    return {key: value(chance, depth + 1) for key in keys}


def body(chance: random.Random) -> bytes:
    kind = chance.randint(0, 6)
    if kind == 0:
        return chance.randbytes(chance.choice([0, 1, 100, 5_000]))
    if kind == 1:
        return b"[" * chance.choice([10, 5_000]) + b"1"
    if kind == 2:
        return b'{"alerts":' + b'{"a":' * chance.choice([5, 2_000]) + b"1"
    text = json.dumps(value(chance)).encode()
    if kind == 3:
        return text[: chance.randint(0, len(text))]
    if kind == 4:
        return b"payload=" + quote(text).encode()
    return text


def request(chance: random.Random) -> bytes:
    """One HTTP request, more or less: sometimes right in form, sometimes not at all."""
    content = body(chance)
    method = chance.choice(["POST"] * 6 + ["GET", "PUT", "DELETE", "OPTIONS", "BREW", "\x00"])
    length = chance.choice([len(content)] * 12 + [0, -1, 10**9, "abc", "1e3"])
    lines = [
        f"{method} {chance.choice(PATHS)} HTTP/1.1".encode("latin-1"),
        b"Host: x",
        b"Connection: close",
        f"Content-Length: {length}".encode(),
        b"Content-Type: " + chance.choice(TYPES).encode("latin-1"),
    ]
    if chance.random() < 0.8:
        lines.append(f"Authorization: Bearer {TOKEN}".encode())
    if chance.random() < 0.2:
        lines.append(b"Transfer-Encoding: chunked")
    if chance.random() < 0.2:
        lines.append(chance.randbytes(20).replace(b"\n", b"").replace(b"\r", b"") + b": x")
    if chance.random() < 0.2:
        lines.append(b"X-Slack-Signature: v0=" + chance.randbytes(8).hex().encode())
        lines.append(b"X-Slack-Request-Timestamp: " + str(int(time.time())).encode())
    return b"\r\n".join(lines) + b"\r\n\r\n" + content


def answer(address: str, sent: bytes) -> int | None:
    """The status; None when the server closed without one (a request that is no HTTP)."""
    host, _, port = address.removeprefix("http://").rpartition(":")
    with socket.create_connection((host, int(port)), timeout=PATIENCE_SECONDS) as connection:
        try:
            connection.sendall(sent)
            if b"chunked" in sent:  # else it would wait for the rest of a body without end
                connection.shutdown(socket.SHUT_WR)
            got = b""
            while len(got) < 12 and (part := connection.recv(4096)):
                got += part
        except ConnectionError:
            return None
    return int(got[9:12]) if got.startswith(b"HTTP/1.1 ") else None


def fuzz(house: House, seed: int, count: int) -> dict[int | None, int]:
    chance = random.Random(seed)
    seen: dict[int | None, int] = {}
    for number in range(count):
        sent = request(chance)
        began = time.monotonic()
        status = answer(house.address, sent)
        assert time.monotonic() - began < PATIENCE_SECONDS, (seed, number, sent[:300])
        assert status is None or status < 500, (seed, number, status, sent[:300])
        seen[status] = seen.get(status, 0) + 1
    return seen


def still_works(house: House) -> None:
    sent = house.post("/v1/alerts/generic", {"title": "still here", "source": "fuzz"})
    assert sent.status_code == 202
    house.until(lambda: house.get("/v1/inbox?limit=1")["counts"]["pending"] == 0, 60)


def test_no_request_is_answered_with_a_500_or_not_at_all(house: House) -> None:
    seen = fuzz(house, seed=1, count=300)
    still_works(house)
    assert {202, 400, 401, 404, 405, 415} <= set(seen)


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(2, 12))
def test_not_even_over_many_requests(house: House, seed: int) -> None:
    fuzz(house, seed, count=2_000)
    still_works(house)


def test_a_sender_that_says_nothing_holds_up_nobody(house: House) -> None:
    host, _, port = house.address.removeprefix("http://").rpartition(":")
    silent = [socket.create_connection((host, int(port)), timeout=5) for _ in range(50)]
    try:
        for number, connection in enumerate(silent):
            connection.sendall(b"POST /v1/alerts/generic HTTP/1.1\r\nHost: x\r\n"[: number + 1])
        still_works(house)
    finally:
        for connection in silent:
            connection.close()


@pytest.mark.parametrize("name", ["services.yaml", "page.md"])
def test_yaml_bombs_are_refused_quickly(tmp_path: Path, name: str) -> None:
    from bot.errors import DataError
    from bot.services.file import load_catalogue
    from knowledge.errors import BadDocument
    from knowledge.text.pages import parse_runbook

    laughs = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
        f"{chr(98 + n)}: &{chr(98 + n)} [{','.join([f'*{chr(97 + n)}'] * 9)}]\n" for n in range(9)
    )
    sentinel = tmp_path / "executed"
    bombs = [
        laughs,
        f"services: !!python/object/apply:os.system ['touch {sentinel}']\n",
        f"title: !!python/object/apply:os.system ['touch {sentinel}']\n",
        "services: " + "[" * 5_000 + "\n",
        "title: a\ntitle: b\nservices: a\nservices: b\n",
        "x: " + "{a: " * 3_000 + "1" + "}" * 3_000 + "\n",
    ]
    for bomb in bombs:
        began = time.monotonic()
        if name == "services.yaml":
            path = tmp_path / name
            path.write_text(bomb)
            with pytest.raises(DataError):
                load_catalogue(path)
        else:
            with pytest.raises(BadDocument):
                parse_runbook(f"---\n{bomb}---\n# Page\n\ntext\n", slug="page")
        assert time.monotonic() - began < 2
    assert not sentinel.exists()
