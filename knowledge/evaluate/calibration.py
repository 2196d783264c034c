"""Does a stated probability mean what it says: reliability, and risk against coverage."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

BINS = 10


@dataclass(frozen=True, slots=True)
class Told:
    """One answer that was, or could have been, given: how sure, was it right, could it be."""

    confidence: float
    right: bool
    answerable: bool = True
    answered: bool = False


@dataclass(frozen=True, slots=True)
class Bin:
    """The answers whose confidence lies in [low, high): how sure on average, how often right."""

    low: float
    high: float
    cases: int
    confidence: float
    right: float


def reliability(told: Sequence[Told], bins: int = BINS) -> tuple[Bin, ...]:
    """Equal-width bins; those without an answer are left out."""
    confidence = np.array([one.confidence for one in told], dtype=np.float64)
    right = np.array([one.right for one in told], dtype=np.float64)
    places = np.minimum((confidence * bins).astype(int), bins - 1)
    return tuple(
        Bin(
            low=place / bins,
            high=(place + 1) / bins,
            cases=int(inside.sum()),
            confidence=float(confidence[inside].mean()),
            right=float(right[inside].mean()),
        )
        for place in range(bins)
        if (inside := places == place).any()
    )


def calibration_error(told: Sequence[Told], bins: int = BINS) -> float:
    """Expected calibration error (Naeini et al., AAAI 2015); 0.0 of no answers."""
    return sum(
        abs(one.confidence - one.right) * one.cases for one in reliability(told, bins)
    ) / max(len(told), 1)


@dataclass(frozen=True, slots=True)
class Point:
    """Answering from `threshold` on: the share of the answerable that is answered, and the
    share of wrong ones among the answers given."""

    threshold: float
    coverage: float
    wrong: float


def risk_coverage(told: Sequence[Told]) -> tuple[Point, ...]:
    """One point for each different confidence, the surest first."""
    ranked = sorted(told, key=lambda one: -one.confidence)
    able = sum(one.answerable for one in ranked)
    points: list[Point] = []
    covered = wrong = 0
    for number, one in enumerate(ranked, start=1):
        covered += one.answerable
        wrong += not one.right
        if number == len(ranked) or ranked[number].confidence < one.confidence:
            points.append(Point(one.confidence, covered / able if able else 0.0, wrong / number))
    return tuple(points)


def threshold_for(told: Sequence[Told], budget: float, bound: float = 0.0) -> float:
    """The least confidence from which at most `budget` of the answers given would be wrong.

    Conformal risk control's correction counts one more case, a wrong one (Angelopoulos et al.,
    ICLR 2024), so that the promise holds for the next answer and not just for these. Above 1.0
    when no threshold keeps the budget. `bound` is the least that is ever returned.
    """
    confidence: npt.NDArray[np.float64] = np.array([one.confidence for one in told])
    right = np.array([one.right for one in told], dtype=bool)
    order = np.argsort(-confidence, kind="stable")
    wrong = np.cumsum(~right[order])
    given = np.arange(1, len(order) + 1)
    best = 1.01
    for place in np.flatnonzero((wrong + 1) / (given + 1) <= budget):
        last = place + 1 == len(order) or confidence[order[place + 1]] < confidence[order[place]]
        if last:
            best = float(confidence[order[place]])
    return max(best, bound)
