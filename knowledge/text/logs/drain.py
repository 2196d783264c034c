"""Log lines grouped by a fixed-depth tree (He et al. 2017, "Drain: an online log parsing approach
with fixed depth tree"), on masked words.

A line goes down by its level, its number of words and its first words to a leaf of few groups;
there it joins the group with which it shares most words in place, or starts its own. Bounds,
whatever comes in: so many groups are compared by likeness, so many are kept at all, and past
that lines of one level are one group.
"""

from collections.abc import Sequence
from operator import eq

from knowledge.text.logs.model import WILDCARD, Level

DEPTH = 2
"""First words that must be equal for two lines to be compared at all."""

LIKENESS = 0.5
"""Share of words in place that must be equal to join a group (the paper's threshold)."""

MOST_CHILDREN = 100
"""Different words below one node of the tree; further ones share a child."""

MOST_ALIKE = 40
"""Groups in one leaf that a line is compared with."""

MOST_COMPARED = 3_000
"""Groups that are found by likeness; later ones are found by their exact words alone."""

MOST_GROUPS = 6_000

_SAMPLE = 500
_MOSTLY_DISTINCT = 0.9
_UNASKED = 10 * _SAMPLE
"""Of so many new lines in a row none is compared, when nine of ten before were like no other."""


class Group:
    """Lines that look alike. `tokens` has a wildcard where they differ."""

    __slots__ = ("is_rest", "tokens")

    def __init__(self, tokens: Sequence[str], is_rest: bool = False) -> None:
        self.tokens = tokens
        self.is_rest = is_rest
        """True for the one that takes what is too much, whatever it says."""


class _Node:
    __slots__ = ("children", "groups")

    def __init__(self) -> None:
        self.children: dict[str, _Node] = {}
        self.groups: list[Group] = []


class Drain:
    """The tree. Deterministic; the order of lines matters."""

    def __init__(self) -> None:
        self._roots: dict[tuple[Level, int], _Node] = {}
        self._rest: dict[Level, Group] = {}
        self._size = 0
        self._asked = self._missed = self._unasked = 0

    def group(self, level: Level, tokens: Sequence[str]) -> Group:
        """The group that a line with these masked words belongs to; may be a new one."""
        leaf = self._leaf(level, tokens)
        group = self._alike(leaf, tokens)
        if group is not None:
            if group.tokens != tokens:
                pairs = zip(group.tokens, tokens, strict=True)
                group.tokens = tuple(old if old == new else WILDCARD for old, new in pairs)
            return group
        if self._size >= MOST_GROUPS:
            return self._rest.setdefault(level, Group((WILDCARD,), is_rest=True))
        self._size += 1
        group = Group(tuple(tokens))
        if self._size <= MOST_COMPARED and len(leaf.groups) < MOST_ALIKE:
            leaf.groups.append(group)
        return group

    def _alike(self, leaf: _Node, tokens: Sequence[str]) -> Group | None:
        """The group to join. While nearly all lines are new, most are not even compared."""
        if self._unasked:
            self._unasked -= 1
            return None
        group = _most_alike(leaf.groups, tokens)
        self._asked += 1
        self._missed += group is None
        if self._asked == _SAMPLE:
            if self._missed > _MOSTLY_DISTINCT * _SAMPLE and self._size > MOST_COMPARED:
                self._unasked = _UNASKED
            self._asked = self._missed = 0
        return group

    def _leaf(self, level: Level, tokens: Sequence[str]) -> _Node:
        node = self._roots.get((level, len(tokens)))
        if node is None:
            node = self._roots[(level, len(tokens))] = _Node()
        for token in tokens[:DEPTH]:
            if "<" in token or any(map(str.isdigit, token)):
                token = WILDCARD
            child = node.children.get(token)
            if child is None:
                if len(node.children) >= MOST_CHILDREN:
                    token = WILDCARD
                child = node.children.setdefault(token, _Node())
            node = child
        return node


def _most_alike(groups: Sequence[Group], tokens: Sequence[str]) -> Group | None:
    """The group that shares most words in place, of equals the most general; None below the bar."""
    best: Group | None = None
    best_same = -1
    for group in groups:
        same = sum(map(eq, group.tokens, tokens))
        if same > best_same or (
            same == best_same
            and best is not None
            and group.tokens.count(WILDCARD) > best.tokens.count(WILDCARD)
        ):
            best, best_same = group, same
    return best if best_same >= LIKENESS * len(tokens) else None
