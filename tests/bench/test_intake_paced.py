"""What `recall serve` answers while senders keep a steady pace, on both databases, its worker
running. Goals: 200 bodies of five alerts a second for 60 s, 202 with p99 at most 50 ms; 1,000
single alerts a second with p99 at most 100 ms; none lost, none doubled; all of it merged and
grouped within 60 s of the end, 95 % being repeats.

The clients are threads of this process and share the machine with the server.
"""

import http.client
import json
import os
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from bot.demo.serving import ServeProcess
from tests.bench.measuring import Spread, Stopwatch, fsync_spread, print_table
from tests.support.databases import postgresql_url, sqlite_url

pytestmark = [pytest.mark.bench, pytest.mark.processes, pytest.mark.model]

CONNECTIONS = 4
SECONDS = float(os.environ.get("RECALL_BENCH_SECONDS", "60"))
TOKEN = "paced"
SERVICES = 40
NEW_SHARE = 0.05
_DRAIN_SECONDS = 600.0
_MARK = "x" * 500  # about what descriptions and annotations add in life


@dataclass(frozen=True, slots=True)
class Pace:
    """So many bodies a second, each of so many alerts; the goal is for the p99 in ms."""

    bodies: int
    alerts: int
    goal: float


PACES = {"five": Pace(200, 5, 50), "single": Pace(1_000, 1, 100)}


@dataclass(slots=True)
class Told:
    accepted: int = 0
    refused: list[int] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)


@contextmanager
def database(name: str, folder: Path) -> Iterator[str]:
    if name == "sqlite":
        yield sqlite_url(folder)
        return
    with postgresql_url() as url:
        yield url


@pytest.mark.parametrize("name", ["sqlite", "postgresql"])
@pytest.mark.parametrize("kind", PACES)
def test_a_steady_pace_is_answered_in_time(name: str, kind: str, tmp_path: Path) -> None:
    pace = PACES[kind]
    disk = fsync_spread(tmp_path)
    with database(name, tmp_path) as url, _serving(tmp_path, url) as serve:
        _send(serve, pace, 0, 2.0, threading.Barrier(1))  # warm
        before = _counts(serve)
        began = threading.Barrier(CONNECTIONS)
        with ThreadPoolExecutor(CONNECTIONS) as pool, Stopwatch() as sending:
            running = [
                pool.submit(_send, serve, pace, number, SECONDS, began)
                for number in range(CONNECTIONS)
            ]
            told = [one.result() for one in running]
        with Stopwatch() as drain:
            serve.until(lambda: _counts(serve)["pending"] == 0, _DRAIN_SECONDS)
        after = _counts(serve)
    accepted = sum(one.accepted for one in told)
    assert not [status for one in told for status in one.refused]
    assert after["failed"] == 0
    assert sum(after.values()) - sum(before.values()) == accepted
    spread = Spread.of([second for one in told for second in one.seconds])
    print_table(
        f"Intake at {pace.bodies} bodies a second of {pace.alerts}, {name}, {SECONDS:.0f} s",
        ("what", "value"),
        [
            ("answered 202", accepted),
            ("bodies a second", accepted / sending.seconds),
            ("ms p50", spread.p50),
            ("ms p99", spread.p99),
            ("ms p99, goal", pace.goal),
            ("ms most", spread.most),
            ("s until all was processed, after the end", drain.seconds),
            ("fsync of 4 KiB on this disk, ms p50", disk.p50),
            ("fsync of 4 KiB on this disk, ms p99", disk.p99),
            ("load average of the last minute, on cores", f"{os.getloadavg()[0]:.1f}, {_cores()}"),
        ],
        notes=[
            "SQLite: WAL, synchronous FULL. PostgreSQL: synchronous_commit as the server has it.",
            "The clients are threads of one Python process on the same cores as the server.",
        ],
    )


@contextmanager
def _serving(folder: Path, url: str) -> Iterator[ServeProcess]:
    services = folder / "services.yaml"
    named = "\n".join(f"  - name: svc-{number}" for number in range(SERVICES))
    services.write_text(f"services:\n{named}\n")
    serve = ServeProcess(
        {
            "RECALL_DATA_DIR": str(folder),
            "RECALL_DATABASE_URL": url,
            "RECALL_WEBHOOK_TOKEN": TOKEN,
            "RECALL_SERVICES_FILE": str(services),
        },
        folder / "serve.log",
    )
    try:
        serve.start()
        serve.wait_ready()
        yield serve
    finally:
        serve.stop()


def _send(
    serve: ServeProcess, pace: Pace, connection: int, seconds: float, began: threading.Barrier
) -> Told:
    """Post over one kept connection, at its share of the pace; what is late is sent at once."""
    told = Told()
    address = urlsplit(serve.address)
    headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
    client = http.client.HTTPConnection(str(address.hostname), address.port, timeout=60)
    client.connect()
    every = CONNECTIONS / pace.bodies
    count = int(seconds / every)
    bodies = [_body(pace, connection * count + number, count) for number in range(count)]
    began.wait()
    start = time.monotonic()
    for number, body in enumerate(bodies):
        time.sleep(max(0.0, start + number * every - time.monotonic()))
        with Stopwatch() as watch:
            client.request("POST", "/v1/alerts/alertmanager", body, headers)
            answer = client.getresponse()
            answer.read()
        told.seconds.append(watch.seconds)
        if answer.status == 202:
            told.accepted += 1
        else:
            told.refused.append(answer.status)
    client.close()
    return told


def _body(pace: Pace, number: int, count: int) -> bytes:
    """One body about one service; of all alerts NEW_SHARE are others than before."""
    service = f"svc-{number % SERVICES}"
    different = max(1, int(count * CONNECTIONS * NEW_SHARE))
    labels = {"alertname": "RequestsFail", "service": service, "environment": "prod"}
    alerts = [
        {
            "status": "firing",
            "labels": {**labels, "pod": f"{service}-{number % different}-{place}"},
            "annotations": {
                "summary": f"requests to {service} fail",
                "description": _MARK if pace.alerts == 1 else "",
            },
            "startsAt": "2026-11-28T03:00:00Z",
            "endsAt": "0001-01-01T00:00:00Z",
        }
        for place in range(pace.alerts)
    ]
    body = {
        "version": "4",
        "groupKey": f'{{}}:{{service="{service}"}}',
        "status": "firing",
        "receiver": "recall",
        "groupLabels": {"service": service},
        "commonLabels": labels,
        "commonAnnotations": {},
        "alerts": alerts,
    }
    return json.dumps(body).encode()


def _counts(serve: ServeProcess) -> dict[str, int]:
    found = serve.get("/v1/inbox?limit=1")["counts"]
    assert isinstance(found, dict)
    return found


def _cores() -> int:
    return os.cpu_count() or 1
