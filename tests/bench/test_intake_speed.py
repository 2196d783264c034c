"""An alert storm against a real `recall serve`: how many deliveries a second are made durable.

The clients run in this process and share the machine with the server, so the server alone could
do more. Each body is another instance of a few alert rules, as in a real storm.
"""

import http.client
import json
import threading
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from bot.demo.stage import Stage
from bot.demo.story import DATA, knowledge, load_story
from tests.bench.measuring import Spread, Stopwatch, fsync_spread, print_table

pytestmark = [pytest.mark.bench, pytest.mark.processes, pytest.mark.model]

CONNECTIONS = 4
SECONDS = 10.0
_DRAIN_SECONDS = 120.0


@dataclass(slots=True)
class Told:
    """What one connection was answered."""

    accepted: list[str] = field(default_factory=list)
    refused: list[int] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with Stage(tmp_path, services=DATA / "services.yaml", knowledge=knowledge()) as opened:
        yield opened


def test_a_storm_is_taken_in_whole(stage: Stage, tmp_path: Path) -> None:
    disk = fsync_spread(tmp_path)
    began = threading.Barrier(CONNECTIONS + 1)
    with ThreadPoolExecutor(CONNECTIONS) as pool:
        running = [pool.submit(send, stage, number, began) for number in range(CONNECTIONS)]
        began.wait()
        with Stopwatch() as storm:
            told = [one.result() for one in running]
    accepted = {pod for one in told for pod in one.accepted}
    with Stopwatch() as drain:
        stage.bot.until(lambda: taken_in(stage), _DRAIN_SECONDS)
    assert counts(stage)["failed"] == 0
    assert not [status for one in told for status in one.refused]
    lost = accepted - known_pods(stage)
    assert not lost
    seconds = [second for one in told for second in one.seconds]
    spread = Spread.of(seconds)
    print_table(
        f"Intake: single alerts over {CONNECTIONS} connections for {SECONDS:.0f} s",
        ("what", "value"),
        [
            ("answered 202", len(accepted)),
            ("requests a second", len(accepted) / storm.seconds),
            ("ms p50", spread.p50),
            ("ms p99", spread.p99),
            ("ms most", spread.most),
            ("lost", len(lost)),
            ("s until the last was an alert, after the storm", drain.seconds),
            ("fsync of 4 KiB on this disk, ms p50", disk.p50),
            ("fsync of 4 KiB on this disk, ms p99", disk.p99),
        ],
        notes=["The clients are threads of one Python process on the same cores as the server."],
    )


def send(stage: Stage, connection: int, began: threading.Barrier) -> Told:
    """Post alerts over one kept connection until the time is up."""
    rules = load_story().fire_more
    told = Told()
    address = urlsplit(stage.bot.address)
    with stage.bot.client() as like:
        headers = {
            "Authorization": like.headers["Authorization"],
            "Content-Type": "application/json",
        }
    client = http.client.HTTPConnection(str(address.hostname), address.port, timeout=60)
    client.connect()
    began.wait()
    until = time.monotonic() + SECONDS
    number = 0
    while time.monotonic() < until:
        number += 1
        rule = rules[number % len(rules)]
        pod = f"{rule.labels['service']}-{connection}-{number}"
        body = {
            "name": rule.name,
            "summary": rule.annotations["summary"],
            "labels": {**rule.labels, "pod": pod},
        }
        content = json.dumps(body)
        with Stopwatch() as watch:
            client.request("POST", "/v1/alerts/generic", content, headers)
            answer = client.getresponse()
            answer.read()
        told.seconds.append(watch.seconds)
        if answer.status == 202:
            told.accepted.append(pod)
        else:
            told.refused.append(answer.status)
    client.close()
    return told


def counts(stage: Stage) -> Mapping[str, int]:
    found = stage.bot.get("/v1/inbox?limit=1")["counts"]
    assert isinstance(found, dict)
    return found


def taken_in(stage: Stage) -> bool:
    return counts(stage)["pending"] == 0


def known_pods(stage: Stage) -> set[str]:
    """The pods of all alerts that the read API knows, page by page."""
    pods: set[str] = set()
    cursor = ""
    with stage.bot.client() as client:
        while True:
            page = client.get(f"/v1/alerts?limit=500{cursor}").raise_for_status().json()
            pods |= {row["labels"]["pod"] for row in page["items"]}
            if page["next"] is None:
                return pods
            cursor = f"&before={page['next']}"
