"""Every number that ranking is made of, in one place."""

from dataclasses import asdict, dataclass

FUSION_VERSION = 1
"""Raise it whenever the same features would be ranked otherwise; receipts keep it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """How much each feature counts, in standard deviations of a query's own candidates.

    `body`, `title`, `exact` and `coverage` were set on six public sets (four of runbooks, two
    of bug reports) by a coarse grid with one value for all; the optimum is flat: moving any of
    them by a third moves the mean first-place rate by about a point. `dense` is 1 by
    definition.
    The others are judgement, as no public set has the structure: each says how many standard
    deviations of text similarity one fact is worth. The alert's own link beats any text; the
    same alert name lifts a case above similar ones of other alerts but cannot tell its own
    causes apart; a shared log line is worth two; environment, service and recency break near
    ties.
    """

    dense: float = 1.0
    body: float = 0.7
    title: float = 0.5
    exact: float = 0.4
    coverage: float = 1.0
    logs_dense: float = 0.7
    log_lines: float = 2.0
    errors: float = 1.0
    own_page: float = 6.0
    same_alert: float = 3.0
    same_service: float = 0.4
    other_service: float = -0.3
    same_environment: float = 0.2
    other_environment: float = -0.7
    recency: float = 0.2

    def as_dict(self) -> dict[str, float]:
        """Feature name to weight, as receipts keep it."""
        return asdict(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How many of each are looked at. They bound the work and do not change a usual answer."""

    passages_per_search: int = 100
    candidates_read: int = 40
    """Best documents by text whose full record is read for evidence (logs, error names)."""

    kept: int = 50
    """Documents a ranking gives back, a kind."""
