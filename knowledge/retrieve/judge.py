"""From ranked candidates to an answer: which kind answers, how sure, and which causes fit."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Self

from knowledge.embed.port import Vectors
from knowledge.model import DocumentKind, Query
from knowledge.retrieve.causes import Case, CauseGroup, Lend, groups_of, is_separated, one_leads
from knowledge.retrieve.clues import MOST_LINES, Clues
from knowledge.retrieve.confidence import (
    INCIDENT_PRIOR,
    LINKED,
    NOT_CONFIDENT,
    RUNBOOK_PRIOR,
    confidence_features,
    probability,
)
from knowledge.retrieve.facts import label_pairs, said_words
from knowledge.retrieve.ranking import AnyRankable, Rankable, Scored, by_score
from knowledge.retrieve.reading import Reading, content_words

PLAUSIBLE = 2.5
"""Fused standard deviations behind the best case within which another cause may be the one."""

MOST_CASES = 20

Embed = Callable[[Sequence[str]], Vectors]


@dataclass(frozen=True, slots=True)
class IncidentVerdict:
    """What the past incidents say. `order` is them ranked, the likeliest cause's best first."""

    order: tuple[Scored, ...] = ()
    causes: tuple[CauseGroup, ...] = ()
    separated: bool = True
    fits: float = 0.0
    confidence: float = 0.0
    elsewhere_only: bool = False
    why: dict[str, float] = field(default_factory=dict)

    @property
    def certainty(self) -> float:
        """What decides whether past incidents answer: several causes answer when they fit."""
        return self.confidence if self.separated else self.fits

    @property
    def leads(self) -> bool:
        """Whether one cause goes before all others."""
        return one_leads(self.separated, self.causes)

    def in_short(self) -> Self:
        """With the best case and two causes alone, to be kept for long."""
        return replace(self, order=self.order[:1], causes=self.causes[:2])


@dataclass(frozen=True, slots=True)
class Answer:
    by: DocumentKind | None
    confidence: float
    fits: float


def judge_top(ranked: Sequence[Rankable]) -> tuple[float, dict[str, float]]:
    """Probability that the first of the ranked runbooks is right, and what it was made of."""
    if not ranked:
        return 0.0, {}
    rival = ranked[1].fused if len(ranked) > 1 else None
    others = [one.row for one in ranked[1:]]
    why = confidence_features(ranked[0].row, ranked[0].fused, rival, others)
    return LINKED if is_linked(ranked[0]) else probability(why, RUNBOOK_PRIOR), why


def is_linked(one: Rankable) -> bool:
    """Whether people said that this is what the query is about."""
    return one.row.get("linked", 0.0) > 0.0


def team_first(runbooks: Sequence[AnyRankable], threshold: float) -> list[AnyRankable]:
    """Runbooks by score, except that a starter page gives way to a team's page that fits.

    A team's page fits when it would be the answer if there were no starter pack; then it comes
    before every starter page, whatever their scores, but not before one that people linked.
    """
    ranked = by_score(runbooks)
    team = [one for one in ranked if not one.is_starter]
    if not team or not ranked[0].is_starter or is_linked(ranked[0]):
        return ranked
    if judge_top(team)[0] < threshold:
        return ranked
    return [team[0], *(one for one in ranked if one is not team[0])]


