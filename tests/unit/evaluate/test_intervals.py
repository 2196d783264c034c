import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.evaluate.intervals import paired_difference, wilson


@given(st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_a_share_lies_inside_its_interval(counts: tuple[int, int]) -> None:
    successes, cases = counts
    told = wilson(successes, cases)
    assert 0.0 <= told.low <= told.value <= told.high <= 1.0


def test_wilsons_interval_for_eight_of_ten_is_the_textbooks() -> None:
    told = wilson(8, 10)
    assert (told.low, told.high) == (
        pytest.approx(0.4902, abs=1e-3),
        pytest.approx(0.9433, abs=1e-3),
    )


def test_no_case_tells_nothing() -> None:
    assert (wilson(0, 0).low, wilson(0, 0).high) == (0.0, 1.0)


def test_equal_figures_differ_by_nothing_and_a_clear_lead_excludes_zero() -> None:
    same = paired_difference([[1.0, 0.0, 1.0]], [[1.0, 0.0, 1.0]])
    ahead = paired_difference([[1.0] * 40], [[1.0] * 20 + [0.0] * 20])
    assert (same.value, same.low, same.high) == (0.0, 0.0, 0.0)
    assert ahead.value == 0.5
    assert ahead.excludes_zero


def test_every_set_counts_the_same_however_many_queries_it_has() -> None:
    told = paired_difference([[1.0] * 100, [0.0]], [[0.0] * 100, [0.0]])
    assert told.value == 0.5


def test_a_set_without_queries_is_refused() -> None:
    with pytest.raises(ValueError, match="without queries"):
        paired_difference([[]], [[]])
