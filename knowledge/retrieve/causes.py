"""Past incidents that fit, sorted by what caused them, and whether the evidence tells which.

The same alert comes with several causes. Its name, its link and its own words are the same for
all of them, so only what some causes' records say and others' do not can tell them apart.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from knowledge.retrieve.facts import Facts
from knowledge.retrieve.fusion import Features

SEPARATED = 0.75
"""Probability of the leading cause from which it is told as the cause, not as one of several."""

SAME_WORDS = 0.6
"""Share of the shorter cause's words that the other must say to be the same cause."""

SAME_MEANING = 0.5
"""Cosine of cause and resolution texts from which two cases are of one cause.

Short notes in different words: on 177 pairs of hand-sorted cases of nine alerts, cosines of
different causes lie below .39 in 95 of 100 pairs. Missing a pair lists a cause twice, joining
a wrong one hides a cause; so it is set on the careful side.
"""

_EVIDENCE: Mapping[str, float] = {
    "dense": 5.0,
    "logs_dense": 5.0,
    "log_lines": 3.0,
    "errors": 1.0,
    "exact": 1.0,
    "other_environment": -0.7,
}
_TELLING_WORD = 0.4
"""Natural-log odds that one unit of each is worth between two causes of one alert."""

_MOST_SUPPORT = 0.3
"""Log odds that other cases of the same cause add at most: frequency alone proves nothing."""


@dataclass(frozen=True, slots=True)
class Case:
    """One past incident that fits. `meaning` is the unit vector of what its record says of cause
    and resolution, () where unknown. `repeated` are words that its record has from the alert
    itself: they come with every cause and tell nothing."""

    document_id: str
    facts: Facts
    features: Features
    meaning: tuple[float, ...] = ()
    repeated: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class CauseGroup:
    """Past incidents of one cause, the one with the most evidence first.

    `probability` is that of this cause given that one of the groups is right; `share` is its
    part of the past cases, whatever today's evidence says. `telling` are log lines that only
    this cause's records have.
    """

    summary: str
    incident_ids: tuple[str, ...]
    share: float
    probability: float
    evidence: float
    telling: tuple[str, ...] = ()


@dataclass(slots=True)
class _Group:
    cases: list[Case] = field(default_factory=list)


def groups_of(cases: Sequence[Case], words: frozenset[str]) -> tuple[CauseGroup, ...]:
    """Groups by cause, the likeliest first. `cases` best first; `words` are the query's.

    A case whose cause was never recorded cannot be told from any other: it forms a group of
    its own only when it is the best case of all, and is left out otherwise.
    """
    groups: list[_Group] = []
    pages_tell = len({case.facts.runbook for case in cases if case.facts.runbook}) > 1
    for place, case in enumerate(cases):
        if not case.facts.cause.strip() and place > 0:
            continue
        home = next(
            (group for group in groups if _same_cause(group.cases[0], case, pages_tell)), None
        )
        if home is None:
            groups.append(home := _Group())
        home.cases.append(case)
    counted = sum(len(group.cases) for group in groups)
    strengths = [_strength(group, groups, words) for group in groups]
    chances = _softmax([strength for strength, _ in strengths])
    made = [
        CauseGroup(
            summary=ordered[0].facts.cause.strip(),
            incident_ids=tuple(case.document_id for case in ordered),
            share=len(ordered) / counted,
            probability=chance,
            evidence=strength,
            telling=_telling_lines(group, groups),
        )
        for group, (strength, ordered), chance in zip(groups, strengths, chances, strict=True)
    ]
    made.sort(key=lambda group: -group.probability)
    return tuple(made)


def is_separated(groups: Sequence[CauseGroup]) -> bool:
    """Whether the evidence tells one cause: there is only one, or it is far enough ahead."""
    return len(groups) == 1 or (len(groups) > 1 and groups[0].probability >= SEPARATED)


def _same_cause(one: Case, other: Case, pages_tell: bool) -> bool:
    """Whether two cases had one cause: the page that helped says so where the pages differ at
    all; else their words or their meaning."""
    a, b = one.facts, other.facts
    if not a.cause_words or not b.cause_words:
        return False
    if pages_tell and a.runbook and b.runbook:
        return a.runbook == b.runbook
    if one.meaning and other.meaning:
        cosine = math.fsum(x * y for x, y in zip(one.meaning, other.meaning, strict=True))
        if cosine >= SAME_MEANING:
            return True
    common = len(a.cause_words & b.cause_words)
    return common >= max(2.0, SAME_WORDS * min(len(a.cause_words), len(b.cause_words)))


def _strength(
    group: _Group, groups: Sequence[_Group], words: frozenset[str]
) -> tuple[float, list[Case]]:
    """Evidence for a cause, and its cases by how much of it each has."""
    said_by = [frozenset[str]().union(*(case.facts.words for case in one.cases)) for one in groups]
    total = len(groups)

    def of(case: Case) -> float:
        terms = [weight * case.features.get(name, 0.0) for name, weight in _EVIDENCE.items()]
        for word in sorted((words & case.facts.words) - case.repeated):
            saying = sum(word in said for said in said_by)
            terms.append(_TELLING_WORD * math.log(total / saying))
        return math.fsum(terms)

    rated = [(of(case), place, case) for place, case in enumerate(group.cases)]
    rated.sort(key=lambda item: (-item[0], item[1]))
    support = _MOST_SUPPORT * (1.0 - 1.0 / len(rated))
    return rated[0][0] + support, [case for _, _, case in rated]


def _softmax(values: Sequence[float]) -> list[float]:
    if not values:
        return []
    top = max(values)
    powers = [math.exp(value - top) for value in values]
    whole = math.fsum(powers)
    return [power / whole for power in powers]


def _telling_lines(group: _Group, groups: Sequence[_Group]) -> tuple[str, ...]:
    """Stored log lines that no other cause's records have, as they were written."""
    others = [
        words
        for one in groups
        if one is not group
        for case in one.cases
        for words in case.facts.logs
    ]
    lines: list[str] = []
    for case in group.cases:
        for line, words in zip(case.facts.log_lines, case.facts.logs, strict=True):
            if words and not any(_nearly(words, other) for other in others) and line not in lines:
                lines.append(line)
    return tuple(lines[:3])


def _nearly(one: frozenset[str], other: frozenset[str]) -> bool:
    return len(one & other) >= 0.6 * len(one | other)
