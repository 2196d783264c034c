import pytest

from knowledge.retrieve.confidence import (
    INCIDENT_PRIOR,
    MOST_MARGIN,
    RUNBOOK_PRIOR,
    Prior,
    confidence_features,
    in_words,
    probability,
)

ROW = {"dense": 0.6, "coverage": 0.5, "title": 0.5}


@pytest.mark.parametrize("prior", [RUNBOOK_PRIOR, INCIDENT_PRIOR])
@pytest.mark.parametrize("name", ["dense", "coverage", "title", "same_alert", "own_page"])
def test_more_evidence_never_makes_less_sure(prior: Prior, name: str) -> None:
    before = probability(confidence_features(ROW, 5.0, 4.0), prior)
    after = probability(confidence_features({**ROW, name: 1.0}, 5.0, 4.0), prior)
    assert after > before


@pytest.mark.parametrize("prior", [RUNBOOK_PRIOR, INCIDENT_PRIOR])
def test_a_close_rival_and_another_alerts_name_make_less_sure(prior: Prior) -> None:
    alone = probability(confidence_features(ROW, 5.0, None), prior)
    contested = probability(confidence_features(ROW, 5.0, 4.9), prior)
    foreign = probability(confidence_features({**ROW, "other_alert": 1.0}, 5.0, None), prior)
    assert contested < alone
    assert foreign < alone


def test_margins_are_bounded() -> None:
    assert confidence_features(ROW, 99.0, 0.0)["margin"] == MOST_MARGIN
    assert confidence_features(ROW, 1.0, 2.0)["margin"] == 0.0


def test_words_follow_the_number() -> None:
    said = [in_words(number) for number in (0.95, 0.8, 0.5, 0.1)]
    assert said == ["very likely", "likely", "possible", "unsure"]
