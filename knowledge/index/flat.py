"""The vector index for small memories: FAISS compares every vector."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Self

import faiss
import numpy as np

from knowledge.embed.port import Vectors
from knowledge.errors import IndexDamaged
from knowledge.index.exact import checked, checked_queries
from knowledge.index.files import integer_fact, load_parts, save_parts
from knowledge.index.port import Ids, Scored
from knowledge.index.selectors import Selectors

KIND = "flat"
_PART = "vectors"


class FlatIndex:
    """Flat inner product under the database's ids (IndexIDMap2 over IndexFlatIP).

    Exact, and quick to some tens of thousands. Not thread-safe.
    """

    def __init__(self, dimension: int) -> None:
        self._dimension = dimension
        self._index: Any = faiss.IndexIDMap2(faiss.IndexFlatIP(dimension))
        self._selectors = Selectors()
        self.seq = 0

    def __len__(self) -> int:
        return int(self._index.ntotal)

    def add(self, ids: Sequence[int], vectors: Vectors) -> None:
        """Add or replace; of an id given twice the last vector stays."""
        distinct, rows = checked(ids, vectors, self._dimension)
        if len(distinct):
            self.remove(ids)
            self._index.add_with_ids(rows, distinct)

    def remove(self, ids: Sequence[int]) -> None:
        if len(ids) and len(self):
            self._index.remove_ids(np.unique(np.asarray(ids, dtype=np.int64)))

    def search(
        self, vectors: Vectors, k: int, *, without: frozenset[int] = frozenset()
    ) -> list[list[Scored]]:
        queries = checked_queries(vectors, self._dimension)
        if k <= 0 or not len(self):
            return [[] for _ in queries]
        # One query at a time on this thread: many threads for one small scan only fight.
        faiss.omp_set_num_threads(1)
        selector = self._selectors.of(without)
        parameters: Any = None
        if selector is not None:
            parameters = faiss.SearchParameters()
            parameters.sel = selector
        return [self._search_one(query[np.newaxis], k, parameters) for query in queries]

    def _search_one(self, query: Vectors, k: int, parameters: Any) -> list[Scored]:
        """The k best, ties by id; asks for more while a tie crosses the edge of the answer."""
        ask = min(len(self), k + 1)
        while True:
            scores, ids = self._index.search(query, ask, params=parameters)
            pairs = zip(ids[0].tolist(), scores[0].tolist(), strict=True)
            found = [(identity, score) for identity, score in pairs if identity != -1]
            complete = len(found) < ask or ask == len(self)
            if complete or found[-1][1] < found[k - 1][1]:
                found.sort(key=lambda pair: (-pair[1], pair[0]))
                return found[:k]
            ask = min(len(self), ask * 2)

    def ids(self) -> Ids:
        return np.sort(faiss.vector_to_array(self._index.id_map))

    def holds(self, ids: Ids) -> bool:
        return np.array_equal(self.ids(), ids)

    def snapshot(self) -> Iterable[tuple[Ids, Vectors]]:
        """All ids with their vectors as they are now, whatever changes later."""
        inner: Any = faiss.downcast_index(self._index.index)
        rows = faiss.vector_to_array(inner.codes)
        vectors = rows.view(np.float32).reshape(len(self), self._dimension)
        return [(faiss.vector_to_array(self._index.id_map), vectors)]

    def vectors_of(self, ids: Ids) -> Vectors:
        """The vectors of ids that are there, shape (len(ids), dimension)."""
        return np.asarray(self._index.reconstruct_batch(ids))

    def save(self, folder: Path, seq: int = 0) -> None:
        """Write atomically; `seq` is the log position this state stands for."""
        facts = {"dimension": self._dimension, "count": len(self), "seq": seq}
        writers = {_PART: lambda path: faiss.write_index(self._index, str(path))}
        save_parts(folder, KIND, writers, {}, facts)
        self.seq = seq

    @classmethod
    def load(cls, folder: Path, dimension: int) -> Self:
        parts, facts = load_parts(folder, KIND, [_PART])
        try:
            read = faiss.read_index(str(folder / parts[_PART].file))
        except RuntimeError as error:  # faiss throws everything as this
            raise IndexDamaged(f"faiss cannot read the index in {folder}") from error
        if not isinstance(read, faiss.IndexIDMap2) or read.d != dimension:
            raise IndexDamaged(f"the index in {folder} is of another shape")
        if read.ntotal != integer_fact(facts, "count"):
            raise IndexDamaged(f"the index in {folder} holds another number of vectors")
        index = cls(dimension)
        index._index = read
        index.seq = integer_fact(facts, "seq")
        return index
