"""Templates of two logs that were read apart, brought together."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from knowledge.text.logs.drain import DEPTH, LIKENESS
from knowledge.text.logs.model import WILDCARD, LogTemplate
from knowledge.text.masking import PLACEHOLDER


@dataclass(frozen=True, slots=True)
class Paired:
    """Templates of a log of then and a log of now: in both (then, now), only then, only now."""

    both: tuple[tuple[LogTemplate, LogTemplate], ...]
    gone: tuple[LogTemplate, ...]
    new: tuple[LogTemplate, ...]


def pair(then: Sequence[LogTemplate], now: Sequence[LogTemplate]) -> Paired:
    """Each template with its counterpart: the equal one, else the most alike one.

    Two are alike when their levels and lengths agree and at least half of their words are equal
    (see `likeness`): about what the miner would have put together had it seen both.
    Each template has at most one counterpart; order is that of `now`, `gone` that of `then`.
    """
    left = dict(enumerate(then))
    by_key: dict[str, list[int]] = defaultdict(list)
    by_shape: dict[tuple[str, int], list[int]] = defaultdict(list)
    for place, one in left.items():
        by_key[one.key].append(place)
        by_shape[one.level, len(one.tokens)].append(place)
    matched: dict[int, int] = {}
    for place, one in enumerate(now):
        if by_key[one.key]:
            matched[place] = by_key[one.key].pop(0)
            del left[matched[place]]
    for place, one in enumerate(now):
        if place in matched:
            continue
        rated = [
            (likeness(left[old], one), -old)
            for old in by_shape[one.level, len(one.tokens)]
            if old in left
        ]
        best, old = max(rated, default=(0.0, 0))
        if best >= LIKENESS:
            matched[place] = -old
            del left[-old]
    return Paired(
        both=tuple((then[old], now[place]) for place, old in sorted(matched.items())),
        gone=tuple(left.values()),
        new=tuple(one for place, one in enumerate(now) if place not in matched),
    )


def likeness(one: LogTemplate, other: LogTemplate) -> float:
    """Share of words in place that are equal, in 0..1.

    Places that are a wildcard in either say nothing and count half; a first word that differs
    takes away as much as an equal one adds.
    """
    if len(one.tokens) != len(other.tokens) or one.level is not other.level:
        return 0.0
    total = 0.0
    for place, (a, b) in enumerate(zip(one.tokens, other.tokens, strict=True)):
        if a == b:
            total += 1.0
        elif WILDCARD in (a, b):
            total += 0.5
        elif place < DEPTH and not (PLACEHOLDER.search(a) or PLACEHOLDER.search(b)):
            total -= 1.0
    return max(0.0, total) / max(1, len(one.tokens))
