"""Slack while the bot is busy: acknowledgements with many questions in flight, and answers while
a large import runs. Goals: acknowledgement p99 200 ms; answer p95 2 s.

Real `recall serve` processes; each question goes to a channel that has rested, since the bot
says one message a second in each.
"""

import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from itertools import cycle
from pathlib import Path

import pytest

from bot.demo.stage import Stage
from bot.demo.story import DATA, StoryAlert, load_story
from bot.workspace.model import Message
from bot.workspace.server import Room
from knowledge.evaluate.filler import filler
from knowledge.model import Runbook
from knowledge.text.passages import passages_of
from tests.bench.conftest import LargeMemory
from tests.bench.measuring import Spread, print_table
from tests.bench.test_event_to_card import answerable, question

pytestmark = [pytest.mark.bench, pytest.mark.processes, pytest.mark.model]

IN_FLIGHT = 20
ROUNDS = 10
IMPORTED = 20_000
QUIET = 20
_PATIENCE_SECONDS = 60.0


@pytest.fixture
def stage(tmp_path: Path, large_memory: LargeMemory) -> Iterator[Stage]:
    shutil.copy(large_memory.path, tmp_path / "recall.db")
    with Stage(tmp_path, services=DATA / "services.yaml", knowledge=()) as opened:
        opened.workspace.wait_until_connected()
        yield opened


class Rooms:
    """So many channels, taken in turn."""

    def __init__(self, stage: Stage, count: int) -> None:
        self._stage = stage
        self._alice = stage.person("alice")
        self.names = [f"room-{number}" for number in range(count)]
        for name in self.names:
            stage.workspace.add_channel(Room(name))
        self._alerts = cycle(answerable(load_story()))
        self._asked = 0

    def ask(self, name: str) -> Message:
        self._asked += 1
        alert: StoryAlert = next(self._alerts)
        return self._alice.mentions_bot(name, question(alert, self._asked))

    def wait_for_answer(self, name: str, asked: Message) -> float:
        """Seconds from the question to the moment when its answer stood in the thread."""

        def found() -> Message | None:
            return next(iter(self._stage.workspace.thread(name, asked.ts)[1:]), None)

        answer = self._stage.workspace.wait_for(found, _PATIENCE_SECONDS)
        assert answer is not None
        return float(answer.ts) - float(asked.ts)


def acknowledgements(stage: Stage, since: int) -> Sequence[float]:
    """Of every delivery since then; the events of the last answers may be under way still."""

    def all_of_them() -> list[float] | None:
        seconds = [one.ack_seconds for one in stage.workspace.deliveries[since:]]
        known = [one for one in seconds if one is not None]
        return known if len(known) == len(seconds) else None

    seconds = stage.workspace.wait_for(all_of_them, _PATIENCE_SECONDS)
    assert seconds is not None, "every delivery was acknowledged"
    return seconds


def test_acknowledgements_while_questions_are_in_flight(stage: Stage) -> None:
    rooms = Rooms(stage, IN_FLIGHT)
    rooms.wait_for_answer(rooms.names[0], rooms.ask(rooms.names[0]))  # warm
    before = len(stage.workspace.deliveries)
    answers: list[float] = []
    for _ in range(ROUNDS):
        asked = [(name, rooms.ask(name)) for name in rooms.names]
        answers += [rooms.wait_for_answer(name, one) for name, one in asked]
    # The message, its mention and the bot's own answer: whatever Slack sends is acknowledged.
    spread = Spread.of(acknowledgements(stage, before))
    told = Spread.of(answers)
    print_table(
        f"Slack's events while {IN_FLIGHT} questions are in flight",
        ("what", "samples", "p50 ms", "p95 ms", "p99 ms", "most ms"),
        [
            ("event to acknowledgement", *row(spread)),
            (f"question to answer, {IN_FLIGHT} at once", *row(told)),
        ],
        notes=["Goal: acknowledgement p99 200 ms."],
    )


def test_answers_while_a_large_import_runs(stage: Stage, tmp_path: Path) -> None:
    folder = tmp_path / "pages"
    passages = write_pages(folder)
    rooms = Rooms(stage, 6)
    turns = cycle(rooms.names)

    def ask_once() -> float:
        name = next(turns)
        began = time.monotonic()
        took = rooms.wait_for_answer(name, rooms.ask(name))
        threading.Event().wait(max(0.0, 0.25 - (time.monotonic() - began)))
        return took

    quiet = [ask_once() for _ in range(QUIET)]
    began = time.monotonic()
    importing = start_import(tmp_path, folder)
    busy: list[float] = []
    while importing.poll() is None:
        busy.append(ask_once())
    lasted = time.monotonic() - began
    assert importing.returncode == 0, (tmp_path / "import.log").read_text()
    after = [ask_once() for _ in range(QUIET)]
    print_table(
        f"Question to answer around an import of {passages:,} passages ({lasted:.0f} s)",
        ("when", "samples", "p50 ms", "p95 ms", "p99 ms", "most ms"),
        [
            ("before", *row(Spread.of(quiet))),
            ("while it runs", *row(Spread.of(busy))),
            ("after, while the index catches up", *row(Spread.of(after))),
        ],
        notes=["Goal while it runs: p95 2 s."],
    )


def row(spread: Spread) -> tuple[object, ...]:
    return (spread.n, spread.p50, spread.p95, spread.p99, spread.most)


def write_pages(folder: Path) -> int:
    """Markdown pages of at least IMPORTED passages in all; how many they make."""
    folder.mkdir()
    made = 0
    for loaded in filler(5 * IMPORTED, seed=7):
        document = loaded.document
        if isinstance(document, Runbook):
            name = document.id.replace("/", "-").removesuffix(".md")
            (folder / f"bench-{name}.md").write_text(document.body, encoding="utf-8")
            made += len(passages_of(document))
        if made >= IMPORTED:
            break
    assert made >= IMPORTED
    return made


def start_import(data: Path, folder: Path) -> subprocess.Popen[bytes]:
    """As somebody types it beside the running bot; what it says is in `import.log`."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("RECALL_", "SLACK_"))}
    with (data / "import.log").open("wb") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "bot", "import", "runbooks", str(folder)],
            env={**environment, "RECALL_DATA_DIR": str(data)},
            stdout=log,
            stderr=subprocess.STDOUT,
        )
