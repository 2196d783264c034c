"""How fast the memory is on this machine, beside a plain pipeline measured in the same run.

The corpus is made by a seeded generator. The plain pipeline is what anybody writes first: the
model in float32, batches as they come, every vector compared, BM25 over every passage.
"""

import math
import os
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from knowledge.embed.port import Embedder, Vectors
from knowledge.evaluate.filler import filler, sentences
from knowledge.evaluate.memory_source import MemorySource
from knowledge.evaluate.metrics import percentile
from knowledge.index.embedding import embed_documents
from knowledge.index.projection import Projection
from knowledge.model import Document, Generation, Passage, Query
from knowledge.retrieve.candidates import BODY_WEIGHTS
from knowledge.retrieve.retriever import Retriever
from knowledge.text.passages import passages_of

QUERIES = 100
ADDED = 10
_WORDS = 25
_TEXTS = 256
_PLAIN_BATCH = 32
_K1, _B = 1.2, 0.75

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Timed:
    """Milliseconds over several runs of one thing."""

    p50: float
    p95: float

    @classmethod
    def of(cls, seconds: Sequence[float]) -> "Timed":
        told = [1000 * one for one in seconds]
        return cls(round(percentile(told, 0.5), 2), round(percentile(told, 0.95), 2))

    def as_dict(self) -> dict[str, float]:
        return {"p50": self.p50, "p95": self.p95}


