"""Logs of 100,000 lines: seconds for formats, masking and mining on one core, and memory.

"real" are the development data's lines of eight systems, repeated; "generated" needs no data.
Each log is read in a process of its own, so that its memory is its own.
"""

import json
import multiprocessing
import random
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from knowledge.text.logs import read_log
from tests.bench.measuring import print_table
from tests.support.dev_data import dev_data

pytestmark = pytest.mark.bench

LINES = 100_000
GOAL = 5.0
GOAL_DISTINCT = 10.0


@cache
def real() -> list[str]:
    rows = [
        json.loads(line)["raw"]
        for path in sorted(dev_data("logs-dev").glob("*.jsonl"))
        for line in path.read_text(encoding="utf-8").splitlines()
    ]
    return (rows * (LINES // len(rows) + 1))[:LINES]


def generated() -> list[str]:
    """One service's lines, each with its own ids, times and amounts; one in 50 is an error."""
    chance = random.Random(3)
    return [
        f"2026-11-22 02:{chance.randrange(60):02}:{chance.randrange(60):02},"
        f"{chance.randrange(1000):03} INFO [worker-{chance.randrange(9)}] shop.cart.Cart - "
        f"order {chance.randrange(10**8)} paid {chance.random() * 99:.2f} EUR in "
        f"{chance.randrange(999)} ms from 10.0.{chance.randrange(255)}.{chance.randrange(255)} "
        f"trace={chance.getrandbits(128):032x}"
        if number % 50
        else f"2026-11-22 02:00:00,000 ERROR [worker-1] shop.pay - card of {number} refused"
        for number in range(LINES)
    ]


def distinct() -> list[str]:
    """Lines that have nothing in common."""
    chance = random.Random(5)
    letters = "abcdefghijklmnopqrstuvwxyz"
    words = ["".join(chance.choices(letters, k=chance.randint(3, 10))) for _ in range(20_000)]
    return [
        " ".join(chance.choices(words, k=chance.randint(5, 20))) + f" {chance.getrandbits(60):x}"
        for _ in range(LINES)
    ]


def long_lines() -> list[str]:
    """50 MB of lines of 500 characters, most of them hexadecimal."""
    chance = random.Random(9)
    return [f"dump {chance.getrandbits(2000):x}" for _ in range(LINES)]


LOGS: dict[str, Callable[[], list[str]]] = {
    "real, repeated": real,
    "generated": generated,
    "mostly distinct": distinct,
    "50 MB of long lines": long_lines,
}


def read_alone(name: str, answers: "multiprocessing.Queue[tuple[float, int, int, float]]") -> None:
    lines = LOGS[name]()
    # Making the lines has a peak of its own, behind which what follows could hide.
    Path("/proc/self/clear_refs").write_text("5")
    before = resident("VmRSS")
    began = time.process_time()
    digest = read_log(lines)
    seconds = time.process_time() - began
    grown = resident("VmHWM") - before
    answers.put((seconds, digest.lines, len(digest.templates), grown / 1024))


def resident(name: str) -> int:
    """KB that this process has now (VmRSS) or had at the most (VmHWM)."""
    status = Path("/proc/self/status").read_text()
    return int(next(row.split()[1] for row in status.splitlines() if row.startswith(name)))


@pytest.mark.dev_data
def test_a_hundred_thousand_lines() -> None:
    real()  # skips here, not in the child
    spawn = multiprocessing.get_context("spawn")
    rows = []
    for name in LOGS:
        answers = spawn.Queue()
        child = spawn.Process(target=read_alone, args=(name, answers))
        child.start()
        seconds, lines, templates, grown = answers.get(timeout=300)
        child.join()
        assert lines == LINES
        goal = GOAL_DISTINCT if name == "mostly distinct" else GOAL
        rows.append((name, seconds, goal, LINES / seconds, templates, grown))
    print_table(
        f"Reading {LINES:,} log lines, one core",
        ("log", "s (CPU)", "goal", "lines a second", "templates", "MB grown"),
        rows,
        notes=["MB grown: peak resident memory beyond the lines themselves."],
    )
