"""A second import of 2,000 runbooks in which nothing changed, from a folder and through a sync."""

import random
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

import pytest

from bot.clock import SystemClock
from bot.importing import Importer, ImportReport
from bot.store.database import Database
from bot.sync.model import parse_source
from bot.sync.run import Sync
from knowledge.loaders import markdown_dir
from knowledge.loaders.git import GitAccess
from tests.bench.measuring import print_table
from tests.support.databases import sqlite_database
from tests.unit.loaders.test_git_pages import Remote

pytestmark = pytest.mark.bench

Result = TypeVar("Result")
PAGES = 2_000
SECTIONS = 10
GOAL_SECONDS = 5.0
_WORDS = (
    "disk", "queue", "pod", "node", "restart", "check",
    "latency", "error", "timeout", "database", "replica", "cache",
)  # fmt: skip


def write_pages(folder: Path) -> None:
    rng = random.Random(7)
    for number in range(PAGES):
        parts = [
            f"## Step {section}\n\n- {' '.join(rng.choices(_WORDS, k=60))}.\n"
            for section in range(SECTIONS)
        ]
        head = f"---\nservices: [s{number % 40}]\nowner: team-{number % 9}\ntags: [a, b]\n---\n"
        path = folder / f"team-{number % 9}" / f"page-{number}.md"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{head}\n# Page {number}\n\n" + "\n".join(parts))


def _read_folder(folder: Path, database: Database) -> Callable[[], ImportReport]:
    def run() -> ImportReport:
        importer = Importer(units=database, clock=SystemClock(), actor="cli:bench")
        pages = markdown_dir.find_pages(folder)
        return importer.run(
            lambda known: markdown_dir.load(pages, known=known), subject="runbooks bench"
        )

    return run


def test_a_second_import_of_two_thousand_runbooks_takes_five_seconds_at_most(
    tmp_path: Path,
) -> None:
    remote = Remote(tmp_path / "remote")
    write_pages(remote.folder / "docs")
    remote.says(readme="# No runbook")
    rows = []
    with sqlite_database(tmp_path, SystemClock()) as database:
        run = _read_folder(remote.folder / "docs", database)
        first, first_seconds = _timed(run)
        second, second_seconds = _timed(run)
        assert (first.added, second.unchanged, second.changed) == (PAGES, PAGES, 0)
        rows.append(("folder", f"{first_seconds:.1f}", f"{second_seconds:.1f}"))
        sync = Sync(
            units=database,
            clock=SystemClock(),
            sources=[parse_source(f"git+{remote.url}#main:docs")],
            importer=lambda: Importer(units=database, clock=SystemClock(), actor="sync:bench"),
            access=GitAccess(),
            copies=tmp_path / "copies",
            every=timedelta(hours=1),
        )
        (state,), first_sync = _timed(lambda: tuple(sync.run().values()))
        assert state.unchanged == PAGES
        (state,), second_sync = _timed(lambda: tuple(sync.run().values()))
        assert state.unchanged == PAGES
        rows.append(("git, fetched anew", f"{first_sync:.1f}", f"{second_sync:.1f}"))
    print_table(
        f"Import of {PAGES:,} runbooks without a model",
        ("source", "first, s", "second with no change, s"),
        rows,
        notes=[f"Goal: the second at most {GOAL_SECONDS:.0f} s."],
    )
    assert max(second_seconds, second_sync) <= GOAL_SECONDS


def _timed(action: Callable[[], Result]) -> tuple[Result, float]:
    began = time.perf_counter()
    result = action()
    return result, time.perf_counter() - began
