"""Exact vectors at half precision by passage id: most in a file, the latest changes in memory."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from knowledge.embed.port import Vectors
from knowledge.errors import IndexDamaged
from knowledge.index.port import Ids

Halves = NDArray[np.float16]
_ID_BYTES = 8
_HALF_BYTES = 2


class HalfRows:
    """Rows of shape (dimension,) by id. Not thread-safe.

    The base is a file that never changes: all ids in ascending order as int64, then their rows
    as fp16. It is read row by row and not mapped, so that reading takes no memory for long.
    """

    def __init__(self, dimension: int) -> None:
        self._dimension = dimension
        self._base_ids: Ids = np.empty(0, dtype=np.int64)
        self._file = -1
        self._later: dict[int, Halves] = {}
        self._gone: set[int] = set()
        """Ids of the base that were removed or replaced."""

    def __len__(self) -> int:
        return len(self._base_ids) - len(self._gone) + len(self._later)

    def __del__(self) -> None:
        if self._file >= 0:
            os.close(self._file)

    @property
    def changed(self) -> int:
        """How many rows are not as the base has them."""
        return len(self._later) + len(self._gone)

    def put(self, ids: Sequence[int], rows: Vectors) -> None:
        """Add or replace."""
        for identity, row in zip(ids, rows.astype(np.float16), strict=True):
            self._drop_from_base(identity)
            self._later[identity] = row

    def drop(self, ids: Sequence[int]) -> list[int]:
        """Remove those that are there; returns them."""
        dropped = []
        for identity in ids:
            in_memory = self._later.pop(identity, None) is not None
            if self._drop_from_base(identity) or in_memory:
                dropped.append(identity)
        return dropped

    def copy(self) -> Self:
        """The same rows now, which later changes leave as they are."""
        other = type(self)(self._dimension)
        other._base_ids = self._base_ids
        other._file = os.dup(self._file) if self._file >= 0 else -1
        other._later, other._gone = dict(self._later), set(self._gone)
        return other

    def ids(self) -> Ids:
        base = self._base_ids
        if self._gone:
            base = base[~np.isin(base, np.fromiter(self._gone, dtype=np.int64))]
        if not self._later:
            return base
        return np.sort(np.concatenate([base, np.fromiter(self._later, dtype=np.int64)]))

    def of(self, ids: Ids) -> Vectors:
        """The rows of ids that are there, as float32 of shape (len(ids), dimension)."""
        size = self._dimension * _HALF_BYTES
        start = len(self._base_ids) * _ID_BYTES
        rows = np.empty((len(ids), self._dimension), dtype=np.float16)
        for at, (identity, place) in enumerate(
            zip(ids.tolist(), np.searchsorted(self._base_ids, ids).tolist(), strict=True)
        ):
            later = self._later.get(identity)
            if later is not None:
                rows[at] = later
                continue
            data = os.pread(self._file, size, start + place * size)
            rows[at] = np.frombuffer(data, dtype=np.float16)
        return rows.astype(np.float32)

    def chunks(self, size: int) -> Iterator[tuple[Ids, Vectors]]:
        """All of them in order of their ids, `size` at a time."""
        ids = self.ids()
        for start in range(0, len(ids), size):
            some = ids[start : start + size]
            yield some, self.of(some)

    def write(self, path: Path) -> None:
        """All of them as a new base."""
        with path.open("wb") as file:
            file.write(self.ids().astype("<i8").tobytes())
            for _, rows in self.chunks(4096):
                file.write(rows.astype("<f2").tobytes())

    def write_changes(self, path: Path) -> None:
        """What is not as in the base."""
        later = np.fromiter(self._later, dtype=np.int64)
        rows = np.array(list(self._later.values()), dtype=np.float16)
        gone = np.fromiter(self._gone, dtype=np.int64)
        with path.open("wb") as file:
            np.savez(file, ids=later, rows=rows.reshape(len(later), self._dimension), gone=gone)

    def rebased(self, path: Path) -> Self:
        """The same rows with `path`, which `write` wrote, as the base."""
        return type(self).read(path, len(self), self._dimension)

    @classmethod
    def read(cls, path: Path, count: int, dimension: int) -> Self:
        """A base of `count` rows. IndexDamaged when the file is of another size."""
        rows = cls(dimension)
        try:
            rows._file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
            size = os.fstat(rows._file).st_size
            ids = os.pread(rows._file, count * _ID_BYTES, 0)
        except OSError as error:
            raise IndexDamaged(f"{path} cannot be read: {error}") from error
        if size != count * (_ID_BYTES + dimension * _HALF_BYTES):
            raise IndexDamaged(f"{path} does not hold {count} vectors of {dimension} dimensions")
        rows._base_ids = np.frombuffer(ids, dtype="<i8")
        if len(ids) and not bool(np.all(np.diff(rows._base_ids) > 0)):
            raise IndexDamaged(f"{path} holds ids in no order")
        return rows

    def read_changes(self, path: Path) -> tuple[Ids, Vectors, Ids]:
        """What `write_changes` wrote: ids and rows that are new or other, and ids that are gone."""
        try:
            with np.load(path, allow_pickle=False) as arrays:
                ids, rows, gone = arrays["ids"], arrays["rows"], arrays["gone"]
        except (ValueError, KeyError, OSError, EOFError) as error:
            raise IndexDamaged(f"the vectors in {path} cannot be read: {error}") from error
        if ids.dtype != np.int64 or gone.dtype != np.int64 or rows.dtype != np.float16:
            raise IndexDamaged(f"the vectors in {path} are of another number type")
        if rows.shape != (len(ids), self._dimension):
            raise IndexDamaged(f"the vectors in {path} are not of {self._dimension} dimensions")
        return ids, rows.astype(np.float32), gone

    def _drop_from_base(self, identity: int) -> bool:
        if identity in self._gone:
            return False
        place = int(np.searchsorted(self._base_ids, identity))
        if place < len(self._base_ids) and int(self._base_ids[place]) == identity:
            self._gone.add(identity)
            return True
        return False
