"""Scores of different kinds into one: each measured in its own spread, then a weighted sum.

Score fusion rather than rank fusion: how far a page is ahead matters, and ranks forget it.
Everything here is a pure function of features, scales and weights, so that a stored receipt
can be ranked again exactly.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

Features = Mapping[str, float]

SCALED = ("dense", "logs_dense", "body", "title", "exact")
"""Features measured in standard deviations of the query's candidates; the others are facts."""

_SCALED = frozenset(SCALED)

_LEAST_SPREAD: Mapping[str, float] = {
    "dense": 0.04,
    "logs_dense": 0.04,
    "body": 0.5,
    "title": 0.08,
    "exact": 0.15,
}
"""Spreads below these are noise between near-equal texts and must not be blown up."""

_MIDDLE = 3.0
_STEEPNESS = 0.6
"""Where the shown score is one half, and how fast it rises, in fused standard deviations."""


@dataclass(frozen=True, slots=True)
class Scale:
    """One query's own measure of one feature. `floor` stands in where a search found nothing."""

    mean: float
    spread: float
    floor: float

    def of(self, value: float | None) -> float:
        return ((self.floor if value is None else value) - self.mean) / self.spread


def scales_of(rows: Sequence[Features]) -> dict[str, Scale]:
    """Mean, spread and floor of each scaled feature over the candidates' rows."""
    scales: dict[str, Scale] = {}
    for name in SCALED:
        given = [row[name] for row in rows if name in row]
        if not given:
            continue
        floor = min(given)
        values = [row.get(name, floor) for row in rows]
        mean = math.fsum(values) / len(values)
        variance = math.fsum((value - mean) ** 2 for value in values) / len(values)
        scales[name] = Scale(mean, max(math.sqrt(variance), _LEAST_SPREAD[name]), floor)
    return scales


def fuse(row: Features, scales: Mapping[str, Scale], weights: Mapping[str, float]) -> float:
    """The fused score of one candidate, in standard deviations above a usual candidate."""
    terms = [weights[name] * scale.of(row.get(name)) for name, scale in scales.items()]
    terms += [
        weights[name] * value
        for name, value in row.items()
        if name in weights and name not in _SCALED
    ]
    return math.fsum(terms)  # rounded once: the order of the terms changes nothing


def shown(fused: float) -> float:
    """A fused score as 0..1, in the same order (for people and for JSON)."""
    return 1.0 / (1.0 + math.exp(-_STEEPNESS * (fused - _MIDDLE)))
