from dataclasses import replace

from knowledge.evaluate.calibration import calibration_error
from knowledge.evaluate.fit_confidence import BUDGET, Sample, fit, threshold_of, told
from knowledge.retrieve.confidence import FITTED


def sample(dense: float, *, right: bool) -> Sample:
    features = dict.fromkeys(FITTED, 0.0)
    return Sample({**features, "dense": dense}, right, answerable=right)


SAMPLES = [sample(n / 200, right=(n * 79) % 200 < n) for n in range(200)]


def test_the_fit_finds_the_feature_that_tells() -> None:
    beta = dict(zip(("intercept", *FITTED), fit(SAMPLES), strict=True))
    assert beta["dense"] > 1.0
    assert abs(beta["margin"]) < 1e-6


def test_a_perfectly_separating_feature_does_not_run_off() -> None:
    beta = fit([sample(1.0, right=True)] * 50 + [sample(0.0, right=False)] * 50)
    assert all(abs(value) < 20 for value in beta)


def test_the_threshold_keeps_the_budget_at_every_share() -> None:
    samples = [replace(one, share=share) for share in (0.1, 0.6) for one in SAMPLES]
    samples += [replace(sample(0.97, right=False), share=0.6)] * 3
    beta = fit(samples)
    least = threshold_of(samples, beta)
    for share in (0.1, 0.6):
        part = told([one for one in samples if one.share == share], beta, least)
        given = [one for one in part if one.answered]
        assert sum(not one.right for one in given) <= BUDGET * (len(given) + 1)


def test_a_fitted_confidence_is_roughly_calibrated() -> None:
    assert calibration_error(told(SAMPLES, fit(SAMPLES))) < 0.15
