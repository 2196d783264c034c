"""Abstention measured: ask with a share of the answers taken out of the corpus."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from knowledge.evaluate.calibration import Told, calibration_error
from knowledge.evaluate.corpus import QueryRow
from knowledge.evaluate.intervals import Interval, wilson
from knowledge.evaluate.run import Prediction, ask_all
from knowledge.retrieve.retriever import Retriever


@dataclass(frozen=True, slots=True)
class Removal:
    """What was answered when the answers of `share` of the queries were not there."""

    share: float
    told: tuple[Told, ...]

    @property
    def answered(self) -> int:
        return sum(one.answered for one in self.told)

    @property
    def wrong(self) -> Interval:
        """Share of wrong ones among the answers given."""
        wrong = sum(one.answered and not one.right for one in self.told)
        return wilson(wrong, self.answered)

    @property
    def coverage(self) -> Interval:
        """Share of the answerable queries that were answered."""
        able = [one for one in self.told if one.answerable]
        return wilson(sum(one.answered for one in able), len(able))

    def as_dict(self) -> dict[str, Any]:
        """A row of `recall eval --remove`; intervals are [value, low, high]."""
        return {
            "share": self.share,
            "asked": len(self.told),
            "answered": self.answered,
            "wrong_when_answered": self.wrong.as_list(),
            "coverage": self.coverage.as_list(),
            "ece": round(calibration_error(self.told), 4),
        }


def ask_with_removal(
    retriever: Retriever,
    queries: Sequence[QueryRow],
    share: float,
    *,
    seed: int = 0,
    names: bool = False,
    progress: Callable[[str, int, int], None] | None = None,
) -> tuple[Prediction, ...]:
    """Ask all queries while the right documents of a random `share` of them do not exist for
    them. A prediction's place is None then, whatever it names."""
    able = [row.id for row in queries if row.relevant - row.exclude]
    drawn = frozenset(random.Random(seed).sample(able, round(share * len(able))))

    def without(row: QueryRow) -> frozenset[str]:
        return row.relevant if row.id in drawn else frozenset()

    return ask_all(retriever, queries, names=names, without=without, progress=progress)


def removal_of(share: float, predictions: Sequence[Prediction]) -> Removal:
    """What such predictions come to; an answer that was taken out cannot have been found."""
    return Removal(share, tuple(one.told for one in predictions))
