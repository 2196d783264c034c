"""Turns: of two processes that write one SQLite file, none waits for more than the other's step."""

import threading
import time
from pathlib import Path

from sqlalchemy import text

from bot.clock import SystemClock
from bot.store.database import Database
from bot.store.turns import Turns
from tests.support.databases import sqlite_url

ROUNDS = 20
HOLD_SECONDS = 0.01


def test_one_that_writes_without_end_lets_the_other_in_between(tmp_path: Path) -> None:
    """Two databases of one file are to each other what two processes are."""
    url = sqlite_url(tmp_path)
    busy, patient = (Database(url, clock=SystemClock()) for _ in range(2))
    done, steps, waited = threading.Event(), [0], list[int]()

    def without_end() -> None:
        while not done.is_set():
            with busy.writing() as connection:
                connection.execute(text("UPDATE marks SET key = key"))
                until = time.monotonic() + HOLD_SECONDS
                while time.monotonic() < until:
                    pass
                steps[0] += 1

    thread = threading.Thread(target=without_end)
    thread.start()
    try:
        for _ in range(ROUNDS):
            before = steps[0]
            with patient.writing():
                waited.append(steps[0] - before)
    finally:
        done.set()
        thread.join()
        busy.close()
        patient.close()
    # The one that was under way, and one that had the turn already.
    assert sorted(waited)[ROUNDS * 3 // 4] <= 2


def test_a_turn_is_had_by_one_at_a_time_and_given_up_for_when_patience_ends(
    tmp_path: Path,
) -> None:
    one, other = (Turns(tmp_path / "recall.db", patience=0.05) for _ in range(2))
    order: list[str] = []
    with one.waited():
        with other.waited():  # goes on without it in the end
            order.append("without")
        order.append("first")
    with other.waited():
        order.append("second")
    assert order == ["without", "first", "second"]
    one.close()
    other.close()


def test_where_there_is_no_folder_all_goes_on_without_turns(tmp_path: Path) -> None:
    turns = Turns(tmp_path / "nowhere" / "recall.db", patience=5)
    with turns.waited():
        pass
    turns.close()
