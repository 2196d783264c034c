"""The vector index that suits any size: every vector compared while that is quick, then lists.

Crossing the size, a `Growth` learns the lists and fills them beside the index that is being
searched, which goes on answering and changing; then the new one takes its place.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np

from knowledge.embed.port import Vectors
from knowledge.index import flat, ivf
from knowledge.index.files import kind_in
from knowledge.index.flat import FlatIndex
from knowledge.index.ivf import SAMPLED_A_CELL, IvfIndex, cells_for
from knowledge.index.port import Ids, Scored

_SEED = 7


@dataclass(frozen=True, slots=True)
class Sizes:
    """From how many vectors on lists are worth it, and at what growth they are learnt anew.

    Measured on two cores without AVX-512: a full comparison takes 0.14 ms a thousand vectors
    of 384 dimensions, lists 3 ms at 100,000 and 5 to 7 ms at a million.
    """

    flat_most: int = 30_000
    relearn_at: float = 4.0


@dataclass(slots=True)
class _Change:
    ids: Sequence[int]
    vectors: Vectors | None


class Growth:
    """An index of the next kind in the making; `run` may take minutes and needs no lock."""

    def __init__(
        self,
        dimension: int,
        sample: Vectors,
        count: int,
        chunks: Iterable[tuple[Ids, Vectors]],
    ) -> None:
        self._dimension = dimension
        self._sample = sample
        self._count = count
        self._chunks = chunks
        self.made: IvfIndex | None = None

    def run(self, is_cancelled: Callable[[], bool] = lambda: False) -> None:
        """Learn the lists and fill them; `made` stays None when it is cancelled."""
        made = IvfIndex.trained(self._dimension, self._sample, self._count)
        for ids, vectors in self._chunks:
            if is_cancelled():
                return
            made.add(ids.tolist(), vectors)
        self.made = made


class GrowingIndex:
    """Flat below a size, inverted lists above it. Not thread-safe, but for `Growth.run`."""

    def __init__(self, dimension: int, sizes: Sizes | None = None) -> None:
        self._dimension = dimension
        self._sizes = sizes or Sizes()
        self._index: FlatIndex | IvfIndex = FlatIndex(dimension)
        self._meanwhile: list[_Change] | None = None
        """Changes since a Growth began, which it has not seen."""

    @property
    def seq(self) -> int:
        """The log position of the last save or load."""
        return self._index.seq

    @property
    def kind(self) -> str:
        return ivf.KIND if isinstance(self._index, IvfIndex) else flat.KIND

    def __len__(self) -> int:
        return len(self._index)

    def add(self, ids: Sequence[int], vectors: Vectors) -> None:
        """Add or replace; of an id given twice the last vector stays."""
        self._index.add(ids, vectors)
        if self._meanwhile is not None and len(ids):
            self._meanwhile.append(_Change(ids, vectors))

    def remove(self, ids: Sequence[int]) -> None:
        self._index.remove(ids)
        if self._meanwhile is not None and len(ids):
            self._meanwhile.append(_Change(ids, None))

    def search(
        self, vectors: Vectors, k: int, *, without: frozenset[int] = frozenset()
    ) -> list[list[Scored]]:
        return self._index.search(vectors, k, without=without)

    def ids(self) -> Ids:
        return self._index.ids()

    def holds(self, ids: Ids) -> bool:
        return self._index.holds(ids)

    def save(self, folder: Path, seq: int = 0) -> None:
        """Write atomically; `seq` is the log position this state stands for."""
        self._index.save(folder, seq)

    @classmethod
    def load(cls, folder: Path, dimension: int, sizes: Sizes | None = None) -> Self:
        index = cls(dimension, sizes)
        kind = IvfIndex if kind_in(folder) == ivf.KIND else FlatIndex
        index._index = kind.load(folder, dimension)
        return index

    # --- changing kind --------------------------------------------------------------------

    def prepare(self, count: int, sample: Callable[[int], Vectors]) -> None:
        """An empty index is told how many vectors will come, to learn its lists at once.

        `sample(n)` gives at most `n` vectors that are like them.
        """
        if count > self._sizes.flat_most:
            found = sample(SAMPLED_A_CELL * cells_for(count))
            if len(found):
                self._index = IvfIndex.trained(self._dimension, found, count, threads=0)

    @property
    def is_overdue(self) -> bool:
        """Whether it has outgrown its kind, and no Growth is under way."""
        if self._meanwhile is not None:
            return False
        if isinstance(self._index, IvfIndex):
            return len(self) > self._sizes.relearn_at * self._index.learnt_at
        return len(self) > self._sizes.flat_most

    def grow(self, public: Ids) -> Growth | None:
        """Begin to make what takes this one's place; `adopt` it, or the changes are kept for ever.

        The lists are learnt from `public` vectors alone, those that every reader may see: so
        what a reader may not see has no part in which vectors are compared, but for the number
        of lists, which follows from the number of all. None when there are no such vectors.
        """
        if not len(public):
            return None
        count = len(self)
        most = SAMPLED_A_CELL * cells_for(count)
        if len(public) > most:
            chosen = np.random.default_rng(_SEED).choice(len(public), most, replace=False)
            public = public[np.sort(chosen)]
        sample = self._index.vectors_of(public)
        self._meanwhile = []
        return Growth(self._dimension, sample, count, self._index.snapshot())

    def adopt(self, growth: Growth) -> None:
        """Put what was made in place of this, with the changes since; or give it up."""
        changes, self._meanwhile = self._meanwhile or [], None
        if growth.made is None:
            return
        for change in changes:
            if change.vectors is None:
                growth.made.remove(change.ids)
            else:
                growth.made.add(change.ids, change.vectors)
        self._index = growth.made
