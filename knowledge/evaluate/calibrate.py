"""Fit the confidence to a team's own history: Platt scaling, and a threshold that keeps a budget.

Every case of a replay says how sure each kind of answer was and whether it was right, as the
replay saw only what came before. The prior counts as `PRIOR_CASES` further cases, so that few
cases move it little; the newest third of the cases, held out, says whether the fit is better.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression

from knowledge.evaluate.backtest.replay import Replay
from knowledge.evaluate.calibration import Told, calibration_error, threshold_for
from knowledge.retrieve.calibration import PRIOR, Calibration, Fitted, Scaling, log_odds

LEAST_CASES = 60
"""Judged cases of a kind below which its prior stays: a threshold for one wrong answer in twenty
needs twenty right ones in a row at the very least."""

PRIOR_CASES = 20.0
HELD_OUT = 1 / 3
_GRID = np.linspace(0.05, 0.95, 19)
"""The probabilities at which the prior's cases lie."""

Sample = tuple[float, bool]
"""How sure, by the prior, and whether it was right."""


@dataclass(frozen=True, slots=True)
class Held:
    """The held-out cases by the prior and by the fit: mean log loss (nats) and expected
    calibration error."""

    cases: int
    loss_before: float
    loss_after: float
    error_before: float
    error_after: float

    @property
    def is_better(self) -> bool:
        return self.loss_after < self.loss_before

    def as_dict(self) -> dict[str, Any]:
        return {
            "cases": self.cases,
            "log_loss": [round(self.loss_before, 4), round(self.loss_after, 4)],
            "ece": [round(self.error_before, 4), round(self.error_after, 4)],
        }


@dataclass(frozen=True, slots=True)
class KindFit:
    """What came of one kind of answer. `held` is None where there were too few cases; `fitted` is
    the prior there and where the held-out cases were not told better."""

    fitted: Fitted
    judged: int
    held: Held | None = None

    @property
    def is_taken(self) -> bool:
        return self.fitted.cases > 0


@dataclass(frozen=True, slots=True)
class Calibrated:
    incidents: KindFit
    runbooks: KindFit
    calibration: Calibration

    @property
    def is_taken(self) -> bool:
        return self.incidents.is_taken or self.runbooks.is_taken


def calibrate(replayed: Replay, *, budget: float, model_digest: str, made_at: str) -> Calibrated:
    """Fit both kinds on a replay in time order, made with the prior's confidence."""
    incidents = fit_kind(
        [one.by_incidents for one in replayed.asked if one.by_incidents], PRIOR.incidents, budget
    )
    runbooks = fit_kind(
        [one.by_runbook for one in replayed.asked if one.by_runbook], PRIOR.runbooks, budget
    )
    made = Calibration(
        incidents=incidents.fitted,
        runbooks=runbooks.fitted,
        budget=budget,
        model_digest=model_digest,
        made_at=made_at,
    )
    return Calibrated(incidents, runbooks, made)


def fit_kind(samples: Sequence[Sample], prior: Fitted, budget: float) -> KindFit:
    """Scaling and threshold of one kind; `samples` in time order."""
    if len(samples) < LEAST_CASES:
        return KindFit(prior, len(samples))
    cut = len(samples) - round(len(samples) * HELD_OUT)
    held = _held(samples[cut:], scaling_of(samples[:cut]))
    if not held.is_better:
        return KindFit(prior, len(samples), held)
    scaling = scaling_of(samples)
    told = [Told(scaling.of(sure), right) for sure, right in samples]
    threshold = min(threshold_for(told, budget), 1.0)
    return KindFit(Fitted(threshold, scaling, len(samples)), len(samples), held)


def scaling_of(samples: Sequence[Sample]) -> Scaling:
    """Platt scaling by scikit-learn's logistic regression, with the prior's cases among them."""
    odds = [log_odds(sure) for sure, _ in samples]
    grid = [log_odds(float(sure)) for sure in _GRID]
    share = PRIOR_CASES / len(_GRID)
    x = np.array([*odds, *grid, *grid])[:, None]
    y = [*(right for _, right in samples), *([True] * len(grid)), *([False] * len(grid))]
    weights = [*([1.0] * len(odds)), *(share * _GRID), *(share * (1.0 - _GRID))]
    model = LogisticRegression(C=1e6, max_iter=1_000).fit(x, y, sample_weight=weights)
    # A fit that turns the order round has found noise: then all are as likely as the average.
    return Scaling(max(float(model.coef_[0][0]), 0.0), float(model.intercept_[0]))


def _held(samples: Sequence[Sample], scaling: Scaling) -> Held:
    before = [Told(sure, right) for sure, right in samples]
    after = [Told(scaling.of(sure), right) for sure, right in samples]
    return Held(
        len(samples),
        _log_loss(before),
        _log_loss(after),
        calibration_error(before),
        calibration_error(after),
    )


def _log_loss(told: Sequence[Told]) -> float:
    """Mean negative log likelihood, in nats."""
    odds = [log_odds(one.confidence) * (1 if one.right else -1) for one in told]
    return math.fsum(math.log1p(math.exp(-each)) for each in odds) / len(told)
