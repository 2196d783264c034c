import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.retrieve.fusion import fuse, scales_of, shown
from knowledge.retrieve.weights import Weights

WEIGHTS = Weights().as_dict()
numbers = st.floats(0, 1, allow_nan=False)


def test_a_search_that_missed_a_document_counts_as_its_lowest_score() -> None:
    rows = [{"dense": 0.9}, {"dense": 0.2}, {"body": 3.0}]
    scales = scales_of(rows)
    assert fuse({"body": 3.0}, scales, WEIGHTS) == pytest.approx(
        fuse({"body": 3.0, "dense": 0.2}, scales, WEIGHTS)
    )


def test_near_equal_texts_are_not_blown_up_into_a_ranking() -> None:
    rows = [{"dense": 0.500}, {"dense": 0.501}]
    scales = scales_of(rows)
    difference = fuse(rows[1], scales, WEIGHTS) - fuse(rows[0], scales, WEIGHTS)
    assert 0 < difference < 0.1


def test_the_own_page_beats_any_text() -> None:
    rows = [{"dense": 0.95, "body": 30.0, "title": 1.0}] + [{"dense": 0.1, "body": 1.0}] * 20
    scales = scales_of(rows)
    own = fuse({"dense": 0.3, "body": 5.0, "own_page": 1.0}, scales, WEIGHTS)
    same = fuse({"dense": 0.3, "body": 5.0}, scales, WEIGHTS)
    assert own - same == pytest.approx(WEIGHTS["own_page"])


@given(st.lists(st.fixed_dictionaries({"dense": numbers, "body": numbers}), min_size=1, max_size=8))
def test_the_order_does_not_depend_on_the_order_of_the_candidates(rows: list) -> None:
    scales, back = scales_of(rows), scales_of(rows[::-1])
    for row in rows:
        assert fuse(row, scales, WEIGHTS) == fuse(row, back, WEIGHTS)


@given(st.floats(-50, 50), st.floats(-50, 50))
def test_shown_scores_keep_the_order_and_stay_in_bounds(a: float, b: float) -> None:
    assert 0.0 <= shown(a) <= 1.0
    if a > b:
        assert shown(a) >= shown(b)
