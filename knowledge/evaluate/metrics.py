"""Figures of a ranking against known answers. All are means over queries that have an answer."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


def first_right(ranked: Sequence[str], relevant: frozenset[str]) -> int | None:
    """The place (from 1) of the first right document; None when there is none."""
    return next((place for place, one in enumerate(ranked, start=1) if one in relevant), None)


def recall_at(places: Sequence[int | None], k: int) -> float:
    """Share of queries with at least one right document among the first `k`; 0.0 of none."""
    if not places:
        return 0.0
    return sum(place is not None and place <= k for place in places) / len(places)


def mrr_at(places: Sequence[int | None], k: int) -> float:
    """Mean of 1/place, 0 beyond `k` (mean reciprocal rank; Voorhees, TREC-8, 1999)."""
    if not places:
        return 0.0
    return sum(1.0 / place for place in places if place is not None and place <= k) / len(places)


def percentile(values: Sequence[float], share: float) -> float:
    """The `share` (0..1) quantile, linear between neighbours; 0.0 of none."""
    return float(np.quantile(np.asarray(values), share)) if values else 0.0


@dataclass(frozen=True, slots=True)
class Answering:
    """How often a retriever answered, and how often it was wrong when it did."""

    queries: int
    answerable: int
    answered: int
    answered_of_answerable: int
    wrong: int

    @property
    def wrong_when_answered(self) -> float:
        """Share of wrong ones among the answers given; 0.0 when none was."""
        return self.wrong / self.answered if self.answered else 0.0

    @property
    def coverage(self) -> float:
        """Share of the answerable queries that were answered."""
        return self.answered_of_answerable / self.answerable if self.answerable else 0.0


def answering(outcomes: Sequence[tuple[bool, bool, bool]]) -> Answering:
    """Count (answerable, answered, right) triples; an answer to the unanswerable is wrong."""
    return Answering(
        queries=len(outcomes),
        answerable=sum(able for able, _, _ in outcomes),
        answered=sum(said for _, said, _ in outcomes),
        answered_of_answerable=sum(able and said for able, said, _ in outcomes),
        wrong=sum(said and not right for _, said, right in outcomes),
    )
