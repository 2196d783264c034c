"""Past incidents that fit, sorted by what caused them, and whether the evidence tells which.

The same alert comes with several causes. Its name, its link and its own words are the same for
all of them, so only what some causes' records say and others' do not can tell them apart.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from knowledge.retrieve.clues import (
    MOST_LINES,
    Clues,
    Speaking,
    clues_of,
    same_line,
    speaking,
)
from knowledge.retrieve.facts import Facts, said_words
from knowledge.retrieve.fusion import Features

SEPARATED = 0.75
"""Probability of the leading cause from which it is told as the cause, not as one of several."""

EVIDENT = 0.6
"""What today's evidence alone must give it: tonight's record, which says the same words as the
alert, is the newest of its kind tomorrow, and still proves nothing."""

SAME_WORDS = 0.6
"""Share of the shorter cause's words that the other must say to be the same cause."""

SAME_MEANING = 0.5
"""Cosine of cause and resolution texts from which two cases are of one cause.

Short notes in different words: on 177 pairs of hand-sorted cases of nine alerts, cosines of
different causes lie below .39 in 95 of 100 pairs. Missing a pair lists a cause twice, joining
a wrong one hides a cause; so it is set on the careful side.
"""

WEIGHTS: Mapping[str, float] = {
    "words": 0.06,
    "lines": 1.61,
    "neighbours": 1.11,
    "changes": 0.67,
    "labels": 0.1,
    "before": 0.59,
    "lent_words": 0.04,
    "lent_lines": 0.43,
    "lent_neighbours": 0.34,
    "lent_changes": 0.57,
}
"""Natural-log odds that one unit of each is worth between two causes of one alert.

Made by `python -m tests.generated.fit_causes` on generated worlds (seeds 11 and 12) with the
bundled model, but for two. Words are kept at what the demo's stories need: the generated ones
never say a symptom twice in the same words, and there they are worth 0.01 to 0.03. Labels are
mostly noise there and come out at 0. Those that begin with `lent_` are of records of other
alerts that had a like cause.
"""

_OLD = 0.05
"""What a case of long ago counts against one of today: a cause never dies out altogether."""

MOST_TELLING = 3


Meaning = tuple[float, ...]
"""A unit vector; () where it is not known."""


@dataclass(frozen=True, slots=True)
class Case:
    """One past incident that fits. `meaning` is the unit vector of what its record says of cause
    and resolution, () where unknown. `repeated` are words that its record has from the alert
    itself: they come with every cause and tell nothing."""

    document_id: str
    facts: Facts
    features: Features
    meaning: Meaning = ()
    repeated: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Telling:
    """Something that one cause's records alone have, as it was written, and where it stands.

    `kind` is "line", "neighbour" or "change"; `elsewhere` are the leading cases of the other
    causes, which have nothing like it.
    """

    kind: str
    text: str
    document_id: str
    elsewhere: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CauseGroup:
    """Past incidents of one cause, the one with the most evidence first.

    `probability` is that of this cause given that one of the groups is right; `share` is its
    part of the past cases, whatever today's evidence says. `evidence` is what today's evidence
    alone says for it, in nats; `parts` is what it was made of, by the names of `WEIGHTS`.
    `telling` is what would speak for this cause and is not known today.
    """

    summary: str
    incident_ids: tuple[str, ...]
    share: float
    probability: float
    evidence: float
    parts: Mapping[str, float]
    telling: tuple[Telling, ...] = ()


@dataclass(slots=True)
class _Group:
    cases: list[Case] = field(default_factory=list)


Lend = Callable[[Sequence[Meaning]], Sequence[Sequence[Facts]]]
"""By cause, given as a unit vector, what records of other alerts say that had one like it."""


def groups_of(
    cases: Sequence[Case], asked: Clues, lend: Lend | None = None
) -> tuple[CauseGroup, ...]:
    """Groups by cause, the likeliest first. `cases` best first; `asked` is what is known today.
    `lend` adds what records of other alerts say of causes like these, where there are several.

    A case whose cause was never recorded cannot be told from any other: it forms a group of
    its own only when it is the best case of all, and is left out otherwise.
    """
    groups = _sorted_by_cause(cases)
    if not groups:
        return ()
    counted = sum(len(group.cases) for group in groups)
    weighed = _weighed(groups, asked, _lent(groups, lend))
    evidence = [_sum(parts, without="before") for parts, _ in weighed]
    chances = _softmax([_sum(parts) for parts, _ in weighed])
    leads = [ordered[0].document_id for _, ordered in weighed]
    seen = [_seen(ordered) for _, ordered in weighed]
    made = [
        CauseGroup(
            summary=ordered[0].facts.cause.strip(),
            incident_ids=tuple(case.document_id for case in ordered),
            share=len(ordered) / counted,
            probability=chance,
            evidence=strength,
            parts=parts,
            telling=_telling(place, seen, asked, leads),
        )
        for place, ((parts, ordered), chance, strength) in enumerate(
            zip(weighed, chances, evidence, strict=True)
        )
    ]
    made.sort(key=lambda group: -group.probability)
    return tuple(made)


def is_separated(groups: Sequence[CauseGroup]) -> bool:
    """Whether one cause is told: there is only one, or it is far enough ahead and today's
    evidence by itself makes it likely; how often it came before proves nothing alone."""
    if len(groups) < 2:
        return len(groups) == 1
    by_evidence = _softmax([group.evidence for group in groups])[0]
    return by_evidence >= EVIDENT and groups[0].probability >= SEPARATED


