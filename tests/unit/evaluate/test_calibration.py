from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.evaluate.calibration import (
    Told,
    calibration_error,
    reliability,
    risk_coverage,
    threshold_for,
)
from knowledge.evaluate.plot import draw

answers = st.lists(
    st.builds(Told, confidence=st.floats(0, 1), right=st.booleans()), min_size=1, max_size=60
)


def test_what_is_right_as_often_as_it_says_has_no_error() -> None:
    told = [Told(0.75, right=number % 4 != 0) for number in range(100)]
    assert calibration_error(told) == pytest.approx(0.0, abs=1e-9)
    assert calibration_error([Told(0.9, right=False)] * 10) == pytest.approx(0.9)


@given(answers)
def test_bins_hold_every_answer_once(told: list[Told]) -> None:
    assert sum(one.cases for one in reliability(told)) == len(told)


@given(answers)
def test_answering_everything_is_wrong_as_often_as_there_are_wrong_ones(told: list[Told]) -> None:
    last = risk_coverage(told)[-1]
    assert last.coverage == 1.0
    assert last.wrong == pytest.approx(sum(not one.right for one in told) / len(told))


@given(answers, st.floats(0.01, 0.5))
def test_the_threshold_keeps_the_budget_on_what_it_was_made_from(
    told: list[Told], budget: float
) -> None:
    least = threshold_for(told, budget)
    given_out = [one for one in told if one.confidence >= least]
    assert sum(not one.right for one in given_out) <= budget * (len(given_out) + 1)


def test_too_few_answers_promise_nothing() -> None:
    assert threshold_for([Told(0.99, right=True)] * 10, 0.05) > 1.0
    assert threshold_for([Told(0.99, right=True)] * 40, 0.05) == 0.99


def test_curves_become_a_picture(tmp_path: Path) -> None:
    told = [Told(number / 50, right=number > 20) for number in range(50)]
    draw(tmp_path / "curves.png", {"a set": told}, budget=0.05, threshold=0.6)
    assert (tmp_path / "curves.png").read_bytes().startswith(b"\x89PNG")
