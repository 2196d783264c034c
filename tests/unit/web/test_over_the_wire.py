"""The front behind a real server: what only a socket can show."""

import contextlib
import http.client
import json
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import uvicorn

from bot.clock import ManualClock
from bot.store.database import Database
from bot.web.app import create_app
from tests.support.front_fakes import AUTHORIZED, JSON, front

LIMIT = 4096
GOOD = b'{"name": "DiskFull"}'


@pytest.fixture
def address(database: Database, clock: ManualClock) -> Iterator[tuple[str, int]]:
    """Where a real server with the front listens; its bodies are limited to LIMIT bytes."""
    with front(database, clock, max_body_bytes=LIMIT) as (_, deps):
        config = uvicorn.Config(create_app(deps), log_level="critical", lifespan="off")
        server = uvicorn.Server(config)
        # With the protocol named, asyncio knows that it is TCP and sends without Nagle's delay.
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        listener.bind(("127.0.0.1", 0))
        listener.listen(128)
        thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
        thread.start()
        yield listener.getsockname()
        server.should_exit = True
        thread.join(10)
        listener.close()


def head(*lines: str) -> bytes:
    headers = [f"{name}: {value}" for name, value in JSON.items()]
    first = "POST /v1/alerts/generic HTTP/1.1"
    return "\r\n".join([first, "Host: recall", *headers, *lines, "", ""]).encode()


def answer_to(address: tuple[str, int], *parts: bytes) -> bytes:
    """Send the parts, as far as the server listens, and return all that it answers."""
    with socket.create_connection(address, timeout=10) as connection:
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            for part in parts:
                connection.sendall(part)
        answer = b""
        with contextlib.suppress(ConnectionResetError):
            while chunk := connection.recv(65_536):
                answer += chunk
                if b"\r\n\r\n" in answer and answer.endswith(b"}"):
                    break
        return answer


def test_an_honest_size_over_the_limit_is_answered_before_the_body_is_sent(
    address: tuple[str, int],
) -> None:
    answer = answer_to(address, head("Content-Length: 100000000"))
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"application/problem+json" in answer


def test_a_chunked_body_without_end_is_cut_off(address: tuple[str, int]) -> None:
    chunk = b"400\r\n" + b"x" * 1024 + b"\r\n"
    answer = answer_to(address, head("Transfer-Encoding: chunked"), *[chunk] * 64)
    assert answer.startswith(b"HTTP/1.1 413 ")


def test_more_than_was_announced_is_not_taken_as_part_of_the_body(
    address: tuple[str, int], database: Database, clock: ManualClock
) -> None:
    announced = head(f"Content-Length: {len(GOOD)}", "Connection: close")
    answer = answer_to(address, announced + GOOD + b"x" * 100_000)
    assert answer.startswith(b"HTTP/1.1 202 ")
    with database.begin() as uow:
        [item] = uow.inbox.claim(10, clock.now())
    assert item.body == GOOD


def test_after_a_refusal_the_next_sender_is_served(address: tuple[str, int]) -> None:
    answer_to(address, head("Content-Length: 100000000"))
    connection = http.client.HTTPConnection(*address, timeout=10)
    connection.request("POST", "/v1/alerts/generic", GOOD, JSON)
    answer = connection.getresponse()
    assert answer.status == 202
    assert len(json.loads(answer.read())["id"]) == 32
    connection.close()


@pytest.mark.bench
def test_a_thousand_deliveries_a_second_are_answered(address: tuple[str, int]) -> None:
    body = json.dumps({"name": "A", "labels": {"service": "x"}, "description": "d" * 900}).encode()

    def deliver(count: int) -> list[float]:
        connection = http.client.HTTPConnection(*address, timeout=10)
        waits = []
        for _ in range(count):
            started = time.perf_counter()
            connection.request("POST", "/v1/alerts/generic", body, JSON)
            answer = connection.getresponse()
            answer.read()
            assert answer.status == 202
            waits.append(time.perf_counter() - started)
        connection.close()
        return waits

    deliver(50)
    started = time.perf_counter()
    with ThreadPoolExecutor(4) as pool:
        waits = sorted(wait for some in pool.map(deliver, [500] * 4) for wait in some)
    rate = len(waits) / (time.perf_counter() - started)
    p99 = waits[len(waits) * 99 // 100]
    print(f"front: {rate:,.0f} deliveries/s over 4 connections, p99 {p99 * 1000:.1f} ms")
    connection = http.client.HTTPConnection(*address, timeout=10)
    connection.request("GET", "/v1/inbox?limit=1", headers=AUTHORIZED)
    assert json.loads(connection.getresponse().read())["counts"]["pending"] == 2050
    connection.close()
    # The sender shares the process (and its interpreter lock) with the server here.
    assert rate > 300