def bench(
    product: Embedder,
    plain: Embedder,
    *,
    passages: int = 10_000,
    seed: int = 0,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """The figures, the keys of `recall bench --json`. `plain` is the model in float32."""
    tell = progress or (lambda _stage, _done, _total: None)
    documents = [one.document for one in filler(passages, seed)]
    source = MemorySource(documents)
    cut = [passage for one in documents for passage in passages_of(one)]
    began = time.perf_counter()
    embedded = embed_documents(
        cut, source, product, lambda done, total: tell("embedding", done, total)
    )
    bulk = time.perf_counter() - began
    told: dict[str, Any] = {
        "passages": len(cut),
        "dtype": product.generation.dtype,
        "embedding": _embedding(product, plain, seed),
        "bulk_texts_a_second": round(embedded / bulk, 1),
    }
    with tempfile.TemporaryDirectory(prefix="recall-bench-") as folder:
        told |= _memory(product, source, Path(folder), cut, seed, tell)
    told["plain"] = _plain(plain, source, product.generation, cut, seed, tell)
    told["ratios"] = {
        "query": _ratio(told["plain"]["query_ms"], told["query_ms"]),
        "search": _ratio(told["plain"]["search_ms"], told["search_ms"]),
        "embedding_short": told["embedding"]["short"]["ratio"],
        "embedding_long": told["embedding"]["long"]["ratio"],
    }
    return told


def _embedding(product: Embedder, plain: Embedder, seed: int) -> dict[str, Any]:
    """Texts a second, many at once: ours, and the plain model in batches as they come."""
    told: dict[str, Any] = {}
    for name, words, count in (("short", 12, 4 * _TEXTS), ("long", 200, _TEXTS // 4)):
        texts = sentences(count, words, seed)
        product.embed(texts[:_PLAIN_BATCH])
        plain.embed(texts[:_PLAIN_BATCH])
        ours = count / _seconds(lambda texts=texts: product.embed(texts))  # type: ignore[misc]
        began = time.perf_counter()
        for start in range(0, count, _PLAIN_BATCH):
            plain.embed(texts[start : start + _PLAIN_BATCH])
        theirs = count / (time.perf_counter() - began)
        told[name] = {
            "texts_a_second": round(ours, 1),
            "plain_texts_a_second": round(theirs, 1),
            "ratio": round(ours / theirs, 2),
        }
    return told


def _memory(
    embedder: Embedder,
    source: MemorySource,
    folder: Path,
    cut: Sequence[Passage],
    seed: int,
    tell: Progress,
) -> dict[str, Any]:
    known = _Known(embedder)
    first = Projection(source, known, folder)
    build = _seconds(first.open)
    first.close()
    projection = Projection(source, known, folder)
    opened = _seconds(projection.open)
    try:
        retriever = Retriever(projection, source, embed=known.embed)
        texts = sentences(QUERIES, _WORDS, seed + 1)
        for text in texts[:5]:
            retriever.search(Query(text=text))
        whole, search, vector, lexical = [], [], [], []
        for number, text in enumerate(texts):
            known.remembers = False
            whole.append(_seconds(lambda text=text: retriever.search(Query(text=text))))  # type: ignore[misc]
            known.remembers = True
            search.append(_seconds(lambda text=text: retriever.search(Query(text=text))))  # type: ignore[misc]
            one = embedder.embed([text])[0]
            vector.append(_seconds(lambda one=one: projection.vector_search(one, 100)))  # type: ignore[misc]
            lexical.append(
                _seconds(lambda text=text: projection.lexical_search(text, 100, BODY_WEIGHTS))  # type: ignore[misc]
            )
            tell("asking", number + 1, len(texts))
        known.remembers = False
        added = [
            _seconds(lambda extra=extra: _add(source, projection, extra))  # type: ignore[misc]
            for extra in _extra(ADDED, seed + 2)
        ]
        resident = resident_mb()
    finally:
        projection.close()
    return {
        "query_ms": Timed.of(whole).as_dict(),
        "search_ms": Timed.of(search).as_dict(),
        "vector_ms": Timed.of(vector).as_dict(),
        "lexical_ms": Timed.of(lexical).as_dict(),
        "add_ms": Timed.of(added).as_dict(),
        "build_seconds": round(build, 2),
        "open_seconds": round(opened, 2),
        "resident_mb": resident,
    }


def _extra(count: int, seed: int) -> list[Document]:
    """Documents that are in no corpus of the generator's, under ids of their own."""
    import dataclasses

    made = [one.document for one in filler(4 * count, seed)][:count]
    return [dataclasses.replace(one, id=f"added-{one.id}") for one in made]


def _add(source: MemorySource, projection: Projection, document: Document) -> None:
    source.put(document)
    projection.catch_up()


def _plain(
    plain: Embedder,
    source: MemorySource,
    generation: Generation,
    cut: Sequence[Passage],
    seed: int,
    tell: Progress,
) -> dict[str, Any]:
    """The plain pipeline's query: embed, compare every vector, score every passage, fuse ranks."""
    vectors = source.vectors([one.hash for one in cut], generation)
    matrix = np.array([vectors[one.hash] for one in cut], dtype=np.float32)
    counted = [Counter(one.text.lower().split()) for one in cut]
    lengths = [sum(words.values()) for words in counted]
    average = sum(lengths) / len(lengths)
    frequency = Counter(word for words in counted for word in words)
    texts = sentences(QUERIES // 4, _WORDS, seed + 1)
    whole, search = [], []
    for number, text in enumerate(texts):
        began = time.perf_counter()
        query = plain.embed([text])[0]
        embedded = time.perf_counter()
        dense = np.argsort(-(matrix @ query))
        scores = _bm25(text, counted, lengths, average, frequency)
        lexical = np.argsort(-scores)
        fused = np.zeros(len(cut))
        for order in (dense, lexical):
            fused[order] += 1.0 / (60.0 + np.arange(1, len(cut) + 1))
        np.argsort(-fused)
        ended = time.perf_counter()
        whole.append(ended - began)
        search.append(ended - embedded)
        tell("plain", number + 1, len(texts))
    return {"query_ms": Timed.of(whole).as_dict(), "search_ms": Timed.of(search).as_dict()}


def _bm25(
    text: str,
    counted: Sequence[Counter[str]],
    lengths: Sequence[int],
    average: float,
    frequency: Counter[str],
) -> Vectors:
    scores = np.zeros(len(counted), dtype=np.float32)
    rarity = {
        word: math.log(1 + (len(counted) - frequency[word] + 0.5) / (frequency[word] + 0.5))
        for word in set(text.lower().split())
    }
    for at, words in enumerate(counted):
        norm = _K1 * (1 - _B + _B * lengths[at] / average)
        scores[at] = sum(
            idf * words[word] * (_K1 + 1) / (words[word] + norm)
            for word, idf in rarity.items()
            if word in words
        )
    return scores


class _Known:
    """An embedder that can remember: searching the second time costs no model."""

    def __init__(self, inner: Embedder) -> None:
        self._inner = inner
        self._vectors: dict[str, Vectors] = {}
        self.remembers = False

    @property
    def generation(self) -> Generation:
        return self._inner.generation

    def embed(self, texts: Sequence[str]) -> Vectors:
        if self.remembers and all(text in self._vectors for text in texts):
            return np.array([self._vectors[text] for text in texts])
        made = self._inner.embed(texts)
        self._vectors.update(zip(texts, made, strict=True))
        return made


def _seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _ratio(theirs: dict[str, float], ours: dict[str, float]) -> float:
    return round(theirs["p50"] / ours["p50"], 2) if ours["p50"] else 0.0


def resident_mb() -> float | None:
    """Resident memory of this process; None where the system does not tell."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    except (OSError, ValueError, IndexError):
        return None
    return round(pages * os.sysconf("SC_PAGE_SIZE") / 1e6, 1)
