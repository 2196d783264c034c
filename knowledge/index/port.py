"""The VectorIndex and LexicalIndex ports. Ids are the database's passage ids."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol, Self

import numpy as np
from numpy.typing import NDArray

from knowledge.embed.port import Vectors

Scored = tuple[int, float]
"""(passage id, score), higher is better; ties are ordered by id, smaller first."""

Ids = NDArray[np.int64]
"""Passage ids in ascending order, each once."""


def checksum_of(ids: Ids) -> int:
    """The sum of `scrambled` ids modulo 2**64: it can be kept up as single ids come and go, and
    two sets of the same number of ids have the same sum by chance once in 2**64."""
    return int(np.sum(scrambled(ids), dtype=np.uint64))


def scrambled(ids: Ids) -> NDArray[np.uint64]:
    """A number for each id that tells nothing of its neighbours': the finisher of SplitMix64
    (Steele, Lea and Flood 2014)."""
    x = ids.astype(np.uint64) + np.uint64(0x9E3779B97F4A7C15)
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


class VectorIndex(Protocol):
    """Nearest unit vectors by inner product."""

    def __len__(self) -> int: ...

    def add(self, ids: Sequence[int], vectors: Vectors) -> None:
        """Add or replace. `vectors` has shape (len(ids), dimension); ValueError otherwise."""
        ...

    def remove(self, ids: Sequence[int]) -> None:
        """Remove those that are there; unknown ids are no error."""
        ...

    def search(
        self, vectors: Vectors, k: int, *, without: frozenset[int] = frozenset()
    ) -> list[list[Scored]]:
        """For each query vector its `k` best ids with their cosine, best first.

        Ids in `without` behave as if they had never been added: they take no place in the
        `k` and change no score.
        """
        ...

    def ids(self) -> Ids: ...

    def holds(self, ids: Ids) -> bool:
        """Whether exactly these are in it."""
        ...

    def save(self, folder: Path) -> None:
        """Write atomically (new file, fsync, rename) with a digest beside it."""
        ...

    @classmethod
    def load(cls, folder: Path, dimension: int) -> Self:
        """Read what `save` wrote. Raises IndexDamaged on a missing, cut or foreign file."""
        ...


class LexicalIndex(Protocol):
    """BM25 over named text fields."""

    def __len__(self) -> int: ...

    def add(self, rows: Mapping[int, Mapping[str, str]]) -> None:
        """Add or replace passages: id -> {field: text}, fields as in `knowledge.index.lexical`."""
        ...

    def remove(self, ids: Sequence[int]) -> None: ...

    def search(
        self,
        text: str,
        k: int,
        *,
        weights: Mapping[str, float],
        without: frozenset[int] = frozenset(),
    ) -> list[Scored]:
        """The `k` best passages for the words of `text`, the fields weighted by `weights`."""
        ...

    def commit(self) -> None:
        """Make what was added and removed since the last commit durable and searchable."""
        ...

    def ids(self) -> Ids: ...

    def holds(self, ids: Ids) -> bool:
        """Whether exactly these are in it."""
        ...
