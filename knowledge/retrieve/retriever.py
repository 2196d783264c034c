"""The Retriever: a query in, past incidents and runbooks ranked within their kind out."""

import copy
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Self

from knowledge.embed.port import Vectors
from knowledge.index.source import KnowledgeSource
from knowledge.model import DocumentKind, Origin, Query
from knowledge.retrieve.calibration import PRIOR, Calibration
from knowledge.retrieve.candidates import (
    Candidate,
    SearchIndex,
    card_of,
    embed_reading,
    gather,
    is_visible,
)
from knowledge.retrieve.facts import NOTHING, FactsReader
from knowledge.retrieve.features import Rarity, amount, evidence, structure, title_coverage
from knowledge.retrieve.fusion import Scale, fuse, scales_of
from knowledge.retrieve.judge import (
    Answer,
    Embed,
    IncidentJudge,
    IncidentVerdict,
    is_linked,
    join,
    judge_top,
    team_first,
)
from knowledge.retrieve.kin import kin_of
from knowledge.retrieve.pages import Answered
from knowledge.retrieve.ranking import Ranking, Scored, by_score
from knowledge.retrieve.reading import Reading, read_query
from knowledge.retrieve.staged import FactsOf
from knowledge.retrieve.weights import WEIGHTS, Limits, Weights
from knowledge.text.masking import mask

NEAR_PAGE = 0.45
"""Cosine from which a page counts as being about a recorded cause."""

_PAGES_LOOKED_AT = 30


@dataclass(frozen=True, slots=True)
class Asked:
    """A question, what was read of it, and the vectors of the reading's texts."""

    query: Query
    reading: Reading
    vectors: Mapping[str, Vectors]


@dataclass(frozen=True, slots=True)
class _Ranked:
    """What one search finds, before past incidents are judged."""

    revision: int
    scored: Sequence[Scored]
    scales: dict[str, Scale]
    runbooks: Sequence[Scored]
    p_runbook: float
    why_runbook: dict[str, float]

    @property
    def incidents(self) -> list[Scored]:
        return [one for one in self.scored if one.kind is DocumentKind.PAST_INCIDENT]


