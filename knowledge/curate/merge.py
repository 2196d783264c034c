"""Three-way merge of texts by lines, as version control does it. Pure.

Lines that only one side touched are taken from that side; lines that both touched in the same way
are taken once; where both touched the same place differently, the text holds both between marks.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

OURS = "<<<<<<< "
BETWEEN = "======="
THEIRS = ">>>>>>> "

MOST_LINES = 20_000
"""Longer texts are not compared line by line: what both sides touched is one conflict."""


@dataclass(frozen=True, slots=True)
class Merge:
    """The merged text; `conflicts` is how many places in it hold both sides between marks."""

    text: str
    conflicts: int


def merge(
    base: str, ours: str, theirs: str, *, our_name: str = "yours", their_name: str = "theirs"
) -> Merge:
    """What `ours` and `theirs` make of `base` together. No line of either side is lost."""
    a, b, c = base.split("\n"), ours.split("\n"), theirs.split("\n")
    lines: list[str] = []
    conflicts = 0
    for piece in _pieces(a, b, c):
        if isinstance(piece, _Agreed):
            lines += piece.lines
            continue
        conflicts += 1
        lines += [
            f"{OURS}{our_name}",
            *piece.ours,
            BETWEEN,
            *piece.theirs,
            f"{THEIRS}{their_name}",
        ]
    return Merge("\n".join(lines), conflicts)


def has_marks(text: str) -> bool:
    """Whether a text still holds both sides of a conflict."""
    lines = text.split("\n")
    return any(line.startswith(OURS) for line in lines) and any(
        line.startswith(THEIRS) for line in lines
    )


@dataclass(frozen=True, slots=True)
class _Agreed:
    lines: Sequence[str]


@dataclass(frozen=True, slots=True)
class _Both:
    ours: Sequence[str]
    theirs: Sequence[str]


@dataclass(frozen=True, slots=True)
class _Anchor:
    """A run of lines that all three texts have: where it begins in each, and its length."""

    base: int
    ours: int
    theirs: int
    length: int


def _pieces(a: Sequence[str], b: Sequence[str], c: Sequence[str]) -> Iterator[_Agreed | _Both]:
    at_a = at_b = at_c = 0
    for anchor in _anchors(a, b, c):
        yield from _between(a[at_a : anchor.base], b[at_b : anchor.ours], c[at_c : anchor.theirs])
        yield _Agreed(a[anchor.base : anchor.base + anchor.length])
        at_a = anchor.base + anchor.length
        at_b = anchor.ours + anchor.length
        at_c = anchor.theirs + anchor.length


def _between(a: Sequence[str], b: Sequence[str], c: Sequence[str]) -> Iterator[_Agreed | _Both]:
    if b in (c, a):
        yield _Agreed(c)
    elif c == a:
        yield _Agreed(b)
    else:
        yield from _narrowed(b, c)


def _narrowed(b: Sequence[str], c: Sequence[str]) -> Iterator[_Agreed | _Both]:
    """A conflict without the lines that both sides begin and end with."""
    most = min(len(b), len(c))
    head = next((n for n in range(most) if b[n] != c[n]), most)
    most -= head
    tail = next((n for n in range(most) if b[-1 - n] != c[-1 - n]), most)
    if head:
        yield _Agreed(b[:head])
    yield _Both(b[head : len(b) - tail], c[head : len(c) - tail])
    if tail:
        yield _Agreed(b[len(b) - tail :])


def _anchors(a: Sequence[str], b: Sequence[str], c: Sequence[str]) -> Iterator[_Anchor]:
    """Where both sides kept the base, in order; last an empty one at the ends."""
    if max(len(a), len(b), len(c)) <= MOST_LINES:
        ours = SequenceMatcher(None, a, b).get_matching_blocks()
        theirs = SequenceMatcher(None, a, c).get_matching_blocks()
        i = j = 0
        while i < len(ours) and j < len(theirs):
            start = max(ours[i].a, theirs[j].a)
            end = min(ours[i].a + ours[i].size, theirs[j].a + theirs[j].size)
            if start < end:
                yield _Anchor(
                    start,
                    ours[i].b + start - ours[i].a,
                    theirs[j].b + start - theirs[j].a,
                    end - start,
                )
            if ours[i].a + ours[i].size < theirs[j].a + theirs[j].size:
                i += 1
            else:
                j += 1
    yield _Anchor(len(a), len(b), len(c), 0)
