"""Our ranking beside plain methods on the same queries, with paired intervals."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from knowledge.evaluate.intervals import Interval, paired_difference
from knowledge.evaluate.metrics import mrr_at, recall_at

Places = Sequence[int | None]
"""For each answerable query the place of its first right document, from 1."""

OURS = "recall"


@dataclass(frozen=True, slots=True)
class Compared:
    """One set: the places of each method, ours among them, for the same answerable queries."""

    places: Mapping[str, Places]

    def figures(self, method: str) -> dict[str, float]:
        own = self.places[method]
        return {
            **{f"recall@{k}": round(recall_at(own, k), 4) for k in (1, 5, 10)},
            "mrr@10": round(mrr_at(own, 10), 4),
        }

    def as_dict(self) -> dict[str, Any]:
        """By method its figures, and how far ours is ahead at each k: [difference, low, high]."""
        return {
            method: {
                **self.figures(method),
                **{f"ahead@{k}": ahead([self], method, k).as_list() for k in (1, 10)},
            }
            for method in self.places
            if method != OURS
        }


def ahead(sets: Sequence[Compared], method: str, k: int) -> Interval:
    """By how much our recall at `k` is above the method's, every set counting the same."""

    def hits(name: str) -> list[list[float]]:
        return [[float(p is not None and p <= k) for p in one.places[name]] for one in sets]

    return paired_difference(hits(OURS), hits(method))


def best_single(one: Compared, k: int) -> str:
    """The method of BM25 and dense that has the higher recall at `k`."""
    return max(("bm25", "dense"), key=lambda name: recall_at(one.places[name], k))


def means(sets: Sequence[Compared]) -> dict[str, Any]:
    """As `Compared.as_dict`, of the means over the sets."""
    methods = [name for name in sets[0].places if name != OURS]
    return {
        method: {
            **{
                f"recall@{k}": round(
                    sum(recall_at(one.places[method], k) for one in sets) / len(sets), 4
                )
                for k in (1, 5, 10)
            },
            **{f"ahead@{k}": ahead(sets, method, k).as_list() for k in (1, 10)},
        }
        for method in methods
    }
