"""A memory of a size that nobody embeds for a benchmark, and its stages as processes of their own.

Texts are the generator's, repeated with other numbers; vectors are the real ones of these texts,
and around them for the repetitions.
"""

import dataclasses
import hashlib
import json
import random
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np

from bot.clock import SystemClock
from bot.store.database import Database
from knowledge.child import Progress
from knowledge.embed.port import Embedder, Vectors
from knowledge.evaluate.bench import resident_mb
from knowledge.evaluate.filler import filler, sentences
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

DISTINCT = 4_000
QUERIES = 100
ADDED = 20
_NEAR = 0.03
"""Standard deviation a dimension of a repetition's vector around the real one."""

_BATCH = 500
_SEED = 20_261_126


class Known:
    """The Embedder port over vectors made before, so that a search is measured without a model."""

    def __init__(self, generation: Generation, known: dict[str, Vectors]) -> None:
        self.generation = generation
        self.known = known

    def embed(self, texts: Sequence[str]) -> Vectors:
        return np.stack([self.known[text] for text in texts])


def database_at(path: Path) -> Database:
    return Database(f"sqlite:///{path}", clock=SystemClock())


def fill(path: Path, passages: int, embedder: Embedder) -> None:
    """Write at least so many passages with their vectors into a new database."""
    database = database_at(path)
    database.migrate()
    source = database.knowledge_source()
    documents = [(one.document, passages_of(one.document)) for one in filler(DISTINCT, _SEED)]
    distinct = [passage for _, cut in documents for passage in cut]
    embed_documents(distinct, source, embedder)
    vectors = source.vectors([one.hash for one in distinct], embedder.generation)
    made = 0
    rows: list[tuple[Document, Sequence[Passage]]] = []
    near: dict[str, Vectors] = {}
    for document, cut, around in _repeated(documents, vectors):
        rows.append((document, cut))
        near.update(around)
        made += len(cut)
        if len(rows) == _BATCH or made >= passages:
            source.upsert(rows, actor="bench", now=SystemClock().now())
            source.store_vectors(near, embedder.generation)
            rows, near = [], {}
        if made >= passages:
            break
    database.close()


def _repeated(
    documents: Sequence[tuple[Document, Sequence[Passage]]], vectors: dict[str, Vectors]
) -> Iterator[tuple[Document, list[Passage], dict[str, Vectors]]]:
    chance, noise, turn = random.Random(_SEED), np.random.default_rng(_SEED), 0
    while True:
        for document, cut in documents:
            passages, around = [], {}
            for one in cut:
                name = hashlib.sha256(f"{one.hash} {turn}".encode()).hexdigest()
                told = f"{one.text} build {chance.randint(1000, 99999)}"
                near = vectors[one.hash] + _NEAR * noise.standard_normal(len(vectors[one.hash]))
                around[name] = (near / np.linalg.norm(near)).astype(np.float32)
                passages.append(
                    dataclasses.replace(
                        one, document_id=f"{document.id}-{turn}", hash=name, text=told
                    )
                )
            yield dataclasses.replace(document, id=f"{document.id}-{turn}"), passages, around
        turn += 1


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


def measure(path: Path, folder: Path, target: Path, *, progress: Progress) -> None:
    """Open the index and search it; writes the figures to `target`. For `run_in_child`."""
    from knowledge.embed.sentence_transformer import SentenceTransformerEmbedder

    model = SentenceTransformerEmbedder.load()
    texts = sentences(2 * QUERIES, 25, _SEED + 1)
    masked = [read_query(Query(text=text)).prose for text in texts]
    known = Known(model.generation, dict(zip(masked, model.embed(masked), strict=True)))
    database = database_at(path)
    source = database.knowledge_source()
    kept = FactsFile(folder / FACTS_FILE)
    facts = FactsReader(source, kept=kept)
    projection = Projection(source, known, folder, bulk=model, follower=facts)
    with Stopwatch() as opening:
        projection.open()
    retriever = Retriever(projection, source, facts=facts)
    for text in texts[:20]:
        retriever.search(Query(text=text))
    asked = texts[20 : 20 + QUERIES]
    told: dict[str, object] = {"passages": len(projection), "open_seconds": opening.seconds}
    told["hybrid"] = [
        _timed(lambda text=text: retriever.search(Query(text=text))) for text in asked
    ]
    told["vector"] = [
        _timed(lambda one=one: projection.vector_search(known.known[one], 100))
        for one in masked[20 : 20 + QUERIES]
    ]
    told["lexical"] = [
        _timed(lambda text=text: projection.lexical_search(text, 100, BODY_WEIGHTS))
        for text in asked
    ]
    extra = _extra()
    told["add with embedding"] = [
        _timed(lambda one=one: _add(database, projection, one)) for one in extra[:ADDED]
    ]
    embed_documents([part for one in extra for part in passages_of(one)], source, model)
    told["add"] = [_timed(lambda one=one: _add(database, projection, one)) for one in extra[ADDED:]]
    told["resident_mb"] = resident_mb()
    told["recall_at_10"] = _recall(projection, [known.known[one] for one in masked[20:70]])
    target.write_text(json.dumps(told))
    projection.close()
    kept.close()
    database.close()


def _extra() -> list[Document]:
    made = [one.document for one in filler(12 * ADDED, _SEED + 2)][: 2 * ADDED]
    return [dataclasses.replace(one, id=f"added-{one.id}") for one in made]


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


def _timed(work: Callable[[], object]) -> float:
    with Stopwatch() as watch:
        work()
    return watch.seconds
