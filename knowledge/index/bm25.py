"""BM25 over the fields of passages, from statistics of exactly those that a reader may see."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np

from knowledge.index.port import checksum_of

FIELDS = ("title", "alerts", "services", "body")
"""The text fields of a passage."""

K1 = 1.2
B = 0.75
"""Robertson and Zaragoza 2009, the values Lucene and tantivy use as well."""

Texts = tuple[str, ...]
"""The words of one passage as they are indexed, joined by blanks, in the order of FIELDS."""


def check_fields(given: Mapping[str, object]) -> None:
    """ValueError where one is named that passages do not have."""
    unknown = sorted(set(given) - set(FIELDS))
    if unknown:
        raise ValueError(f"unknown field {unknown[0]!r}; the fields are {', '.join(FIELDS)}")


def rarest_within(most: int, counts: Mapping[tuple[str, str], int]) -> list[tuple[str, str]]:
    """Of (field, word) with the number of passages that hold it: those of the rarest words that
    are in `most` passages together, the rarest one in any case, in the order given."""
    whole: Counter[str] = Counter()
    for (_, word), count in counts.items():
        whole[word] += count
    taken: set[str] = set()
    for word in sorted(whole, key=lambda word: (whole[word], word)):
        most -= whole[word]
        if taken and most < 0:
            break
        taken.add(word)
    return [one for one in counts if one[1] in taken]


def length_of(text: str) -> int:
    """How many words there are in a text of words joined by single blanks."""
    return text.count(" ") + 1 if text else 0


@dataclass(frozen=True, slots=True)
class State:
    """What a committed lexical index knows of itself: it is stored with what it counts.

    `checksum` is that of the passages' ids (`port.checksum_of`), `lengths` the words a field.
    """

    seq: int = 0
    commits: int = 0
    passages: int = 0
    checksum: int = 0
    lengths: tuple[int, ...] = (0,) * len(FIELDS)

    def changed(
        self, before: Mapping[int, Texts], after: Mapping[int, Texts | None], seq: int
    ) -> "State":
        """After the passages in `after` took the place of those in `before`; None is none."""
        there = {identity: texts for identity, texts in after.items() if texts is not None}
        lengths = [*self.lengths]
        for sign, passages in ((-1, before), (1, there)):
            for texts in passages.values():
                for at, text in enumerate(texts):
                    lengths[at] += sign * length_of(text)
        gone, come = (np.fromiter(one, dtype=np.int64) for one in (before, there))
        return State(
            seq=seq,
            commits=self.commits + 1,
            passages=self.passages - len(before) + len(there),
            checksum=(self.checksum - checksum_of(gone) + checksum_of(come)) % 2**64,
            lengths=tuple(lengths),
        )

    def as_bytes(self) -> bytes:
        return json.dumps(
            {
                "seq": self.seq,
                "commits": self.commits,
                "passages": self.passages,
                "checksum": self.checksum,
                "lengths": self.lengths,
            }
        ).encode()

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """ValueError when it is none."""
        try:
            told = json.loads(data)
            return cls(
                seq=int(told["seq"]),
                commits=int(told["commits"]),
                passages=int(told["passages"]),
                checksum=int(told["checksum"]),
                lengths=tuple(int(one) for one in told["lengths"]),
            )
        except (KeyError, TypeError) as error:
            raise ValueError(f"no state of a lexical index: {error}") from error


@dataclass(slots=True)
class Statistics:
    """Of a set of passages: how many, how many words a field, in how many a word stands.

    `query` is what the index finds them by, None for none.
    """

    passages: int = 0
    lengths: tuple[int, ...] = (0,) * len(FIELDS)
    frequencies: Mapping[str, Counter[str]] = field(default_factory=dict)
    query: Any = None

    @classmethod
    def of(cls, passages: Iterable[Texts]) -> "Statistics":
        number, lengths = 0, [0] * len(FIELDS)
        frequencies: dict[str, Counter[str]] = {name: Counter() for name in FIELDS}
        for texts in passages:
            number += 1
            for at, (name, text) in enumerate(zip(FIELDS, texts, strict=True)):
                lengths[at] += length_of(text)
                frequencies[name].update(set(text.split()))
        return cls(number, tuple(lengths), frequencies)

    def frequency(self, name: str, word: str) -> int:
        words = self.frequencies.get(name)
        return words[word] if words else 0


class Bm25:
    """The score of one query: BM25 summed over fields and words.

    `rarity` is the inverse document frequency by (field, word), `asked` how often the query
    says a word, `averages` the mean length by field.
    """

    def __init__(
        self,
        rarity: Mapping[tuple[str, str], float],
        asked: Mapping[str, int],
        weights: Mapping[str, float],
        averages: Mapping[str, float],
    ) -> None:
        self._fields: list[tuple[int, float, dict[str, int], list[float]]] = []
        for at, name in enumerate(FIELDS):
            words = [word for one, word in rarity if one == name]
            if words:
                places = {word: place for place, word in enumerate(words)}
                worth = [weights[name] * asked[word] * rarity[name, word] for word in words]
                self._fields.append((at, averages[name], places, worth))

    def of(self, passages: Sequence[Texts]) -> list[float]:
        """One score a passage. Words are summed in one order: equal passages score equally."""
        total = np.zeros(len(passages))
        for at, average, places, worth in self._fields:
            said: list[int] = []
            lengths: list[int] = []
            for row, texts in enumerate(passages):
                words = texts[at].split()
                lengths.append(len(words))
                first = row * len(places)
                said += [first + places[word] for word in words if word in places]
            shape = (len(passages), len(places))
            counts = np.bincount(
                np.array(said, dtype=np.int64), minlength=shape[0] * shape[1]
            ).reshape(shape)
            norms = K1 * (1 - B + B * np.array(lengths) / average)
            for place, one in enumerate(worth):
                column = counts[:, place]
                total += one * column * (K1 + 1) / (column + norms)
        return [float(one) for one in total]
