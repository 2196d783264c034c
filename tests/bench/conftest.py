"""The large memory: Larkspur's past and filler beside it, embedded once for all benchmarks."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from bot.clock import SystemClock
from bot.demo.story import knowledge
from bot.importing import Importer
from bot.store.database import Database
from knowledge.embed.port import Embedder
from knowledge.evaluate.filler import filler
from tests.bench.measuring import Stopwatch

PASSAGES = 10_000
SEED = 20_260_112


@dataclass(frozen=True, slots=True)
class LargeMemory:
    """A SQLite file with the knowledge and its vectors, and how long filling it took."""

    path: Path
    documents: int
    passages: int
    seconds: float


@pytest.fixture(scope="session")
def large_memory(tmp_path_factory: pytest.TempPathFactory, real_embedder: Embedder) -> LargeMemory:
    """At least PASSAGES passages in a database of its own; copy the file, do not change it."""
    path = tmp_path_factory.mktemp("large-memory") / "recall.db"
    clock = SystemClock()
    database = Database(f"sqlite:///{path}", clock=clock)
    try:
        database.migrate()
        importer = Importer(
            units=database,
            clock=clock,
            actor="bench",
            source=database.knowledge_source(),
            embedder=lambda: real_embedder,
        )
        with Stopwatch() as watch:
            reports = [importer.run(read(), subject=subject) for subject, read in knowledge()]
            own = sum(report.passages for report in reports)
            reports.append(importer.run(filler(PASSAGES - own, SEED), subject="filler"))
    finally:
        database.close()
    assert not [problem for report in reports for problem in report.failed]
    passages = sum(report.passages for report in reports)
    assert passages >= PASSAGES
    return LargeMemory(path, sum(r.documents for r in reports), passages, watch.seconds)