def one_leads(separated: bool, causes: Sequence[CauseGroup]) -> bool:
    """Whether the best case answers for all: one cause is told, or there are no several."""
    return separated or len(causes) < 2


def _sorted_by_cause(cases: Sequence[Case]) -> list[_Group]:
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
    return groups


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


def _lent(groups: Sequence[_Group], lend: Lend | None) -> list[list[Clues]]:
    """By group, what records of other alerts show; nothing where the groups' causes have no
    meaning to look for."""
    if lend is None or len(groups) < 2:
        return [[] for _ in groups]
    middles = [_middle([case.meaning for case in group.cases if case.meaning]) for group in groups]
    lent = iter(lend([one for one in middles if one]))
    return [
        [clues_of(facts, frozenset()) for facts in next(lent)] if middle else []
        for middle in middles
    ]


def _middle(meanings: Sequence[Meaning]) -> Meaning:
    """The unit vector between unit vectors; () of none."""
    sums = [math.fsum(values) for values in zip(*meanings, strict=True)]
    length = math.sqrt(math.fsum(value * value for value in sums))
    return tuple(value / length for value in sums) if length else ()


def _weighed(
    groups: Sequence[_Group], asked: Clues, lent: Sequence[Sequence[Clues]]
) -> list[tuple[Mapping[str, float], list[Case]]]:
    """By group, what speaks for it, and its cases by how much of that each has itself."""
    clues = [[clues_of(case.facts, case.repeated) for case in group.cases] for group in groups]
    spoken: list[tuple[str, Speaking]] = [
        ("words", speaking(asked.words, clues, lambda one: one.words, by_record=True)),
        ("lines", speaking(asked.lines, clues, lambda one: one.lines)),
        ("neighbours", speaking(asked.neighbours, clues, lambda one: one.neighbours)),
        ("changes", speaking(asked.changes, clues, lambda one: one.changes)),
        ("labels", speaking(asked.labels, clues, lambda one: one.labels)),
    ]
    lent_spoken: list[tuple[str, Speaking]] = [
        ("lent_words", speaking(asked.words, lent, lambda one: one.words, by_record=True)),
        ("lent_lines", speaking(asked.lines, lent, lambda one: one.lines)),
        ("lent_neighbours", speaking(asked.neighbours, lent, lambda one: one.neighbours)),
        ("lent_changes", speaking(asked.changes, lent, lambda one: one.changes)),
    ]
    weights = [
        math.fsum(max(case.features.get("recency", 0.0), _OLD) for case in group.cases)
        for group in groups
    ]
    weighed: list[tuple[Mapping[str, float], list[Case]]] = []
    for place, group in enumerate(groups):
        parts = dict.fromkeys(WEIGHTS, 0.0)
        for name, part in (*spoken, *lent_spoken):
            parts[name] += part.totals[place]
        parts["before"] = math.log(weights[place] / math.fsum(weights))
        rated = [
            (
                math.fsum(WEIGHTS[name] * part.shown[place][number] for name, part in spoken),
                number,
            )
            for number in range(len(group.cases))
        ]
        rated.sort(key=lambda item: (-item[0], item[1]))
        weighed.append((parts, [group.cases[number] for _, number in rated]))
    return weighed


def _sum(parts: Mapping[str, float], without: str = "") -> float:
    return math.fsum(WEIGHTS[name] * value for name, value in parts.items() if name != without)


def _softmax(values: Sequence[float]) -> list[float]:
    top = max(values)
    powers = [math.exp(value - top) for value in values]
    whole = math.fsum(powers)
    return [power / whole for power in powers]


@dataclass(frozen=True, slots=True)
class _Seen:
    """A log line, neighbouring alert or change of a record, with its words."""

    kind: str
    words: frozenset[str]
    text: str
    document_id: str

    def is_like(self, other: "_Seen") -> bool:
        return self.kind == other.kind and same_line(self.words, other.words)


def _seen(cases: Sequence[Case]) -> list[_Seen]:
    found: list[_Seen] = []
    for case in cases:
        facts, name = case.facts, case.document_id
        logs = list(zip(facts.logs, facts.log_lines, strict=True))[:MOST_LINES]
        found += [_Seen("line", words, text, name) for words, text in logs]
        beside = facts.beside
        found += [_Seen("neighbour", said_words([one]), one, name) for one in beside.neighbours]
        found += [_Seen("change", said_words([one]), one, name) for one in beside.changes]
    return [one for one in found if one.words]


def _telling(
    place: int, seen: Sequence[Sequence[_Seen]], asked: Clues, leads: Sequence[str]
) -> tuple[Telling, ...]:
    """What this cause's records have, no other cause's have, and today does not show yet; what
    most of its records have comes first."""
    elsewhere = tuple(lead for number, lead in enumerate(leads) if number != place)
    others = [one for number, rest in enumerate(seen) if number != place for one in rest]
    today = {"neighbour": asked.neighbours, "change": asked.changes}
    distinct: list[tuple[_Seen, set[str]]] = []
    for one in seen[place]:
        known = next((holders for first, holders in distinct if one.is_like(first)), None)
        if known is not None:
            known.add(one.document_id)
            continue
        if one.kind == "line":
            shown = any(same_line(one.words, line) for line in asked.lines)
        else:
            shown = one.words <= today[one.kind]
        if not shown and not any(one.is_like(other) for other in others):
            distinct.append((one, {one.document_id}))
    distinct.sort(key=lambda item: -len(item[1]))
    return tuple(
        Telling(one.kind, one.text, one.document_id, elsewhere)
        for one, _ in distinct[:MOST_TELLING]
    )
