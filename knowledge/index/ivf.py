"""The vector index for large memories: FAISS inverted lists of eight-bit codes, scored exactly.

The codes (Jegou, Douze and Schmid 2011 for the lists; one byte a dimension) only propose; what
they propose is scored with the vectors themselves, at half precision from a file. So scores do
not depend on how the lists were trained, and memory holds one byte a dimension.
"""

import math
import os
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, Self

import faiss
import numpy as np

from knowledge.embed.port import Vectors
from knowledge.errors import IndexDamaged
from knowledge.index.exact import checked, checked_queries
from knowledge.index.files import Part, integer_fact, load_parts, save_parts
from knowledge.index.half_rows import HalfRows
from knowledge.index.port import Ids, Scored
from knowledge.index.selectors import Selectors

KIND = "ivf"
SAMPLED_A_CELL = 64
"""Vectors to learn one centroid from; FAISS warns below 39."""

_LEARNT_BY_A_THREAD = 10_000
"""Vectors of a sample that are worth a thread; below, they would only wait for each other."""

_PROBED = 32
"""Lists looked into at first; more only where too few passages are visible in them."""

_PROPOSED = 2
_LEAST_PROPOSED = 100
"""Codes propose twice as many as are asked for, and at least so many."""

_ROWS_AT_ONCE = 4096
_CHANGED_MOST = 20_000
_CHANGED_SHARE = 0.1
"""A save writes only what changed until that is this share of all and more than so many."""


def cells_for(count: int) -> int:
    """How many lists suit so many vectors: about the square root."""
    return max(1, math.isqrt(count))


