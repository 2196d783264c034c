"""Fit the weights of `knowledge.retrieve.causes`: `python -m tests.generated.fit_causes`.

A conditional logit: the weights under which the true causes of the train worlds (other seeds than
any test's) are likeliest. A cause that was split into several groups counts with all of them.
Those in `HELD` keep their shipped values. Prints the weights and how they do on these worlds.
"""

import sys
from collections.abc import Mapping, Sequence

import numpy as np
from scipy.optimize import minimize

from knowledge.embed.sentence_transformer import SentenceTransformerEmbedder
from knowledge.retrieve.causes import WEIGHTS
from tests.generated.causes_measure import retriever_over
from tests.generated.causes_world import make_world

TRAIN_SEEDS = (11, 12)
HELD = ("words", "labels")
"""Weights set by judgement; `knowledge.retrieve.causes.WEIGHTS` says why."""

_RIDGE = 1e-3
"""Weight of the squared weights: keeps a part that says nothing at nothing."""

Row = tuple[Sequence[Mapping[str, float]], Sequence[bool]]
"""The parts of each of a case's causes, and which of them are the true one."""


def fitted(rows: Sequence[Row]) -> dict[str, float]:
    """The weights, by name, none below zero."""
    names = list(WEIGHTS)
    cases = [
        (np.array([[part[name] for name in names] for part in parts]), np.array(true))
        for parts, true in rows
        if any(true) and not all(true)
    ]

    def loss(weights: np.ndarray) -> float:
        total = 0.0
        for parts, true in cases:
            scores = parts @ weights
            total -= np.logaddexp.reduce(scores[true]) - np.logaddexp.reduce(scores)
        return float(total / len(cases) + _RIDGE * np.sum(weights**2))

    start = np.array([WEIGHTS[name] for name in names])
    bounds = [(WEIGHTS[name],) * 2 if name in HELD else (0.0, None) for name in names]
    found = minimize(loss, start, bounds=bounds)
    print(f"{len(cases)} cases, loss {loss(start):.3f} -> {found.fun:.3f}")
    return dict(zip(names, map(float, found.x), strict=True))


def rows_of(seed: int, names: int) -> list[Row]:
    world = make_world(seed, names)
    rows: list[Row] = []
    with retriever_over(world, SentenceTransformerEmbedder.load()) as retriever:
        for case in world.cases:
            causes = retriever.search(case.query).causes
            true = [world.cause_of[one.incident_ids[0]] == case.cause for one in causes]
            rows.append(([one.parts for one in causes], true))
    return rows


if __name__ == "__main__":
    names = int(sys.argv[1]) if len(sys.argv) > 1 else 240
    rows = [row for seed in TRAIN_SEEDS for row in rows_of(seed, names)]
    for name, weight in fitted(rows).items():
        print(f'    "{name}": {weight:.2f},')
