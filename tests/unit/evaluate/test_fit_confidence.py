from knowledge.evaluate.fit_confidence import Sample, calibration_error, fit, outcome
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


def test_a_higher_threshold_answers_less_and_errs_less() -> None:
    beta = fit(SAMPLES)
    low, high = outcome(SAMPLES, beta, 0.3), outcome(SAMPLES, beta, 0.9)
    assert high.answered < low.answered
    assert high.wrong_when_answered <= low.wrong_when_answered


def test_a_fitted_confidence_is_roughly_calibrated() -> None:
    assert calibration_error(SAMPLES, fit(SAMPLES)) < 0.15
