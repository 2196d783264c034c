"""Fit the weights of `knowledge.retrieve.causes`: `python -m tests.generated.fit_causes`.

A conditional logit: the weights under which the true causes of a train world (another seed than
any test's) are likeliest. A cause that was split into several groups counts with all of them.
Prints the weights and how they do on the world they were made on.
"""

import sys
from collections.abc import Mapping, Sequence

import numpy as np
from scipy.optimize import minimize

from knowledge.embed.sentence_transformer import SentenceTransformerEmbedder
from knowledge.retrieve.causes import WEIGHTS
from tests.generated.causes_measure import retriever_over
from tests.generated.causes_world import make_world

TRAIN_SEED = 11
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
    found = minimize(loss, start, bounds=[(0.0, None)] * len(names))
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
    seed = int(sys.argv[1]) if len(sys.argv) > 1 else TRAIN_SEED
    names = int(sys.argv[2]) if len(sys.argv) > 2 else 240
    for name, weight in fitted(rows_of(seed, names)).items():
        print(f'    "{name}": {weight:.2f},')
