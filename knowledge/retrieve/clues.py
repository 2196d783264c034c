"""What an incident shows beyond its alert, and how far it speaks for one cause or another.

A clue is a word, a log line, a neighbouring alert's or a change's word, or a label. What the
records of one cause have and those of the others lack is worth much, what all have nothing, and
what only the others have speaks against.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from knowledge.retrieve.facts import Facts

SAME_LINE = 0.6
"""Share of words that two log lines must have in common to be the same line another day."""

MOST_LINES = 40
"""Distinct log lines of the query and of a record that are compared; trouble comes first."""

DRAWN_RECORDS = 0.25
"""Records of the usual rate that are added to each cause's own: how little one case proves. For
words, which a record has or has not."""

DRAWN_CLUES = 15.0
"""Clues of the usual mixture that are added to those of each cause's records, for logs, alerts,
changes and labels: a cause whose records are long is not favoured for what stands in all."""

MOST_DRAWN = 1.5
"""What is added is at most this many times what a cause's records show on average: of a history of
one line a record, one line still tells."""

Words = frozenset[str]


@dataclass(frozen=True, slots=True)
class Clues:
    """What is known of one incident; an empty part was not recorded and says nothing."""

    words: Words = frozenset()
    lines: tuple[Words, ...] = ()
    neighbours: Words = frozenset()
    changes: Words = frozenset()
    labels: Words = frozenset()


def clues_of(facts: Facts, repeated: Words) -> Clues:
    """What a record shows; `repeated` are words that it has from the alert itself. A record that
    repeats the alert has its words and labels from it too, whatever caused it: only its logs,
    neighbours and changes tell anything."""
    return Clues(
        words=frozenset() if repeated else facts.words | facts.exact,
        lines=tuple(line for line in facts.logs if line)[:MOST_LINES],
        neighbours=facts.neighbours,
        changes=facts.changes,
        labels=frozenset() if repeated else facts.labels,
    )


def same_line(one: Words, other: Words) -> bool:
    smaller, larger = sorted((len(one), len(other)))
    if smaller < SAME_LINE * larger:
        return False
    return len(one & other) >= SAME_LINE * len(one | other)


@dataclass(frozen=True, slots=True)
class Speaking:
    """How far one part of what is known speaks for each cause, in nats.

    `totals` has a number a cause, their mean does not matter; `shown` says for each case, by
    cause and place, how much of what speaks for its cause it has itself.
    """

    totals: tuple[float, ...]
    shown: tuple[tuple[float, ...], ...]


def speaking(
    asked: Sequence[Words] | Words,
    causes: Sequence[Sequence[Clues]],
    part: Callable[[Clues], Sequence[Words] | Words],
    *,
    by_record: bool = False,
) -> Speaking:
    """Sum over the asked clues of the log ratio of their rates: by cause, over all causes.

    A clue's rate is its share of all that a cause's records show in this part or, `by_record`,
    of those of its records that have the part. It is drawn towards the rate among the records of
    all causes: one case proves less than five, and a cause without such records is neither
    favoured nor disfavoured.
    """
    totals = [0.0] * len(causes)
    shown = [[0.0] * len(cases) for cases in causes]
    size_of = bool if by_record else len
    sizes = [sum(size_of(part(case)) for case in cases) for cases in causes]
    recorded = sum(sizes)
    drawn = DRAWN_RECORDS if by_record else min(DRAWN_CLUES, MOST_DRAWN * recorded / len(causes))
    clues: list[str | Words] = [*asked]
    parts = [[part(case) for case in cases] for cases in causes]
    lines = {
        one for cases in parts for said in cases for one in said if not isinstance(one, str)
    }  # records share most of theirs, so each is compared once
    for clue in sorted(clues, key=_in_order):
        like = _like(clue, lines)
        holds = [[not like.isdisjoint(said) for said in cases] for cases in parts]
        counts = [sum(row) for row in holds]
        if not any(counts):
            continue
        base = (sum(counts) + 0.5) / (recorded + 1.0)
        rates = [
            (count + drawn * base) / (size + drawn)
            for count, size in zip(counts, sizes, strict=True)
        ]
        usual = math.log(math.fsum(rates) / len(rates))
        for place, rate in enumerate(rates):
            ratio = math.log(rate) - usual
            totals[place] += ratio
            for case, held in enumerate(holds[place]):
                if held:
                    shown[place][case] += max(ratio, 0.0)
    return Speaking(tuple(totals), tuple(tuple(row) for row in shown))


def _in_order(clue: str | Words) -> list[str]:
    return [clue] if isinstance(clue, str) else sorted(clue)


def _like(clue: str | Words, lines: Iterable[Words]) -> frozenset[str | Words]:
    """What is the same as the clue: of words itself alone, of lines those like it."""
    if isinstance(clue, str):
        return frozenset((clue,))
    return frozenset(line for line in lines if same_line(clue, line))
