"""The three parts of an index on this machine: vectors, words, and the catalogue of both."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Self

import numpy as np

from knowledge.embed.port import Vectors
from knowledge.errors import IndexDamaged
from knowledge.index.catalogue import Catalogue
from knowledge.index.changes import Change
from knowledge.index.files import MANIFEST, read_manifest, write_manifest
from knowledge.index.growing import GrowingIndex, Sizes
from knowledge.index.lexical import TantivyIndex
from knowledge.index.port import Ids
from knowledge.index.stored_catalogue import StoredCatalogue
from knowledge.model import Generation

_VECTORS, _LEXICAL, _CATALOGUE = "vectors", "lexical", "catalogue"


class Parts:
    """Made by `empty` or `load`. `folder` None keeps all in memory. Not thread-safe."""

    def __init__(
        self,
        folder: Path | None,
        vectors: GrowingIndex,
        lexical: TantivyIndex,
        catalogue: Catalogue,
    ) -> None:
        self.folder = folder
        self.vectors = vectors
        self.lexical = lexical
        self.catalogue = catalogue

    @classmethod
    def empty(cls, folder: Path | None, dimension: int, sizes: Sizes | None) -> Self:
        """New and empty, nothing left of older ones in the folder."""
        if folder is not None:
            (folder / MANIFEST).unlink(missing_ok=True)
            for name in (_VECTORS, _LEXICAL, _CATALOGUE):
                shutil.rmtree(folder / name, ignore_errors=True)
        lexical = TantivyIndex(folder / _LEXICAL if folder is not None else None)
        return cls(folder, GrowingIndex(dimension, sizes), lexical, Catalogue())

    @classmethod
    def load(cls, folder: Path, generation: Generation, sizes: Sizes | None) -> Self:
        """What `save` wrote; IndexDamaged says why it cannot be used."""
        told = read_manifest(folder).get("generation")
        if told != generation.name:
            raise IndexDamaged(f"the index is of generation {told}, wanted is {generation.name}")
        vectors = GrowingIndex.load(folder / _VECTORS, generation.dimension, sizes)
        catalogue = Catalogue(StoredCatalogue.load(folder / _CATALOGUE))
        lexical = TantivyIndex(folder / _LEXICAL)
        parts = cls(folder, vectors, lexical, catalogue)
        # The order in which they are written; a crash may have come between any two.
        if not lexical.seq >= vectors.seq >= catalogue.seq:
            parts.close()
            raise IndexDamaged("one part of the index is newer than the one written before it")
        return parts

    @property
    def seq(self) -> int:
        """The log position up to which vectors and words surely are; the catalogue may be behind.

        Some later changes may be there already: applying them again is harmless.
        """
        return min(self.vectors.seq, self.lexical.seq)

    def apply(self, change: Change, vectors: Vectors, seq: int | None) -> None:
        """Take a change in and, if it has a log position, make it searchable.

        `vectors` has one row for each of `change.kept`.
        """
        self.vectors.remove(change.gone)
        self.vectors.add(change.ids, vectors)
        self.lexical.remove(change.gone)
        self.lexical.add(change.rows)
        if seq is not None:
            self.lexical.show(seq)
        self.catalogue.change(change.owners, change.gone, change.cards)

    def save(self, seq: int, generation: Generation) -> Catalogue:
        """Write what is not written yet; returns the catalogue to go on with."""
        if self.folder is None:
            return self.catalogue
        if not self.lexical.is_committed:
            self.lexical.commit(seq)
        self.vectors.save(self.folder / _VECTORS, seq)
        catalogue = self.catalogue.saved(self.folder / _CATALOGUE, seq)
        facts = {
            "generation": generation.name,
            "applied_seq": seq,
            "kind": self.vectors.kind,
            "passages": len(self.vectors),
            "dtype": generation.dtype,
        }
        write_manifest(self.folder, facts)
        return catalogue

    def close(self) -> None:
        self.lexical.close()

    def difference(self, live: Ids) -> str:
        """Which part does not hold exactly these passages, "" when all do."""
        held: tuple[tuple[str, bool, Callable[[], Ids]], ...] = (
            ("vector", self.vectors.holds(live), self.vectors.ids),
            ("lexical", self.lexical.holds(live), self.lexical.ids),
            ("catalogue", self.catalogue.holds(live), self.catalogue.ids),
        )
        for name, holds, ids in held:
            if not holds:
                some = some_of(np.setxor1d(ids(), live))
                return f"the {name} index differs from the database in {some}"
        return ""

    def differences(self, live: Ids) -> list[str]:
        """The same in full, one sentence each, told by the ids themselves."""
        found = []
        for name, ids in (("vector", self.vectors.ids()), ("lexical", self.lexical.ids())):
            missing, extra = np.setdiff1d(live, ids), np.setdiff1d(ids, live)
            if len(missing):
                found.append(f"the {name} index lacks {some_of(missing)}")
            if len(extra):
                found.append(f"the {name} index holds {some_of(extra)} that are not served")
        return found


def some_of(ids: Ids) -> str:
    """How many passages, and the first of them."""
    shown = ", ".join(str(one) for one in ids[:5])
    more = ", ..." if len(ids) > 5 else ""
    return f"{len(ids)} passages ({shown}{more})"
