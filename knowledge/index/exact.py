"""The exact vector index: every vector compared, the truth for tests of other backends."""

from collections.abc import Sequence
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from knowledge.embed.port import Vectors
from knowledge.errors import IndexDamaged
from knowledge.index.files import integer_fact, load_parts, save_parts
from knowledge.index.port import Ids, Scored

_KIND, _PART = "exact", "vectors"


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
        distinct, rows = checked(ids, vectors, self._dimension)
        self.remove(ids)
        self._ids = np.concatenate([self._ids, distinct])
        self._vectors = np.concatenate([self._vectors, rows])

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
        facts = {"dimension": self._dimension, "count": len(self), "seq": seq}
        save_parts(folder, _KIND, {_PART: self._write}, {}, facts)
        self.seq = seq

    @classmethod
    def load(cls, folder: Path, dimension: int) -> Self:
        parts, facts = load_parts(folder, _KIND, [_PART])
        index = cls(dimension)
        index.seq = integer_fact(facts, "seq")
        try:
            with np.load(folder / parts[_PART].file, allow_pickle=False) as arrays:
                index._ids, index._vectors = arrays["ids"], arrays["vectors"]
        except (ValueError, KeyError, OSError, EOFError) as error:
            raise IndexDamaged(f"the vectors in {folder} cannot be read: {error}") from error
        if index._ids.dtype != np.int64 or index._vectors.dtype != np.float32:
            raise IndexDamaged(f"the vectors in {folder} are of another number type")
        if index._vectors.shape != (len(index._ids), dimension):
            raise IndexDamaged(f"the vectors in {folder} are not of {dimension} dimensions")
        return index

    def _write(self, path: Path) -> None:
        with path.open("wb") as file:
            np.savez(file, ids=self._ids, vectors=self._vectors)


def checked(
    ids: Sequence[int], vectors: Vectors, dimension: int
) -> tuple[NDArray[np.int64], Vectors]:
    """Each id once, and the last vector that was given for it, as float32.

    ValueError unless `vectors` has the shape (len(ids), dimension).
    """
    rows = np.ascontiguousarray(vectors, dtype=np.float32)
    if rows.shape != (len(ids), dimension):
        raise ValueError(f"expected vectors of shape {(len(ids), dimension)}, got {rows.shape}")
    last = {int(identity): at for at, identity in enumerate(ids)}
    return np.fromiter(last, dtype=np.int64), rows[list(last.values())]


def checked_queries(vectors: Vectors, dimension: int) -> Vectors:
    rows = np.ascontiguousarray(vectors, dtype=np.float32)
    if rows.ndim != 2 or rows.shape[1] != dimension:
        raise ValueError(f"expected query vectors of shape (n, {dimension}), got {rows.shape}")
    return rows
