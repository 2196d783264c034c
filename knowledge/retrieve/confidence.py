"""How sure: the probability that the top answer is the right one, and words for it.

A logistic over five numbers. The coefficients are a prior made by
`python -m knowledge.evaluate.fit_confidence` on public runbook sets, half of the queries with
their answer removed from the corpus; a team's own history refines them later.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

CONFIDENCE_VERSION = 1
"""Raise it with the coefficients or the features; receipts keep it."""

DEFAULT_THRESHOLD = 0.55
"""Below it the bot does not answer. See DECISIONS for the rates it gives on the public sets."""

MOST_MARGIN = 4.0
"""Margins are cut here, in fused standard deviations: further ahead means no surer."""

NOT_CONFIDENT = 0.69
"""The most that an answer with a reservation can reach: just short of "likely"."""

_WORDS: tuple[tuple[float, str], ...] = ((0.9, "very likely"), (0.7, "likely"), (0.4, "possible"))


@dataclass(frozen=True, slots=True)
class Prior:
    """Coefficients of the logistic, by feature, and its intercept."""

    intercept: float = -6.0
    dense: float = 6.0
    margin: float = 0.7
    coverage: float = 2.0
    title: float = 1.0
    structure: float = 2.5


PRIOR = Prior()


def confidence_features(
    row: Mapping[str, float], fused: float, rival: float | None
) -> dict[str, float]:
    """What the probability is made of, from the top candidate's row and the best rival's score.

    `rival` is None when nothing else was found: then the margin is the largest counted.
    """
    margin = MOST_MARGIN if rival is None else min(max(fused - rival, 0.0), MOST_MARGIN)
    return {
        "dense": max(row.get("dense", 0.0), row.get("logs_dense", 0.0), 0.0),
        "margin": margin,
        "coverage": row.get("coverage", 0.0),
        "title": row.get("title", 0.0),
        "structure": min(
            1.0,
            max(row.get("own_page", 0.0), row.get("same_alert", 0.0), row.get("log_lines", 0.0)),
        ),
    }


def probability(features: Mapping[str, float], prior: Prior = PRIOR) -> float:
    """The logistic of the features, in 0..1."""
    total = prior.intercept + math.fsum(
        getattr(prior, name) * features[name]
        for name in ("coverage", "dense", "margin", "structure", "title")
    )
    return 1.0 / (1.0 + math.exp(-total))


def in_words(confidence: float) -> str:
    """ "very likely", "likely", "possible" or "unsure"."""
    return next((words for least, words in _WORDS if confidence >= least), "unsure")
