"""The confidence fitted to a history: what it takes from data, and what it leaves alone."""

import math
import random
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.embed.hashing import HashingEmbedder
from knowledge.evaluate.backtest.replay import replay
from knowledge.evaluate.calibrate import (
    LEAST_CASES,
    Sample,
    calibrate,
    fit_kind,
    scaling_of,
)
from knowledge.model import PastIncident, Runbook
from knowledge.retrieve.calibration import PRIOR, Fitted, Scaling, log_odds


def history(cases: int, truth: Scaling, seed: int = 1) -> list[Sample]:
    """Cases of which those said to be right with p are right as `truth` has it."""
    rng = random.Random(seed)
    said = [rng.uniform(0.02, 0.98) for _ in range(cases)]
    return [(sure, rng.random() < truth.of(sure)) for sure in said]


def test_a_prior_that_is_too_sure_is_taken_back() -> None:
    truth = Scaling(0.5, -1.0)
    fit = fit_kind(history(3_000, truth), PRIOR.incidents, 0.05)
    assert fit.is_taken
    assert fit.held is not None
    assert fit.held.error_after < 0.05 < fit.held.error_before
    for sure in (0.2, 0.5, 0.8):
        assert fit.fitted.scaling.of(sure) == pytest.approx(truth.of(sure), abs=0.05)


def test_the_threshold_keeps_the_budget_on_cases_it_never_saw() -> None:
    truth = Scaling(2.0, 0.5)
    fit = fit_kind(history(3_000, truth), PRIOR.incidents, 0.05)
    new = history(20_000, truth, seed=2)
    given_ = [right for sure, right in new if fit.fitted.scaling.of(sure) >= fit.fitted.threshold]
    assert len(given_) > 2_000
    assert sum(not right for right in given_) / len(given_) <= 0.065


def test_a_budget_that_nothing_keeps_means_that_it_never_answers() -> None:
    samples = [(0.9, number % 2 == 0) for number in range(300)]
    assert fit_kind(samples, PRIOR.incidents, 0.05).fitted.threshold == 1.0


@pytest.mark.parametrize("cases", [0, 1, LEAST_CASES - 1])
def test_few_cases_change_nothing(cases: int) -> None:
    fit = fit_kind(history(cases, Scaling(0.3, -2.0)), PRIOR.incidents, 0.05)
    assert (fit.fitted, fit.judged, fit.held) == (PRIOR.incidents, cases, None)


def test_a_fit_that_does_worse_on_the_newest_cases_is_left() -> None:
    """What was so is so no more: the older cases say the contrary of the newer ones."""
    old = [(0.9, False)] * 100 + [(0.1, True)] * 100
    new = [(0.9, True), (0.1, False)] * 50
    fit = fit_kind([*old, *new], PRIOR.incidents, 0.05)
    assert fit.held is not None
    assert not fit.is_taken
    assert fit.fitted == PRIOR.incidents


@pytest.mark.parametrize("right", [True, False])
def test_cases_of_one_outcome_do_not_run_off(right: bool) -> None:
    scaling = scaling_of([(0.7, right)] * 500)
    assert math.isfinite(scaling.shift)
    assert 0.0 < scaling.of(0.7) < 1.0


@given(st.floats(0.0, 1.0), st.floats(0.0, 1.0), st.floats(0.0, 5.0), st.floats(-5.0, 5.0))
def test_scaling_keeps_the_order_and_stays_a_probability(
    one: float, other: float, slope: float, shift: float
) -> None:
    scaling = Scaling(slope, shift)
    low, high = sorted((one, other))
    assert 0.0 <= scaling.of(low) <= scaling.of(high) <= 1.0


def test_the_usual_scaling_changes_no_digit() -> None:
    assert Scaling().of(0.1 + 0.2) == 0.1 + 0.2
    assert log_odds(0.5) == 0.0


def test_a_replay_says_of_each_kind_how_sure_and_whether_right() -> None:
    start = datetime(2026, 3, 1, tzinfo=UTC)
    page = Runbook(id="disk", title="Disk full", body="# Disk full\n\nNo space left on the device.")
    cases = [
        PastIncident(
            id=f"INC-{number}",
            title="Disk full",
            symptom="No space left on the device of the log store",
            cause="Old logs were never deleted.",
            runbook="disk" if number % 2 else None,
            started_at=start + timedelta(days=number),
        )
        for number in range(4)
    ]
    replayed = replay(cases, [page], HashingEmbedder(256))
    assert [one.by_incidents is not None for one in replayed.asked] == [False, True, True, True]
    assert all(one.by_incidents[1] for one in replayed.asked if one.by_incidents)
    assert [one.by_runbook is not None for one in replayed.asked] == [False, True, False, True]
    made = calibrate(replayed, budget=0.05, model_digest="m", made_at="now")
    assert not made.is_taken
    assert made.calibration.incidents == Fitted(PRIOR.incidents.threshold)
