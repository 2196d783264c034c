import numpy as np
import pytest

from knowledge.evaluate.fit_ranking import Asked, fit, rate, shipped_form
from knowledge.retrieve.weights import FITTED

_WIDTH = 1 + len(FITTED)


def part(telling: int, queries: int = 40, candidates: int = 8) -> list[Asked]:
    """Queries whose right document is the one with the highest feature number `telling`."""
    random = np.random.default_rng(telling)
    asked = []
    for _ in range(queries):
        features = random.normal(size=(candidates, _WIDTH))
        right = np.arange(candidates) == int(features[:, telling].argmax())
        asked.append(Asked(features, right))
    return asked


@pytest.mark.parametrize("telling", [0, 1, _WIDTH - 1])
def test_the_feature_that_tells_gets_the_weight(telling: int) -> None:
    weights = fit([part(telling)])
    assert int(weights.argmax()) == telling
    assert rate(part(telling), weights, 1) > 0.9


def test_weights_are_never_negative_and_parts_count_the_same() -> None:
    weights = fit([part(0, queries=100), part(1, queries=5)])
    assert (weights >= 0).all()
    assert weights[1] > 0.3 * weights[0]


def test_a_query_whose_answer_is_no_candidate_counts_as_missed() -> None:
    lost = Asked(np.ones((3, _WIDTH)), np.zeros(3, dtype=bool))
    assert rate([lost], np.ones(_WIDTH), 3) == 0.0
    assert np.isfinite(fit([[lost, *part(0)]])).all()


def test_shipped_weights_are_in_units_of_the_dense_one() -> None:
    told = shipped_form(np.array([2.0, 1.0, *[0.0] * (_WIDTH - 2)]))
    assert told[FITTED[0]] == 0.5
