"""Templates mined from messages: counts, first and last seen, values. Bounded memory.

Messages are first counted by their exact masked words, their shape; the tree groups shapes, and
at the end each group's shapes become one template or, where their words say different things,
several.
"""

import hashlib
from collections.abc import Iterable, Iterator, Sequence

from knowledge.text.logs.drain import Drain, Group
from knowledge.text.logs.formats.times import read_time
from knowledge.text.logs.model import WILDCARD, Level, LogTemplate, Record, Value
from knowledge.text.logs.split import choices
from knowledge.text.logs.tokens import TokenMasker
from knowledge.text.masking import PLACEHOLDER

MOST_SHAPES = 10_000
"""Shapes that are told apart; the lines of further ones are counted for their group."""

MOST_VALUES = 12
"""Different values kept at one place of a template."""

LONGEST_VALUE = 100
MOST_VALUES_IN_ALL = 60_000
LONGEST_EXAMPLE = 1_000
_REMEMBERED = 5_000
_LONGEST_REMEMBERED = 400


class _Shape:
    """Lines with the same masked words. `values` are by the places that hold a placeholder."""

    __slots__ = ("count", "cut", "example", "first", "group", "last", "logger", "tokens", "values")

    def __init__(self, group: Group, tokens: Sequence[str]) -> None:
        self.group = group
        self.tokens = tokens
        self.count = 0
        self.values: dict[int, dict[str, int]] = {
            place: {} for place, token in enumerate(tokens) if PLACEHOLDER.search(token)
        }
        self.cut: set[int] = set()
        self.first = self.last = (0, "")
        self.example = self.logger = ""


class Miner:
    """Takes messages one by one; deterministic, not for several threads at once."""

    def __init__(self) -> None:
        self._masker = TokenMasker()
        self._drain = Drain()
        self._shapes: dict[tuple[Level, tuple[str, ...]], _Shape] = {}
        self._rests: dict[Group, _Shape] = {}
        self._groups: dict[Group, tuple[Level, list[_Shape]]] = {}
        self._messages: dict[tuple[Level, str], tuple[_Shape, Sequence[str]]] = {}
        self._values = 0

    def add(self, number: int, line: str, record: Record) -> object:
        """Count one message; `number` and `line` say where it stood. Gives its shape, by which
        `keys` tells its template."""
        key = (record.level, record.message)
        known = self._messages.get(key)
        if known is None:
            known = self._read(*key)
            if len(record.message) <= _LONGEST_REMEMBERED:
                if len(self._messages) >= _REMEMBERED:
                    self._messages.clear()
                self._messages[key] = known
        shape, words = known
        shape.count += 1
        shape.last = (number, record.time)
        if shape.count == 1:
            shape.first = shape.last
            shape.example = line[:LONGEST_EXAMPLE]
            shape.logger = record.fields.get("logger", "")
        for place, values in shape.values.items():
            word = words[place]
            if word in values:
                values[word] += 1
            else:
                self._new_value(shape, place, word)
        return shape

    def _new_value(self, shape: _Shape, place: int, word: str) -> None:
        values = shape.values[place]
        word = word[:LONGEST_VALUE]
        if word in values:
            values[word] += 1
        elif len(values) < MOST_VALUES and self._values < MOST_VALUES_IN_ALL:
            values[word] = 1
            self._values += 1
        else:
            shape.cut.add(place)

    def _read(self, level: Level, message: str) -> tuple[_Shape, Sequence[str]]:
        tokens, words = self._masker.tokens(message)
        key = (level, tuple(tokens))
        shape = self._shapes.get(key)
        if shape is None:
            group = self._drain.group(level, key[1])
            if group.is_rest or len(self._shapes) >= MOST_SHAPES:
                return self._rest(level, group), ()
            shape = self._shapes[key] = _Shape(group, key[1])
            self._groups.setdefault(group, (level, []))[1].append(shape)
        return shape, words

    def _rest(self, level: Level, group: Group) -> _Shape:
        """What counts a group's lines whose shapes are too many; it keeps no values."""
        shape = self._rests.get(group)
        if shape is None:
            shape = self._rests[group] = _Shape(group, (WILDCARD,) * len(group.tokens))
            self._groups.setdefault(group, (level, []))[1].append(shape)
        return shape

    def keys(self) -> dict[object, str]:
        """The template key of each shape."""
        return {
            shape: _template(level, part, None).key
            for level, shapes in self._groups.values()
            for part in _parts(shapes)
            for shape in part
        }

    def templates(self, year: int | None) -> tuple[LogTemplate, ...]:
        """All templates in order of first appearance."""
        made = [
            _template(level, part, year)
            for level, shapes in self._groups.values()
            for part in _parts(shapes)
        ]
        made.sort(key=lambda template: template.first_line)
        return tuple(made)


def template_key(level: Level, tokens: Iterable[str]) -> str:
    """The key of a template: 16 hex digits of the SHA-256 of its level and text."""
    text = f"{level} {' '.join(tokens)}"
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _parts(shapes: Sequence[_Shape]) -> Iterator[list[_Shape]]:
    """The shapes of one group, by template."""
    places = choices([shape.tokens for shape in shapes])
    parts: dict[tuple[str, ...], list[_Shape]] = {}
    for shape in shapes:
        parts.setdefault(tuple(shape.tokens[place] for place in places), []).append(shape)
    yield from parts.values()


def _template(level: Level, shapes: Sequence[_Shape], year: int | None) -> LogTemplate:
    first = min(shapes, key=lambda shape: shape.first[0])
    last = max(shapes, key=lambda shape: shape.last[0])
    columns = zip(*(shape.tokens for shape in shapes), strict=True)
    tokens = tuple(words[0] if len(set(words)) == 1 else WILDCARD for words in columns)
    values: dict[int, tuple[Value, ...]] = {}
    cut: set[int] = set()
    for place, token in enumerate(tokens):
        if token == WILDCARD or PLACEHOLDER.search(token):
            values[place], more = _values(shapes, place)
            if more:
                cut.add(place)
    return LogTemplate(
        key=template_key(level, tokens),
        tokens=tokens,
        level=level,
        count=sum(shape.count for shape in shapes),
        first_line=first.first[0],
        last_line=last.last[0],
        first_time=read_time(first.first[1], year),
        last_time=read_time(last.last[1], year),
        example=first.example,
        values={place: found for place, found in values.items() if found},
        cut=frozenset(cut),
        logger=first.logger,
    )


def _values(shapes: Sequence[_Shape], place: int) -> tuple[tuple[Value, ...], bool]:
    """What stood in a place over all shapes, and whether there was more than is kept."""
    counts: dict[str, int] = {}
    more = False
    for shape in shapes:
        token = shape.tokens[place]
        more |= place in shape.cut or token == WILDCARD
        said = shape.values.get(place, {} if token == WILDCARD else {token: shape.count})
        for text, count in said.items():
            if text in counts or len(counts) < MOST_VALUES:
                counts[text] = counts.get(text, 0) + count
            else:
                more = True
    return tuple(Value(text, count) for text, count in counts.items()), more
