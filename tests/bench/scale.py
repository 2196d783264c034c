"""A memory of a size that nobody embeds for a benchmark; its stages are processes of their own."""

import dataclasses
import gc
import json
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from bot.clock import SystemClock
from bot.store.database import Database
from knowledge.child import Progress
from knowledge.embed.port import Vectors
from knowledge.evaluate.bench import resident_mb
from knowledge.evaluate.filler import filler
from knowledge.index.embedding import embed_documents
from knowledge.index.projection import Projection
from knowledge.model import Document, Generation, Passage, Query
from knowledge.retrieve.candidates import BODY_WEIGHTS
from knowledge.retrieve.facts import FactsReader
from knowledge.retrieve.facts_file import FACTS_FILE, FactsFile
from knowledge.retrieve.reading import read_query
from knowledge.retrieve.retriever import Retriever
from knowledge.text.passages import passages_of
from tests.bench.measuring import Stopwatch
from tests.bench.scale_texts import SEED, cut_documents, questions, repeated

QUERIES = 200
WARMING = 20
"""Questions asked before any is measured; none of them is asked again."""

ADDED = 20
_COMPARED = 50
_BATCH = 500
_FILLED = "filled"


class Known:
    """The Embedder port over vectors made before, so that a search is measured without a model."""

    def __init__(self, generation: Generation, known: dict[str, Vectors]) -> None:
        self.generation = generation
        self.known = known

    def embed(self, texts: Sequence[str]) -> Vectors:
        return np.stack([self.known[text] for text in texts])


def database_at(path: Path) -> Database:
    return Database(f"sqlite:///{path}", clock=SystemClock())


def fill(path: Path, passages: int, data: Path | None, *, progress: Progress) -> None:
    """Write at least so many passages with their vectors into a new database, unless that was
    done before; a stage for `run_in_child`."""
    done = path.with_suffix(f".{_FILLED}")
    if done.exists():
        return
    from knowledge.embed.sentence_transformer import SentenceTransformerEmbedder

    embedder = SentenceTransformerEmbedder.load()
    database = database_at(path)
    database.migrate()
    source = database.knowledge_source()
    documents = cut_documents(data)
    distinct = [passage for _, cut in documents for passage in cut]
    embed_documents(distinct, source, embedder)
    vectors = source.vectors([one.hash for one in distinct], embedder.generation)
    made = 0
    rows: list[tuple[Document, Sequence[Passage]]] = []
    near: dict[str, Vectors] = {}
    for document, cut, around in repeated(documents, vectors):
        rows.append((document, cut))
        near.update(around)
        made += len(cut)
        if len(rows) == _BATCH or made >= passages:
            source.upsert(rows, actor="bench", now=SystemClock().now())
            source.store_vectors(near, embedder.generation)
            rows, near = [], {}
            progress("fill", made, passages)
        if made >= passages:
            break
    database.close()
    done.touch()


def build(path: Path, folder: Path, generation: Generation, *, progress: Progress) -> None:
    """Build the index; a stage for `run_in_child`."""
    database = database_at(path)
    source = database.knowledge_source()
    facts = FactsFile(folder / FACTS_FILE)
    projection = Projection(
        source,
        Known(generation, {}),
        folder,
        progress=lambda done, total: progress("index", done, total),
        follower=FactsReader(source, kept=facts),
    )
    projection.open()
    projection.close()
    facts.close()
    database.close()


def measure(
    path: Path, folder: Path, data: Path | None, target: Path, *, progress: Progress
) -> None:
    """Open the index and search it; writes the figures to `target`. For `run_in_child`.

    Each figure is a list of [seconds, seconds of processor time] over all threads.
    """
    from knowledge.embed.sentence_transformer import SentenceTransformerEmbedder

    model = SentenceTransformerEmbedder.load()
    queries = [Query(text=one) for one in questions(data, WARMING + QUERIES)]
    readings = [read_query(query) for query in queries]
    texts = sorted({text for one in readings for text in (one.prose, one.log_text) if text})
    known = Known(model.generation, dict(zip(texts, model.embed(texts), strict=True)))
    database = database_at(path)
    source = database.knowledge_source()
    kept = FactsFile(folder / FACTS_FILE)
    facts = FactsReader(source, kept=kept)
    projection = Projection(source, known, folder, bulk=model, follower=facts)
    told: dict[str, object] = {"model_mb": resident_mb()}
    told["open"] = [_timed(projection.open)]
    # As the engine does once it is built; a full collection would stop one search for .3 s.
    gc.collect()
    gc.freeze()
    retriever = Retriever(projection, source, facts=facts)
    for query in queries[:WARMING]:
        retriever.search(query)
    told["passages"] = len(projection)
    told["hybrid"] = [
        _timed(lambda query=query: retriever.search(query)) for query in queries[WARMING:]
    ]
    vectors = [known.known[one.prose] for one in readings[WARMING:] if one.prose]
    told["vector"] = [_timed(lambda one=one: projection.vector_search(one, 100)) for one in vectors]
    told["lexical"] = [
        _timed(lambda one=one: projection.lexical_search(one.lexical, 100, BODY_WEIGHTS))
        for one in readings[WARMING:]
    ]
    extra = _extra(source.head())
    told["add with embedding"] = [
        _timed(lambda one=one: _add(database, projection, one)) for one in extra[:ADDED]
    ]
    embed_documents([part for one in extra for part in passages_of(one)], source, model)
    told["add"] = [_timed(lambda one=one: _add(database, projection, one)) for one in extra[ADDED:]]
    told["resident_mb"] = resident_mb()
    told["recall_at_10"] = _recall(projection, vectors[:_COMPARED])
    told["close"] = [_timed(projection.close)]
    target.write_text(json.dumps(told))
    kept.close()
    database.close()


def _extra(run: int) -> list[Document]:
    """Documents whose texts no earlier run added, for their vectors would be there already; `run`
    is the log's position."""
    made = [one.document for one in filler(12 * ADDED, SEED + 2 + run)][: 2 * ADDED]
    return [dataclasses.replace(one, id=f"added-{run}-{one.id}") for one in made]


def _add(database: Database, projection: Projection, document: Document) -> None:
    source = database.knowledge_source()
    source.upsert([(document, passages_of(document))], actor="bench", now=SystemClock().now())
    projection.catch_up()


def _recall(projection: Projection, queries: Sequence[Vectors]) -> float:
    """Share of the true ten nearest that a search finds, over all queries."""
    asked = np.stack(queries)
    best = [np.zeros((0, 2))] * len(queries)
    for ids, rows in projection._open_parts().vectors._index.snapshot():
        scores = rows @ asked.T
        for at in range(len(queries)):
            top = np.argsort(-scores[:, at])[:10]
            both = np.concatenate([best[at], np.stack([scores[top, at], ids[top]], axis=1)])
            best[at] = both[np.argsort(-both[:, 0])][:10]
    found = sum(
        len({i for i, _ in projection.vector_search(query, 10)} & set(best[at][:, 1].astype(int)))
        for at, query in enumerate(queries)
    )
    return found / (10 * len(queries))


def _timed(work: Callable[[], object]) -> tuple[float, float]:
    """Seconds, and seconds of processor time of all threads."""
    before = time.process_time()
    with Stopwatch() as watch:
        work()
    return watch.seconds, time.process_time() - before
