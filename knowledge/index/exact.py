"""The exact vector index: every vector compared, the truth for tests of other backends."""

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Self

import numpy as np

from knowledge.embed.port import Vectors
from knowledge.errors import IndexDamaged
from knowledge.index.files import integer_fact, load_blob, save_blob
from knowledge.index.port import Ids, Scored

_KIND = "exact"


class ExactIndex:
    """Inner products with all vectors; good to some tens of thousands. Not thread-safe."""

    def __init__(self, dimension: int) -> None:
        self._dimension = dimension
        self._ids = np.empty(0, dtype=np.int64)
        self._vectors = np.empty((0, dimension), dtype=np.float32)
        self.seq = 0

    def __len__(self) -> int:
        return len(self._ids)

    def add(self, ids: Sequence[int], vectors: Vectors) -> None:
        """Add or replace; of an id given twice the last vector stays."""
        rows = checked(ids, vectors, self._dimension)
        last = {identity: at for at, identity in enumerate(ids)}
        self.remove(ids)
        self._ids = np.concatenate([self._ids, np.fromiter(last, dtype=np.int64)])
        self._vectors = np.concatenate([self._vectors, rows[list(last.values())]])

    def remove(self, ids: Sequence[int]) -> None:
        keep = ~np.isin(self._ids, np.asarray(ids, dtype=np.int64))
        self._ids, self._vectors = self._ids[keep], self._vectors[keep]

    def search(
        self, vectors: Vectors, k: int, *, without: frozenset[int] = frozenset()
    ) -> list[list[Scored]]:
        queries = checked_queries(vectors, self._dimension)
        seen = ~np.isin(self._ids, np.fromiter(without, dtype=np.int64, count=len(without)))
        ids, rows = self._ids[seen], self._vectors[seen]
        found: list[list[Scored]] = []
        for query in queries:
            # einsum sums each row in the same order, so equal vectors have equal scores.
            scores = np.einsum("ij,j->i", rows, query)
            order = np.lexsort((ids, -scores))[: max(k, 0)]
            found.append([(int(ids[at]), float(scores[at])) for at in order])
        return found

    def ids(self) -> Ids:
        return np.sort(self._ids)

    def holds(self, ids: Ids) -> bool:
        return np.array_equal(self.ids(), ids)

    def save(self, folder: Path, seq: int = 0) -> None:
        """Write atomically; `seq` is the log position this state stands for."""
        buffer = io.BytesIO()
        np.savez(buffer, ids=self._ids, vectors=self._vectors)
        facts = {"dimension": self._dimension, "count": len(self), "seq": seq}
        save_blob(folder, _KIND, buffer.getvalue(), facts)
        self.seq = seq

    @classmethod
    def load(cls, folder: Path, dimension: int) -> Self:
        data, facts = load_blob(folder, _KIND)
        index = cls(dimension)
        index.seq = integer_fact(facts, "seq")
        try:
            with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
                index._ids, index._vectors = arrays["ids"], arrays["vectors"]
        except (ValueError, KeyError, OSError, EOFError) as error:
            raise IndexDamaged(f"the vectors in {folder} cannot be read: {error}") from error
        if index._ids.dtype != np.int64 or index._vectors.dtype != np.float32:
            raise IndexDamaged(f"the vectors in {folder} are of another number type")
        if index._vectors.shape != (len(index._ids), dimension):
            raise IndexDamaged(f"the vectors in {folder} are not of {dimension} dimensions")
        return index


def checked(ids: Sequence[int], vectors: Vectors, dimension: int) -> Vectors:
    """The vectors as a float32 array of shape (len(ids), dimension); ValueError otherwise."""
    rows = np.ascontiguousarray(vectors, dtype=np.float32)
    if rows.shape != (len(ids), dimension):
        raise ValueError(f"expected vectors of shape {(len(ids), dimension)}, got {rows.shape}")
    return rows


def checked_queries(vectors: Vectors, dimension: int) -> Vectors:
    rows = np.ascontiguousarray(vectors, dtype=np.float32)
    if rows.ndim != 2 or rows.shape[1] != dimension:
        raise ValueError(f"expected query vectors of shape (n, {dimension}), got {rows.shape}")
    return rows
