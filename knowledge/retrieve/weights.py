"""Every number that ranking is made of, in one place."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass

from knowledge.model import DocumentKind

FUSION_VERSION = 3
"""Raise it whenever the same features would be ranked otherwise; receipts keep it."""

FITTED = ("body", "title", "exact", "coverage", "severity", "amount")
"""The weights that `python -m knowledge.evaluate.fit_ranking` makes, in its order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """How much each feature counts, in standard deviations of a query's own candidates.

    Those named in `FITTED` come from the fitting script on public sets. `dense` is 1 by
    definition, and logs are worth what prose is. The others are judgement, as no public set has
    the structure: each says how many standard deviations of text similarity one fact is worth.
    The alert's own link beats any text; the same alert name lifts a case above similar ones of
    other alerts but cannot tell its own causes apart; a shared log line is worth two;
    environment, service and recency break near ties. What people linked outweighs everything, so
    that it is a constraint; that somebody found a case no help is worth one.
    """

    body: float = 0.45
    title: float = 0.52
    exact: float = 0.25
    coverage: float = 0.28
    severity: float = 0.28
    amount: float = 0.52
    log_lines: float = 2.0
    errors: float = 1.0
    own_page: float = 6.0
    same_alert: float = 3.0
    service: float = 0.35
    environment: float = 0.45
    recency: float = 0.2
    linked: float = 50.0
    unhelpful: float = -1.0

    def as_dict(self) -> dict[str, float]:
        """Feature name to weight, as receipts keep it."""
        weights = asdict(self)
        service, environment = weights.pop("service"), weights.pop("environment")
        return {
            "dense": 1.0,
            "logs_dense": 1.0,
            **weights,
            "same_service": service,
            "other_service": -service,
            "same_environment": environment,
            "other_environment": -environment,
        }


RUNBOOK_WEIGHTS = Weights()
INCIDENT_WEIGHTS = Weights(body=0.7, title=0.3, exact=0.4, coverage=1.0, severity=0.0, amount=0.0)
"""A past incident's title is whatever somebody wrote that night; what was seen, and how much of it
is said again today, counts more. Judgement, held to the demo's history of 164 incidents."""

WEIGHTS: Mapping[DocumentKind, Weights] = {
    DocumentKind.RUNBOOK: RUNBOOK_WEIGHTS,
    DocumentKind.PAST_INCIDENT: INCIDENT_WEIGHTS,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How many of each are looked at. They bound the work and do not change a usual answer."""

    passages_per_search: int = 100
    candidates_read: int = 40
    """Best documents by text whose full record is read for evidence (logs, error names)."""

    kept: int = 50
    """Documents a ranking gives back, a kind."""