class Retriever:
    """Ranks what a projection holds. Safe to use from several threads.

    `embed` gives unit vectors for short texts and helps to tell whether two recorded causes
    are one; without it their words alone decide. A `threshold` that somebody chose holds for both
    kinds; without one those of the `calibration` do. `facts` tells what documents say; without it
    that is read from the `source`.
    """

    def __init__(
        self,
        projection: SearchIndex,
        source: KnowledgeSource,
        *,
        weights: Mapping[DocumentKind, Weights] | None = None,
        limits: Limits | None = None,
        threshold: float | None = None,
        calibration: Calibration = PRIOR,
        embed: Embed | None = None,
        facts: FactsOf | None = None,
    ) -> None:
        self._index = projection
        self._facts: FactsOf = facts or FactsReader(source)
        self._weights = {kind: one.as_dict() for kind, one in (weights or WEIGHTS).items()}
        self._limits = limits or Limits()
        self._calibration = calibration
        own = calibration.incidents.threshold, calibration.runbooks.threshold
        self._threshold, self._runbook_threshold = (
            own if threshold is None else (threshold, threshold)
        )
        self._incidents = IncidentJudge(embed)

    @property
    def facts(self) -> FactsOf:
        return self._facts

    @property
    def calibration(self) -> Calibration:
        return self._calibration

    @property
    def threshold(self) -> float:
        """Least confidence at which a past incident answers."""
        return self._threshold

    @property
    def runbook_threshold(self) -> float:
        """Least confidence at which a runbook answers alone."""
        return self._runbook_threshold

    @property
    def weights(self) -> dict[str, dict[str, float]]:
        """By kind of document, feature name to weight, as receipts keep it."""
        return {kind.value: dict(own) for kind, own in self._weights.items()}

    def search(self, query: Query) -> Ranking:
        """Rank everything that the query's readers may see; an empty query finds nothing."""
        reading = read_query(query)
        generation = self._index.generation
        vectors = embed_reading(self._index, reading)
        asked = Asked(query, reading, vectors)
        found = self._ranked(asked)
        verdict = self._verdict(asked, found.incidents)
        answer = self._join(verdict, found.p_runbook)
        runbook_speaks = answer.by is DocumentKind.RUNBOOK or not verdict.order
        kept = self._limits.kept
        return Ranking(
            incidents=tuple(one.hit() for one in verdict.order[:kept]),
            runbooks=tuple(one.hit() for one in found.runbooks[:kept]),
            ranked=tuple(one.hit() for one in _merged(verdict.order, found.runbooks)[:kept]),
            causes=verdict.causes,
            separated=verdict.separated,
            confidence=answer.confidence,
            fits=answer.fits,
            answered_by=answer.by,
            runbook_confidence=found.p_runbook,
            incident_confidence=verdict.certainty,
            threshold=self._threshold,
            calibration=self._calibration.made_at,
            features=found.why_runbook if runbook_speaks else verdict.why,
            scales=found.scales,
            weights=self.weights,
            versions={one.id: one.candidate.card.version for one in found.scored},
            masked=reading.masked,
            generation=generation,
            revision=found.revision,
        )

    def answers(self, asked: Sequence[Asked]) -> list[Answered]:
        """What leads to the page that each question is shown first. What the judging of past
        incidents embeds is embedded for all of them together."""
        ranked = [self._ranked(one) for one in asked]
        incidents = [one.incidents for one in ranked]
        self._incidents.read([one.query for one in asked], incidents)
        return [
            self._answered(self._verdict(one, past), found)
            for one, past, found in zip(asked, incidents, ranked, strict=True)
        ]

    def answer_again(self, asked: Asked, before: Answered) -> Answered:
        """The same where only pages have changed: past incidents are not judged again."""
        return self._answered(before.verdict, self._ranked(asked))

    def _answered(self, verdict: IncidentVerdict, found: _Ranked) -> Answered:
        return Answered(
            by=self._join(verdict, found.p_runbook).by,
            verdict=verdict.in_short(),
            runbook=found.runbooks[0].id if found.runbooks else None,
            probability=found.p_runbook,
            revision=found.revision,
        )

    def _ranked(self, asked: Asked) -> _Ranked:
        with self._index.reading() as revision:
            candidates = gather(
                self._index, asked.query, asked.reading, asked.vectors, self._limits
            )
        scored, scales = self._score(asked.query, asked.reading, list(candidates.values()))
        return _Ranked(revision, scored, scales, *self._pages(scored))

    def _verdict(self, asked: Asked, incidents: Sequence[Scored]) -> IncidentVerdict:
        lend = partial(kin_of, self._index, self._facts, asked.query)
        verdict = self._incidents.judge(asked.query, asked.reading, incidents, lend)
        return self._calibration.verdict(verdict)

    def _join(self, verdict: IncidentVerdict, p_runbook: float) -> Answer:
        return join(verdict, p_runbook, self._threshold, self._runbook_threshold)

    def over(self, index: SearchIndex, facts: FactsOf) -> Self:
        """The same ranking over another index, and what its documents say."""
        other = copy.copy(self)
        other._index, other._facts = index, facts
        return other

    def visible(self, document_ids: Collection[str], query: Query) -> frozenset[str]:
        """Those documents that are there and that the query's readers may see."""
        without = self._index.hidden_from(query.audience, query.excluded)
        return frozenset(one for one in document_ids if is_visible(self._index, one, without))

    def starters(self, document_ids: Iterable[str]) -> frozenset[str]:
        """Those of the documents that come from the generic starter pack."""
        cards = self._index.cards
        return frozenset(
            one for one in document_ids if one in cards and cards[one].origin is Origin.STARTER
        )

    def page_at(self, link: str, query: Query) -> str | None:
        """The visible runbook that a link or a slug means, if it is known."""
        known = self._index.cards.get(link)
        cards = [*self._index.pages_at(link), *([known] if known else [])]
        pages = {card.id for card in cards if card.kind is DocumentKind.RUNBOOK}
        return min(self.visible(pages, query), default=None)

    def page_about(self, text: str, query: Query, spared: int = 0) -> str | None:
        """The visible runbook nearest in meaning to a recorded cause; None when none is near.
        `spared` more passages are looked at than usual."""
        masked = mask(text).strip()
        if not masked:
            return None
        without = self._index.hidden_from(query.audience, query.excluded)
        for passage, cosine in self._index.vector_search(
            masked, _PAGES_LOOKED_AT + spared, without
        ):
            card = card_of(self._index, self._index.cards, passage)
            if cosine < NEAR_PAGE:
                return None
            if card is not None and card.kind is DocumentKind.RUNBOOK:
                return card.id
        return None

    def section_about(self, page_id: str, text: str, query: Query) -> int | None:
        """The id of the visible passage of a page that is nearest in meaning to a text, such as
        what ended an incident; None when no passage of the page is among the nearest of all."""
        masked = mask(text).strip()
        if not masked:
            return None
        without = self._index.hidden_from(query.audience, query.excluded)
        mine = frozenset(self._index.passage_ids_of(page_id))
        nearest = self._index.vector_search(masked, self._limits.passages_per_search, without)
        return next((passage for passage, _ in nearest if passage in mine), None)

    def _pages(self, scored: Sequence[Scored]) -> tuple[list[Scored], float, dict[str, float]]:
        """Runbooks in order, the probability that the first is right, and what that is made of."""
        runbooks = team_first(
            [one for one in scored if one.kind is DocumentKind.RUNBOOK], self._threshold
        )
        probability, why = judge_top(runbooks)
        if runbooks and not is_linked(runbooks[0]):
            probability = self._calibration.runbooks.scaling.of(probability)
        return runbooks, probability, why

    def _score(
        self,
        query: Query,
        reading: Reading,
        candidates: Sequence[Candidate],
    ) -> tuple[list[Scored], dict[str, Scale]]:
        """Features of all, by text first; full records are read for the best of them alone."""
        coverage = title_coverage(candidates, reading)
        newest = max((c.card.started_at for c in candidates if c.card.started_at), default=None)
        rows: dict[str, dict[str, float]] = {}
        for candidate in candidates:
            row = {"title": coverage[candidate.card.id], **structure(candidate.card, query, newest)}
            told = amount(reading, candidate.card)
            if told:
                row["amount"] = told
            for name in ("dense", "logs_dense", "body"):
                value = getattr(candidate, name)
                if value is not None:
                    row[name] = value
            rows[candidate.card.id] = row
        scales = scales_of(list(rows.values()))
        by_text = by_score(
            [
                Scored(c, NOTHING, rows[c.card.id], self._fused(c, rows[c.card.id], scales))
                for c in candidates
            ]
        )
        read = by_text[: self._limits.candidates_read]
        facts = self._facts.of([one.candidate.card for one in read])
        exact = Rarity.among(one.exact for one in facts.values())
        words = Rarity.among(one.words for one in facts.values())
        for one in read:
            rows[one.id].update(evidence(reading, facts[one.id], exact, words))
        scales = scales_of(list(rows.values()))
        scored = [
            Scored(
                one.candidate,
                facts.get(one.id, NOTHING),
                rows[one.id],
                self._fused(one.candidate, rows[one.id], scales),
            )
            for one in by_text
        ]
        return scored, scales

    def _fused(
        self, candidate: Candidate, row: Mapping[str, float], scales: Mapping[str, Scale]
    ) -> float:
        return fuse(row, scales, self._weights[candidate.card.kind])


def _merged(incidents: Sequence[Scored], runbooks: Sequence[Scored]) -> list[Scored]:
    """One list over both kinds by score, each kind's own order kept."""
    merged: list[Scored] = []
    left, right = list(incidents), list(runbooks)
    while left or right:
        take_left = bool(left) and (
            not right or (left[0].fused, right[0].id) >= (right[0].fused, left[0].id)
        )
        merged.append((left if take_left else right).pop(0))
    return merged