class IncidentJudge:
    """Sorts past incidents that fit by cause. `embed` tells causes of one meaning apart less
    strictly than their words do; without it words alone decide. Safe from several threads."""

    def __init__(self, embed: Embed | None = None) -> None:
        self._meanings = _Meanings(embed) if embed is not None else None

    def read(self, queries: Sequence[Query], incidents: Sequence[Sequence[Scored]]) -> None:
        """Embed the causes that `judge` will compare for each of many questions in one go."""
        if self._meanings is None:
            return
        texts = {
            case.facts.ending
            for query, own in zip(queries, incidents, strict=True)
            for case in (_plausible(query, by_score(own)) if own else ())
        }
        self._meanings.of(sorted(texts))

    def judge(
        self,
        query: Query,
        reading: Reading,
        incidents: Sequence[Scored],
        lend: Lend | None = None,
    ) -> IncidentVerdict:
        """`lend` is asked where records of one alert's name had several causes; see `groups_of`."""
        ranked = by_score(incidents)
        if not ranked:
            return IncidentVerdict()
        plausible = _plausible(query, ranked)
        same_name = plausible[0].row.get("same_alert", 0.0) > 0.0
        causes = groups_of(
            self._cases(plausible, reading), _asked(query, reading), lend if same_name else None
        )
        separated = is_separated(causes)
        leading = causes[0].incident_ids if causes and separated else ()
        order = likeliest_first(ranked, leading)
        top = order[0]
        named = {one.id for one in plausible}
        rival = next((one.fused for one in order if one.id not in named), None)
        why = confidence_features(top.row, top.fused, rival)
        fits = LINKED if is_linked(top) else probability(why, INCIDENT_PRIOR)
        chance = causes[0].probability if causes else 1.0
        elsewhere = all(
            one.row.get("other_environment", 0.0) > 0.0
            for one in plausible
            if not leading or one.id in leading
        )
        return IncidentVerdict(
            order=order,
            causes=causes,
            separated=separated,
            fits=fits,
            confidence=fits * chance,
            elsewhere_only=elsewhere,
            why={**why, "cause": chance},
        )

    def _cases(self, plausible: Sequence[Scored], reading: Reading) -> list[Case]:
        texts = [one.facts.ending for one in plausible]
        meanings = self._meanings.of(texts) if self._meanings else {}
        return [
            Case(
                one.id,
                one.facts,
                one.row,
                meanings.get(text, ()),
                content_words("\n".join(one.facts.lines & reading.said)),
            )
            for one, text in zip(plausible, texts, strict=True)
        ]


def join(
    incidents: IncidentVerdict, runbook: float, threshold: float, runbook_threshold: float
) -> Answer:
    """One answer out of two memories: a past incident where one fits, else a runbook.

    Several causes that cannot be told apart are an answer when they fit, never a confident one;
    nor is evidence that comes from another environment alone.
    """
    if incidents.certainty >= threshold:
        confidence = incidents.confidence
        if not incidents.separated or (incidents.elsewhere_only and runbook < threshold):
            confidence = min(confidence, NOT_CONFIDENT)
        return Answer(DocumentKind.PAST_INCIDENT, confidence, incidents.fits)
    if runbook >= runbook_threshold:
        return Answer(DocumentKind.RUNBOOK, runbook, runbook)
    return Answer(None, max(incidents.confidence, runbook), max(incidents.fits, runbook))


def _plausible(query: Query, ranked: Sequence[Scored]) -> list[Scored]:
    """The best case and all that may be the same problem: close by score, or same alert name.

    Where people linked cases, those alone."""
    if is_linked(ranked[0]):
        return [one for one in ranked if is_linked(one)][:MOST_CASES]
    least = ranked[0].fused - PLAUSIBLE
    same_name = bool(query.alert_name) and ranked[0].row.get("same_alert", 0.0) > 0.0
    return [
        one
        for one in ranked
        if (one.row.get("same_alert", 0.0) > 0.0 if same_name else one.fused >= least)
    ][:MOST_CASES]


def _asked(query: Query, reading: Reading) -> Clues:
    """What is known of the new incident beyond its alert's name."""
    return Clues(
        words=(reading.words | reading.exact) - content_words(query.alert_name or ""),
        lines=tuple(dict.fromkeys(line for line in reading.templates if line))[:MOST_LINES],
        neighbours=said_words(query.neighbours),
        changes=said_words(query.changes),
        labels=label_pairs(query.labels),
    )


def likeliest_first(
    ranked: Sequence[AnyRankable], leading: Sequence[str]
) -> tuple[AnyRankable, ...]:
    """The ranking with the incidents of the likeliest cause (`leading`) in front, in its order."""
    places = {document_id: place for place, document_id in enumerate(leading)}
    front = sorted((one for one in ranked if one.id in places), key=lambda one: places[one.id])
    return (*front, *(one for one in ranked if one.id not in places))


class _Meanings:
    """Unit vectors of causes' texts, the latest remembered."""

    _MOST = 4_000

    def __init__(self, embed: Embed) -> None:
        self._embed = embed
        self._known: OrderedDict[str, tuple[float, ...]] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, texts: Sequence[str]) -> dict[str, tuple[float, ...]]:
        wanted = sorted({text for text in texts if text})
        with self._lock:
            known = {text: self._known[text] for text in wanted if text in self._known}
        missing = [text for text in wanted if text not in known]
        if missing:
            vectors = self._embed(missing)
            made = {
                text: tuple(float(x) for x in vector)
                for text, vector in zip(missing, vectors, strict=True)
            }
            known.update(made)
            with self._lock:
                self._known.update(made)
                while len(self._known) > self._MOST:
                    self._known.popitem(last=False)
        return known
