"""How sure: the probability that the top answer is the right one, and words for it.

A logistic over a handful of numbers. The coefficients are priors: for runbooks made by
`python -m knowledge.evaluate.fit_confidence` on public sets, half of the queries with their
answer removed from the corpus; for past incidents set by judgement, as no public set has them.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

CONFIDENCE_VERSION = 3
"""Raise it with the coefficients or the features; receipts keep it."""

DEFAULT_THRESHOLD = 0.6
"""Below it the bot does not answer by a past incident."""

RUNBOOK_THRESHOLD = 0.88
"""Below it the bot does not answer by a runbook alone: the budget is 5 wrong ones among 100
answers. The fitting script prints it; it holds where alerts come with their names, whatever share
of the answers is missing (at most 1.3 % wrong in the worst set), and not where they come without
and most answers are missing."""

MOST_MARGIN = 4.0
"""Margins are cut here, in fused standard deviations: further ahead means no surer."""

LINKED = 0.95
"""That a person's word is right: what was linked to a query by people is believed so much."""

NOT_CONFIDENT = 0.69
"""The most that an answer with a reservation can reach: just short of "likely"."""

_WORDS: tuple[tuple[float, str], ...] = ((0.9, "very likely"), (0.7, "likely"), (0.4, "possible"))


FITTED = (
    "coverage",
    "dense",
    "margin",
    "structure",
    "title",
    "unmatched",
    "dense_lead",
    "title_lead",
    "coverage_lead",
)
"""The features whose coefficients come from data, in the order of the fitting script."""

LEADS = ("dense", "title", "coverage")
"""What the first is compared in with the best of the others: a page that is merely the nearest of
a kind is not far ahead in all of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prior:
    """Coefficients of the logistic, by feature, and its intercept.

    `unmatched` is the alert's name being known and the answer not bearing it. `other_alert` is
    judgement, as the public sets have no record that names another alert: a
    case of an alert of another name needs clearly better text to be believed.
    """

    intercept: float
    coverage: float
    dense: float
    margin: float
    structure: float
    title: float
    unmatched: float = 0.0
    dense_lead: float = 0.0
    title_lead: float = 0.0
    coverage_lead: float = 0.0
    other_alert: float = -1.5


RUNBOOK_PRIOR = Prior(
    intercept=-5.43,
    coverage=1.16,
    dense=4.48,
    margin=0.43,
    structure=2.81,
    title=2.36,
    unmatched=-3.21,
    dense_lead=0.35,
    title_lead=0.24,
    coverage_lead=1.21,
)
"""As the fitting script prints it for the four public runbook sets, each asked with an embedding
model that never saw it."""

INCIDENT_PRIOR = Prior(
    intercept=-7.5, coverage=5.0, dense=6.0, margin=0.4, structure=3.5, title=0.5
)
"""Judgement: titles of past incidents are free text and say little, their logs and symptoms a
lot. On the 164 incidents of the demo's history, each asked by its symptom with its name, half
with all of their alert's incidents removed, 1 in 70 answers is of another alert."""


def confidence_features(
    row: Mapping[str, float],
    fused: float,
    rival: float | None,
    others: Sequence[Mapping[str, float]] = (),
) -> dict[str, float]:
    """What the probability is made of, from the top candidate's row and the best rival's score.

    `rival` is None when nothing else was found: then the margin is the largest counted.
    `others` are the rows of the candidates that it leads.
    """
    margin = MOST_MARGIN if rival is None else min(max(fused - rival, 0.0), MOST_MARGIN)
    return {
        "dense": _dense(row),
        "margin": margin,
        "coverage": row.get("coverage", 0.0),
        "title": row.get("title", 0.0),
        "unmatched": float(row.get("same_alert", 1.0) == 0.0 and row.get("own_page", 0.0) == 0.0),
        "other_alert": row.get("other_alert", 0.0),
        "structure": min(
            1.0,
            max(row.get("own_page", 0.0), row.get("same_alert", 0.0), row.get("log_lines", 0.0)),
        ),
        "dense_lead": _dense(row) - max(map(_dense, others), default=0.0),
        **{
            f"{name}_lead": row.get(name, 0.0)
            - max((other.get(name, 0.0) for other in others), default=0.0)
            for name in LEADS[1:]
        },
    }


def _dense(row: Mapping[str, float]) -> float:
    return max(row.get("dense", 0.0), row.get("logs_dense", 0.0), 0.0)


def probability(features: Mapping[str, float], prior: Prior) -> float:
    """The logistic of the features, in 0..1."""
    total = prior.intercept + math.fsum(
        getattr(prior, name) * features[name] for name in (*FITTED, "other_alert")
    )
    return 1.0 / (1.0 + math.exp(-total))


def in_words(confidence: float) -> str:
    """ "very likely", "likely", "possible" or "unsure"."""
    return next((words for least, words in _WORDS if confidence >= least), "unsure")
