"""What a search gives back, and the candidate as it is scored on the way there."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

from knowledge.model import DocumentKind, Generation, Hit, Origin
from knowledge.retrieve.candidates import Candidate
from knowledge.retrieve.causes import CauseGroup, one_leads
from knowledge.retrieve.confidence import DEFAULT_THRESHOLD
from knowledge.retrieve.facts import Facts
from knowledge.retrieve.fusion import Scale, shown


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranking:
    """What was found for one query.

    `incidents` and `runbooks` are ranked within their kind, `ranked` is one list over both.
    `causes` groups the past incidents that fit, the likeliest first; `separated` says whether
    the evidence tells the first from the others. `confidence` is the probability in 0..1 that
    the top answer is right; `fits` that the cases on top are of this problem at all, whichever
    of their causes it is. `answered_by` is the kind of the top answer, None when nothing is
    close enough; `incident_confidence` and `runbook_confidence` are what each kind would answer
    with. `features` are what the confidence was made of; `scales` and `weights` (by kind
    of document) with the hits' features give the same order again. `versions` are those of the
    documents ranked; `calibration` says when the team's own was made, "" without one.
    """

    generation: Generation
    revision: int
    incidents: tuple[Hit, ...] = ()
    runbooks: tuple[Hit, ...] = ()
    ranked: tuple[Hit, ...] = ()
    causes: tuple[CauseGroup, ...] = ()
    separated: bool = True
    confidence: float = 0.0
    fits: float = 0.0
    answered_by: DocumentKind | None = None
    runbook_confidence: float = 0.0
    incident_confidence: float = 0.0
    threshold: float = DEFAULT_THRESHOLD
    calibration: str = ""
    features: Mapping[str, float] = field(default_factory=dict)
    scales: Mapping[str, Scale] = field(default_factory=dict)
    weights: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    versions: Mapping[str, int] = field(default_factory=dict)
    masked: str = ""

    @property
    def answered(self) -> bool:
        return self.answered_by is not None

    @property
    def leads(self) -> bool:
        """Whether the best past incident answers for all that fit."""
        return one_leads(self.separated, self.causes)


class Rankable(Protocol):
    """What ordering needs to know; a candidate at work, or one read back from a receipt."""

    @property
    def id(self) -> str: ...

    @property
    def row(self) -> Mapping[str, float]: ...

    @property
    def fused(self) -> float: ...

    @property
    def is_starter(self) -> bool: ...


AnyRankable = TypeVar("AnyRankable", bound=Rankable)


@dataclass(frozen=True, slots=True)
class Scored:
    """A candidate with its features (`row`), what its record says, and its fused score."""

    candidate: Candidate
    facts: Facts
    row: Mapping[str, float]
    fused: float

    @property
    def id(self) -> str:
        return self.candidate.card.id

    @property
    def kind(self) -> DocumentKind:
        return self.candidate.card.kind

    @property
    def is_starter(self) -> bool:
        return self.candidate.card.origin is Origin.STARTER

    def hit(self) -> Hit:
        return Hit(
            document_id=self.id,
            kind=self.kind,
            score=shown(self.fused),
            passages=self.candidate.best_passages(),
            features={**self.row, "fused": self.fused},
        )


def by_score(scored: Sequence[AnyRankable]) -> list[AnyRankable]:
    """Best first; ties by id, so that the order never depends on where the rows came from."""
    return sorted(scored, key=lambda one: (-one.fused, one.id))
