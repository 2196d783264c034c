"""The memory alone, at 10,000 passages: a query's text to its ranking, opening, adding."""

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from bot.clock import SystemClock
from bot.demo.story import load_story
from bot.store.database import Database
from bot.suggestions.build import SuggestionBuilder
from knowledge.embed.port import Embedder, Vectors
from knowledge.evaluate.filler import sentences
from knowledge.index.projection import Projection
from knowledge.model import Generation, PastIncident, Query
from knowledge.retrieve.facts import FactsReader
from knowledge.retrieve.facts_file import FACTS_FILE, FactsFile
from knowledge.retrieve.retriever import Retriever
from knowledge.text.passages import passages_of
from tests.bench.conftest import LargeMemory
from tests.bench.measuring import Spread, Stopwatch, print_table

pytestmark = [pytest.mark.bench, pytest.mark.model]

QUERIES = 200
ADDED = 20


class Remembering:
    """The Embedder port in front of another, counting nothing twice: a text that was embedded
    before costs a look-up. With it, what is measured is the search without the model."""

    def __init__(self, inner: Embedder) -> None:
        self._inner = inner
        self._known: dict[str, Vectors] = {}
        self.remembers = False

    @property
    def generation(self) -> Generation:
        return self._inner.generation

    def embed(self, texts: Sequence[str]) -> Vectors:
        if not (self.remembers and all(text in self._known for text in texts)):
            vectors = self._inner.embed(texts)
            self._known.update(zip(texts, vectors, strict=True))
            return vectors
        return np.stack([self._known[text] for text in texts])


@dataclass(frozen=True, slots=True)
class Memory:
    """An open memory; `index` is its folder."""

    database: Database
    embedder: Remembering
    index: Path


@pytest.fixture
def memory(tmp_path: Path, large_memory: LargeMemory, real_embedder: Embedder) -> Iterator[Memory]:
    shutil.copy(large_memory.path, tmp_path / "recall.db")
    database = Database(f"sqlite:///{tmp_path / 'recall.db'}", clock=SystemClock())
    yield Memory(database, Remembering(real_embedder), tmp_path / "index")
    database.close()


def test_the_memory_at_ten_thousand_passages(memory: Memory, large_memory: LargeMemory) -> None:
    built, loaded, projection, facts = opened_twice(memory)
    try:
        assert len(projection) == large_memory.passages
        source = memory.database.knowledge_source()
        retriever = Retriever(projection, source, embed=memory.embedder.embed, facts=facts)
        builder = SuggestionBuilder(retriever, source)
        queries = questions()
        memory.embedder.remembers = False
        for query in queries[:10]:
            retriever.search(query)
        with_model = ranked(retriever, queries)
        memory.embedder.remembers = True
        without_model = ranked(retriever, queries)
        suggested = []
        for query in queries:
            with Stopwatch() as watch:
                builder.suggest(query, asked=True)
            suggested.append(watch.seconds)
        memory.embedder.remembers = False
        stored, caught_up = added(memory, projection, retriever)
    finally:
        projection.close()
    print_table(
        f"The memory at {large_memory.passages:,} passages",
        ("what", "samples", "p50 ms", "p95 ms", "most ms"),
        [
            row("query to ranking", with_model),
            row("query to ranking, embedding left out", without_model),
            row("query to whole suggestion, embedding left out", suggested),
            row("open: first time, index built from stored vectors", [built]),
            row("open: again, index loaded", [loaded]),
            row("add a document: into the database", stored),
            row("add a document: embedded and in the index", caught_up),
        ],
        notes=[
            f"Filling the database (reading, {large_memory.passages:,} passages embedded, "
            f"{large_memory.documents:,} documents written): {large_memory.seconds:.0f} s."
        ],
    )


def opened_twice(memory: Memory) -> tuple[float, float, Projection, FactsReader]:
    """Seconds for building the index and for loading it; the index, open, with what documents say
    kept beside it, as `recall serve` has it."""
    seconds = []
    for _ in range(2):
        source = memory.database.knowledge_source()
        facts = FactsReader(source, kept=FactsFile(memory.index / FACTS_FILE))
        projection = Projection(source, memory.embedder, memory.index, follower=facts)
        with Stopwatch() as watch:
            projection.open()
        seconds.append(watch.seconds)
        if len(seconds) == 1:
            projection.close()
    return seconds[0], seconds[1], projection, facts


def questions() -> Sequence[Query]:
    """Half of them alerts of the story with their labels, half plain questions."""
    story = load_story()
    alerts = [story.first_alert, *story.fire_more]
    plain = sentences(QUERIES // 2, 20, seed=7)
    found = []
    for number, text in enumerate(plain):
        alert = alerts[number % len(alerts)]
        labels = {**alert.labels, "pod": f"{alert.labels['service']}-{number}"}
        found.append(
            Query(
                text=f"{alert.text} {text}",
                alert_name=alert.name,
                service=alert.labels["service"],
                environment="prod/eu-1",
                labels=labels,
            )
        )
        found.append(Query(text=text))
    return found


def ranked(retriever: Retriever, queries: Sequence[Query]) -> Sequence[float]:
    seconds = []
    for query in queries:
        with Stopwatch() as watch:
            ranking = retriever.search(query)
        assert ranking.ranked
        seconds.append(watch.seconds)
    return seconds


def added(
    memory: Memory, projection: Projection, retriever: Retriever
) -> tuple[Sequence[float], Sequence[float]]:
    """Seconds for writing a document, and for the index to find it; one at a time."""
    stored, caught_up = [], []
    for number, text in enumerate(sentences(ADDED, 40, seed=11)):
        document = PastIncident(
            id=f"NEW-{number}",
            title=f"quince-turbine number {number} stalls",
            services=("quince-turbine",),
            symptom=f"The quince-turbine {number} stalls. {text}",
            cause="a seed in the gearbox",
            resolution="taken out",
        )
        with Stopwatch() as watch, memory.database.begin() as uow:
            uow.knowledge.upsert(
                [(document, passages_of(document))], actor="bench", now=SystemClock().now()
            )
        stored.append(watch.seconds)
        with Stopwatch() as watch:
            assert projection.catch_up() > 0
        caught_up.append(watch.seconds)
    ranking = retriever.search(Query(text="quince-turbine stalls", service="quince-turbine"))
    assert ranking.ranked[0].document_id.startswith("NEW-"), "what was added is found"
    return stored, caught_up


def row(name: str, seconds: Sequence[float]) -> Sequence[object]:
    spread = Spread.of(seconds)
    return (name, spread.n, spread.p50, spread.p95, spread.most)
