"""The catalogue of a large memory in files: cards are read when they are asked for.

Reading a third of a million cards takes seconds and half a gigabyte; a search needs some hundred.
So the cards stay in a file, and memory holds numbers: which passages belong to which document,
and digests of what documents are looked up by.
"""

import json
import os
from bisect import bisect_left
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from hashlib import blake2b
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from knowledge.errors import IndexDamaged
from knowledge.index.files import integer_fact, load_parts, save_parts
from knowledge.index.keys import keys_of
from knowledge.index.port import Ids
from knowledge.index.source import DocumentCard
from knowledge.model import DocumentKind, Origin, Visibility

KIND = "catalogue"
_CARDS_KEPT = 20_000
_EMPTY = np.empty(0, dtype=np.int64)
_TABLES = ("offsets", "passages", "owners", "keys", "keyed", "restricted")

Row = tuple[DocumentCard, Sequence[int]]
"""A card and the ids of its passages."""


class StoredCatalogue:
    """Cards and passages as they were when this was written; never changes.

    Documents have numbers here, their places in `ids`. `passages` are ascending, `owners` the
    numbers beside them; `keys` are ascending digests (`_key`), `keyed` the numbers beside them;
    `restricted` are the numbers of those that not everyone may see.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder
        self.seq = 0
        self.ids: list[str] = []
        self._numbers: dict[str, int] = {}
        self._tables: dict[str, NDArray[np.int64]] = dict.fromkeys(_TABLES, _EMPTY)
        self._tables["offsets"] = np.zeros(1, dtype=np.int64)
        self._file = -1
        self._cards: OrderedDict[int, DocumentCard] = OrderedDict()
        self._by_owner, self._starts = _EMPTY, np.zeros(1, dtype=np.int64)
        self._sought = _EMPTY.data
        """The passages again: a search asks for hundreds, one by one, which numpy is slow at."""

    def __del__(self) -> None:
        if self._file >= 0:
            os.close(self._file)

    def __len__(self) -> int:
        return len(self.ids)

    def __contains__(self, document_id: str) -> bool:
        return document_id in self._numbers

    def card(self, document_id: str) -> DocumentCard:
        """Raises KeyError for a document that is not here."""
        number = self._numbers[document_id]
        card = self._cards.get(number)
        if card is None:
            start, end = (int(at) for at in self._tables["offsets"][number : number + 2])
            card = _card_from(json.loads(os.pread(self._file, end - start, start)))
            self._cards[number] = card
            if len(self._cards) > _CARDS_KEPT:
                self._cards.popitem(last=False)
        return card

    def passages(self) -> Ids:
        return self._tables["passages"]

    def document_of(self, passage_id: int) -> str | None:
        place = bisect_left(self._sought, passage_id)
        if place == len(self._sought) or self._sought[place] != passage_id:
            return None
        return self.ids[self._tables["owners"].item(place)]

    def passage_ids_of(self, document_id: str) -> tuple[int, ...]:
        number = self._numbers.get(document_id)
        if number is None:
            return ()
        start, end = self._starts[number : number + 2]
        return tuple(self._by_owner[start:end].tolist())

    def restricted(self) -> Iterator[str]:
        """Documents that not everyone may see."""
        return (self.ids[number] for number in self._tables["restricted"].tolist())

    def keyed(self, key: str) -> list[str]:
        """Documents that may be looked up by `key`: two keys may share a digest."""
        digest, keys = _key(key), self._tables["keys"]
        start, end = np.searchsorted(keys, [digest, digest + 1])
        return [self.ids[number] for number in self._tables["keyed"][start:end].tolist()]

    # --- files ----------------------------------------------------------------------------

    @classmethod
    def load(cls, folder: Path) -> Self:
        """What `write` wrote; IndexDamaged where it is missing, cut, changed or foreign."""
        parts, facts = load_parts(folder, KIND, ["cards", "tables", "ids"])
        stored = cls(folder)
        stored.seq = integer_fact(facts, "seq")
        try:
            stored._file = os.open(folder / parts["cards"].file, os.O_RDONLY | os.O_CLOEXEC)
            stored.ids = json.loads((folder / parts["ids"].file).read_bytes())
            with np.load(folder / parts["tables"].file, allow_pickle=False) as arrays:
                stored._tables = {name: arrays[name] for name in _TABLES}
        except (OSError, ValueError, KeyError, EOFError) as error:
            raise IndexDamaged(f"the catalogue in {folder} cannot be read: {error}") from error
        if any(table.dtype != np.int64 for table in stored._tables.values()):
            raise IndexDamaged(f"the catalogue in {folder} is of another number type")
        if len(stored._tables["offsets"]) != len(stored.ids) + 1:
            raise IndexDamaged(f"the catalogue in {folder} has lost documents")
        stored._numbers = {one: number for number, one in enumerate(stored.ids)}
        stored._sought = np.ascontiguousarray(stored._tables["passages"]).data
        owners = stored._tables["owners"]
        order = np.argsort(owners, kind="stable")
        stored._by_owner = stored._tables["passages"][order]
        stored._starts = np.searchsorted(owners[order], np.arange(len(stored.ids) + 1))
        return stored

    def write(
        self, folder: Path, seq: int, gone: Iterable[str], added: Iterable[Row]
    ) -> "StoredCatalogue":
        """This without `gone` and with `added` as a new one, `seq` its log position."""
        dropped = np.zeros(len(self.ids), dtype=bool)
        dropped[[self._numbers[one] for one in gone if one in self._numbers]] = True
        kept = np.flatnonzero(~dropped)
        number_of = np.cumsum(~dropped) - 1
        ids = [self.ids[number] for number in kept.tolist()]
        offsets = self._tables["offsets"]
        sizes = [np.diff(offsets)[kept]]
        tables = {}
        for name, owners in (("passages", "owners"), ("keys", "keyed")):
            left = ~dropped[self._tables[owners]]
            tables[name] = [self._tables[name][left]]
            tables[owners] = [number_of[self._tables[owners][left]]]
        restricted = self._tables["restricted"]
        tables["restricted"] = [number_of[restricted[~dropped[restricted]]]]
        records = self._add(added, ids, tables)
        sizes.append(np.array([len(one) for one in records], dtype=np.int64))
        whole = {name: np.concatenate(some).astype(np.int64) for name, some in tables.items()}
        for name, owners in (("passages", "owners"), ("keys", "keyed")):
            order = np.lexsort((whole[owners], whole[name]))
            whole[name], whole[owners] = whole[name][order], whole[owners][order]
        whole["offsets"] = np.concatenate([[0], np.cumsum(np.concatenate(sizes))]).astype(np.int64)

        def write_cards(path: Path) -> None:
            with path.open("wb") as file:
                for start, end in _runs(kept):
                    first, last = int(offsets[start]), int(offsets[end])
                    file.write(os.pread(self._file, last - first, first))
                file.writelines(records)

        def write_tables(path: Path) -> None:
            with path.open("wb") as file:
                np.savez(file, allow_pickle=False, **whole)

        writers: Mapping[str, Callable[[Path], Any]] = {
            "cards": write_cards,
            "tables": write_tables,
            "ids": lambda path: path.write_bytes(json.dumps(ids).encode()),
        }
        save_parts(folder, KIND, writers, {}, {"seq": seq})
        return StoredCatalogue.load(folder)

    @staticmethod
    def _add(
        added: Iterable[Row], ids: list[str], tables: Mapping[str, list[NDArray[np.int64]]]
    ) -> list[bytes]:
        """Put new documents behind the others; returns their records."""
        records: list[bytes] = []
        found: dict[str, list[int]] = {name: [] for name in tables}
        for card, passages in added:
            number = len(ids)
            ids.append(card.id)
            records.append(json.dumps(_card_to(card)).encode())
            keys = sorted(keys_of(card))
            found["passages"] += passages
            found["owners"] += [number] * len(passages)
            found["keys"] += [_key(key) for key in keys]
            found["keyed"] += [number] * len(keys)
            if not card.visibility.is_everyone:
                found["restricted"].append(number)
        for name, some in found.items():
            tables[name].append(np.array(some, dtype=np.int64))
        return records


def _key(key: str) -> int:
    """A digest that is not negative and fits into an int64."""
    return int.from_bytes(blake2b(key.encode("utf-8", "replace"), digest_size=8).digest()) >> 2


def _runs(numbers: NDArray[np.int64]) -> Iterator[tuple[int, int]]:
    """Ranges [start, end) that ascending numbers make."""
    if len(numbers):
        for run in np.split(numbers, np.flatnonzero(np.diff(numbers) > 1) + 1):
            yield int(run[0]), int(run[-1]) + 1


def _card_to(card: DocumentCard) -> list[Any]:
    channels = card.visibility.channels
    return [
        card.id,
        card.kind.value,
        card.title,
        card.version,
        card.origin.value,
        None if channels is None else sorted(channels),
        card.services,
        card.environments,
        card.alerts,
        card.tags,
        card.url,
        card.cause,
        None if card.started_at is None else card.started_at.isoformat(),
    ]


def _card_from(row: list[Any]) -> DocumentCard:
    return DocumentCard(
        id=row[0],
        kind=DocumentKind(row[1]),
        title=row[2],
        version=row[3],
        origin=Origin(row[4]),
        visibility=Visibility(None if row[5] is None else frozenset(row[5])),
        services=tuple(row[6]),
        environments=tuple(row[7]),
        alerts=tuple(row[8]),
        tags=tuple(row[9]),
        url=row[10],
        cause=row[11],
        started_at=None if row[12] is None else datetime.fromisoformat(row[12]),
    )