class IvfIndex:
    """Nearest by inner product among very many unit vectors. Not thread-safe.

    Made by `trained` or `load`. What the index was trained with decides which vectors are
    compared; a reader's hidden vectors change nothing only if it was trained without them.
    """

    def __init__(self, index: Any, rows: HalfRows, learnt_at: int) -> None:
        self._index = index
        self._rows = rows
        self.learnt_at = learnt_at
        """How many vectors the lists were learnt for."""

        self._dimension = int(index.d)
        self._parts: dict[str, Part] = {}
        """Files of the base this state stands on, as they were last written or read."""

        self._base_count = 0
        self._base_folder: Path | None = None
        self._selectors = Selectors()
        self.seq = 0

    @classmethod
    def trained(cls, dimension: int, sample: Vectors, count: int, threads: int = 1) -> Self:
        """An empty index for about `count` vectors, its lists learnt from `sample` (n, dimension).

        Takes seconds on `threads` at most (0: all there are), the interpreter free meanwhile.
        """
        useful = 1 + len(sample) // _LEARNT_BY_A_THREAD
        faiss.omp_set_num_threads(min(threads or os.cpu_count() or 1, useful))
        cells = max(1, min(cells_for(count), len(sample)))
        quantiser = faiss.IndexFlatIP(dimension)
        index: Any = faiss.IndexIVFScalarQuantizer(
            quantiser, dimension, cells, faiss.ScalarQuantizer.QT_8bit, faiss.METRIC_INNER_PRODUCT
        )
        index.cp.min_points_per_centroid = 1  # small ones in tests are no reason for a warning
        index.train(np.ascontiguousarray(sample, dtype=np.float32))
        kinds: Any = faiss  # its stubs leave out the direct map
        index.set_direct_map_type(kinds.DirectMap.Hashtable)
        return cls(index, HalfRows(dimension), count)

    def __len__(self) -> int:
        return int(self._index.ntotal)

    def add(self, ids: Sequence[int], vectors: Vectors) -> None:
        """Add or replace; of an id given twice the last vector stays."""
        distinct, rows = checked(ids, vectors, self._dimension)
        if len(distinct):
            self.remove(ids)
            self._rows.put(distinct.tolist(), rows)
            self._index.add_with_ids(rows, distinct)

    def remove(self, ids: Sequence[int]) -> None:
        self._forget(self._rows.drop([int(identity) for identity in ids]))

    def search(
        self, vectors: Vectors, k: int, *, without: frozenset[int] = frozenset()
    ) -> list[list[Scored]]:
        queries = checked_queries(vectors, self._dimension)
        if k <= 0 or not len(self):
            return [[] for _ in queries]
        faiss.omp_set_num_threads(1)
        return [self._search_one(query, k, without) for query in queries]

    def ids(self) -> Ids:
        return self._rows.ids()

    def holds(self, ids: Ids) -> bool:
        return len(ids) == len(self) and np.array_equal(self.ids(), ids)

    def snapshot(self) -> Iterable[tuple[Ids, Vectors]]:
        """All ids with their vectors as they are now, whatever changes later."""
        return self._rows.copy().chunks(_ROWS_AT_ONCE)

    def vectors_of(self, ids: Ids) -> Vectors:
        """The vectors of ids that are there, shape (len(ids), dimension)."""
        return self._rows.of(ids)

    def save(self, folder: Path, seq: int = 0) -> None:
        """Write atomically; `seq` is the log position. The large files only when much changed."""
        allowed = max(_CHANGED_MOST, int(_CHANGED_SHARE * len(self)))
        rewrite = self._base_folder != folder or self._rows.changed > allowed
        writers: dict[str, Callable[[Path], None]] = {"changes": self._rows.write_changes}
        count = len(self._rows)
        if rewrite:
            empty = HalfRows(self._dimension)
            writers = {
                "codes": lambda path: faiss.write_index(self._index, str(path)),
                "rows": self._rows.write,
                "changes": empty.write_changes,
            }
            self._base_count, self._base_folder = count, folder
        facts = {
            "dimension": self._dimension,
            "count": len(self),
            "base": self._base_count,
            "learnt_at": self.learnt_at,
            "seq": seq,
        }
        kept = {} if rewrite else {name: self._parts[name] for name in ("codes", "rows")}
        self._parts = save_parts(folder, KIND, writers, kept, facts)
        if rewrite:
            self._rows = self._rows.rebased(folder / self._parts["rows"].file)
        self.seq = seq

    @classmethod
    def load(cls, folder: Path, dimension: int) -> Self:
        parts, facts = load_parts(folder, KIND, ["codes", "rows", "changes"])
        base = integer_fact(facts, "base")
        try:
            read = faiss.read_index(str(folder / parts["codes"].file))
        except RuntimeError as error:  # faiss throws everything as this
            raise IndexDamaged(f"faiss cannot read the index in {folder}") from error
        if not isinstance(read, faiss.IndexIVFScalarQuantizer) or read.d != dimension:
            raise IndexDamaged(f"the index in {folder} is of another shape")
        rows = HalfRows.read(folder / parts["rows"].file, base, dimension)
        if read.ntotal != base:
            raise IndexDamaged(f"the index in {folder} holds another number of vectors")
        index = cls(read, rows, integer_fact(facts, "learnt_at"))
        index._parts, index._base_count, index._base_folder = parts, base, folder
        ids, vectors, gone = rows.read_changes(folder / parts["changes"].file)
        index.remove(gone.tolist())
        index.add(ids.tolist(), vectors)
        if len(index) != integer_fact(facts, "count"):
            raise IndexDamaged(f"the index in {folder} holds another number of vectors")
        index.seq = integer_fact(facts, "seq")
        return index

    def _forget(self, ids: Sequence[int]) -> None:
        if ids:
            wanted = np.asarray(ids, dtype=np.int64)
            self._index.remove_ids(faiss.IDSelectorArray(len(wanted), faiss.swig_ptr(wanted)))

    def _search_one(self, query: Vectors, k: int, without: frozenset[int]) -> list[Scored]:
        """Looks into more lists until `k` visible ones are found or all lists were looked into."""
        ask = min(len(self), max(_LEAST_PROPOSED, _PROPOSED * k))
        cells = int(self._index.nlist)
        probed = min(_PROBED, cells)
        while True:
            parameters: Any = faiss.SearchParametersIVF()
            parameters.nprobe = probed
            selector = self._selectors.of(without)
            if selector is not None:
                parameters.sel = selector
            _, found = self._index.search(query[np.newaxis], ask, params=parameters)
            ids = found[0][found[0] >= 0].astype(np.int64)
            if len(ids) >= min(k, ask) or probed == cells:
                break
            probed = min(cells, 4 * probed)
        scores = np.einsum("ij,j->i", self._rows.of(ids), query)
        order = np.lexsort((ids, -scores))[:k]
        return [(int(ids[at]), float(scores[at])) for at in order]
