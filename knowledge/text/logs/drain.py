"""Log templates mined by a fixed-depth tree (He et al. 2017, "Drain: an online log parsing
approach with fixed depth tree"), on masked words.

A line goes down by its level, its number of words and its first words to a leaf of few groups;
there it joins the group with which it shares most words in place, or starts its own.

Bounds, whatever comes in: so many groups and values are kept and no more. When lines are mostly
distinct, groups are found by their exact masked words instead of by likeness, and past the last
bound they are counted together.
"""

from collections.abc import Sequence
from operator import eq

from knowledge.text.logs.model import WILDCARD, Level
from knowledge.text.masking import PLACEHOLDER

DEPTH = 2
"""First words that must be equal for two lines to be compared at all."""

LIKENESS = 0.5
"""Share of words in place that must be equal to join a group (the paper's threshold)."""

MOST_CHILDREN = 100
"""Different words below one node of the tree; further ones share a child."""

MOST_ALIKE = 40
"""Groups in one leaf that a line is compared with."""

MOST_MINED = 3_000
"""Groups made by likeness; from then on new lines are told apart by their exact words."""

MOST_GROUPS = 6_000
MOST_REMEMBERED = 30_000
"""Exact masked lines whose group is remembered."""

MOST_VALUES = 12
"""Different values kept at one place of a template."""

LONGEST_VALUE = 100
MOST_VALUES_IN_ALL = 60_000

_Key = tuple[Level, tuple[str, ...]]


class Group:
    """Lines of one template while they are counted."""

    __slots__ = ("count", "cut", "first", "last", "level", "places", "tokens", "values")

    def __init__(self, level: Level, tokens: list[str]) -> None:
        self.level = level
        self.tokens = tokens
        self.count = 0
        self.places: list[int] | None = None
        """Where values stand; None until it is worked out."""

        self.values: dict[int, dict[str, int]] = {}
        self.cut: set[int] = set()
        self.first = self.last = (0, "")
        """(line number, time as written)"""


class _Node:
    __slots__ = ("children", "groups")

    def __init__(self) -> None:
        self.children: dict[str, _Node] = {}
        self.groups: list[Group] = []


class Drain:
    """Groups masked lines one after the other. Deterministic; the order of lines matters."""

    def __init__(self) -> None:
        self._roots: dict[tuple[Level, int], _Node] = {}
        self._exact: dict[_Key, Group] = {}
        self._rest: dict[Level, Group] = {}
        self._values = 0
        self.groups: list[Group] = []
        """In order of first appearance."""

    def add(self, level: Level, tokens: list[str], words: Sequence[str]) -> Group:
        """The group of a line, now with this line in it; `words` are the unmasked tokens."""
        key = (level, tuple(tokens))
        group = self._exact.get(key)
        if group is None:
            group = self._group(level, tokens)
            if len(self._exact) < MOST_REMEMBERED:
                self._exact[key] = group
            if group.count and group.tokens != tokens and len(group.tokens) == len(tokens):
                self._generalise(group, tokens)
        group.count += 1
        self._note(group, words)
        return group

    def _note(self, group: Group, words: Sequence[str]) -> None:
        """Count what stands in the places of a line's values."""
        places = group.places
        if places is None:
            if len(group.tokens) != len(words):
                return
            places = group.places = [
                place
                for place, token in enumerate(group.tokens)
                if token == WILDCARD or PLACEHOLDER.search(token)
            ]
        for place in places:
            word = words[place][:LONGEST_VALUE]
            values = group.values.get(place)
            if values is None:
                values = group.values[place] = {}
            if word in values:
                values[word] += 1
            elif len(values) < MOST_VALUES and self._values < MOST_VALUES_IN_ALL:
                values[word] = 1
                self._values += 1
            else:
                group.cut.add(place)

    def _group(self, level: Level, tokens: list[str]) -> Group:
        leaf = self._leaf(level, tokens)
        return _most_alike(leaf.groups, tokens) or self._new(level, tokens, leaf)

    def _new(self, level: Level, tokens: list[str], leaf: _Node) -> Group:
        if len(self.groups) >= MOST_GROUPS:
            rest = self._rest.get(level)
            if rest is None:
                rest = self._rest[level] = Group(level, [WILDCARD])
                self.groups.append(rest)
            return rest
        group = Group(level, tokens)
        self.groups.append(group)
        if len(self.groups) <= MOST_MINED and len(leaf.groups) < MOST_ALIKE:
            leaf.groups.append(group)
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
                    child = node.children.get(token)
                if child is None:
                    child = node.children[token] = _Node()
            node = child
        return node

    def _generalise(self, group: Group, tokens: Sequence[str]) -> None:
        """Words that differ become wildcards; what stood there so far is the first value."""
        made = list(group.tokens)
        changed = False
        for place, (old, new) in enumerate(zip(group.tokens, tokens, strict=True)):
            if old in (new, WILDCARD):
                continue
            changed = True
            made[place] = WILDCARD
            if place not in group.values and self._values < MOST_VALUES_IN_ALL:
                group.values[place] = {old[:LONGEST_VALUE]: group.count}
                self._values += 1
        if changed:
            group.tokens, group.places = made, None


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
