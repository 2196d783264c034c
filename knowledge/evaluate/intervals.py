"""How far a figure from a few cases can be trusted: 95 % intervals."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

Z95 = 1.959964
"""The 97.5 % quantile of the normal distribution."""

RESAMPLES = 10_000


@dataclass(frozen=True, slots=True)
class Interval:
    """A figure with the ends of its 95 % interval."""

    value: float
    low: float
    high: float

    @property
    def excludes_zero(self) -> bool:
        return self.low > 0.0 or self.high < 0.0

    def as_list(self) -> list[float]:
        """[value, low, high], as JSON has it."""
        return [round(self.value, 4), round(self.low, 4), round(self.high, 4)]


def wilson(successes: int, cases: int) -> Interval:
    """A share with its score interval (Wilson 1927); of no case it is 0 and could be anything."""
    if cases == 0:
        return Interval(0.0, 0.0, 1.0)
    share, z2 = successes / cases, Z95 * Z95
    middle = (share + z2 / (2 * cases)) / (1 + z2 / cases)
    half = (
        Z95 * math.sqrt(share * (1 - share) / cases + z2 / (4 * cases * cases)) / (1 + z2 / cases)
    )
    # the ends are exact where every case went one way; rounding must not move them past it
    low = 0.0 if successes == 0 else max(0.0, middle - half)
    high = 1.0 if successes == cases else min(1.0, middle + half)
    return Interval(share, low, high)


def paired_difference(
    ours: Sequence[Sequence[float]], theirs: Sequence[Sequence[float]], seed: int = 0
) -> Interval:
    """The mean difference (ours - theirs) of the sets' means, with its bootstrap interval.

    Both hold one sequence a set with one figure a query, in the same order; queries are drawn
    again within their set, the same ones for both sides (Efron 1979, percentile interval).
    """
    random = np.random.default_rng(seed)
    drawn = np.zeros(RESAMPLES)
    value = 0.0
    for left, right in zip(ours, theirs, strict=True):
        gaps = np.asarray(left, dtype=np.float64) - np.asarray(right, dtype=np.float64)
        if not len(gaps):
            raise ValueError("a set without queries has no difference")
        value += float(gaps.mean()) / len(ours)
        for start in range(0, RESAMPLES, 500):
            picks = random.integers(0, len(gaps), size=(500, len(gaps)))
            drawn[start : start + 500] += gaps[picks].mean(axis=1) / len(ours)
    low, high = np.quantile(drawn, [0.025, 0.975])
    return Interval(value, float(low), float(high))
