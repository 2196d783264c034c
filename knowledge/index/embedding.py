"""Vectors for passages: those the database has, and those that must still be made."""

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from knowledge.embed.port import Embedder, Vectors
from knowledge.index.source import KnowledgeSource
from knowledge.model import Passage

Progress = Callable[[int, int], None]
"""Called with (texts embedded so far, texts to embed in all)."""

_CHUNK = 256


def embed_documents(
    passages: Sequence[Passage],
    source: KnowledgeSource,
    embedder: Embedder,
    progress: Progress | None = None,
) -> int:
    """Embed the passages whose vectors are missing in `source` and store them there.

    Returns how many were embedded. Stores after every 256, so that an import that is cut off
    goes on where it stopped.
    """
    generation = embedder.generation
    texts = {passage.hash: passage.masked for passage in passages}
    for hashes in _chunks(list(texts)):
        for known in source.vectors(hashes, generation):
            del texts[known]
    missing, done = list(texts), 0
    for hashes in _chunks(missing):
        vectors = embedder.embed([texts[one] for one in hashes])
        source.store_vectors(dict(zip(hashes, vectors, strict=True)), generation)
        done += len(hashes)
        if progress is not None:
            progress(done, len(missing))
    return done


def vectors_of(passages: Sequence[Passage], source: KnowledgeSource, embedder: Embedder) -> Vectors:
    """Unit vectors in the order of `passages`, shape (n, dimension); missing ones are made.

    They are read back as they are stored (fp16), so that every machine indexes the same.
    """
    generation = embedder.generation
    hashes = list(dict.fromkeys(passage.hash for passage in passages))
    stored = dict(source.vectors(hashes, generation))
    if len(stored) < len(hashes):
        embed_documents([p for p in passages if p.hash not in stored], source, embedder)
        stored.update(source.vectors([h for h in hashes if h not in stored], generation))
    rows = np.zeros((len(passages), generation.dimension), dtype=np.float32)
    for row, passage in zip(rows, passages, strict=True):
        row[:] = stored[passage.hash]
    rows /= np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)
    return rows


def _chunks(hashes: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(hashes), _CHUNK):
        yield hashes[start : start + _CHUNK]
