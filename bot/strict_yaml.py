"""YAML that people write for us, read strictly: safe types, no key twice, no aliases, no depth.

Used for `services.yaml`, Backstage's catalogue files and action templates.
"""

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import yaml

from bot.errors import DataError

MOST_BYTES = 5 * 1_048_576
_DEEPEST = 16

Found = TypeVar("Found")
Place = tuple[str | int, ...]
"""Where something stands: the keys and list positions that lead to it."""


class _Strict(yaml.SafeLoader):
    """The safe loader, but a key given twice is an error instead of a silent overwrite.

    What is nested deeper than anything we read is refused as soon as it is met: the scanner's
    time grows with the square of the depth. Aliases are refused, because a short text with
    aliases of aliases stands for a very long one.
    """

    _depth = 0

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        where = parent.start_mark if parent is not None else None
        if self._depth >= _DEEPEST:
            raise yaml.composer.ComposerError(None, None, "it is nested too deep", where)
        if self.check_event(yaml.AliasEvent):
            mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]
            raise yaml.composer.ComposerError(None, None, "aliases (*name) are not read", mark)
        self._depth += 1
        try:
            return super().compose_node(parent, index)
        finally:
            self._depth -= 1

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[Hashable] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if isinstance(key, Hashable) and key in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {key!r} appears twice", key_node.start_mark
                )
            if isinstance(key, Hashable):
                seen.add(key)
        return super().construct_mapping(node, deep=deep)


@dataclass(frozen=True, slots=True)
class Written:
    """What a text says, and the line (from 1) where each part of it begins."""

    content: Any
    lines: Mapping[Place, int]

    def line_of(self, place: Place) -> int:
        """The line of `place`, or of the nearest thing around it."""
        while place and place not in self.lines:
            place = place[:-1]
        return self.lines.get(place, 1)


class NotYaml(DataError):
    """`line` is where reading stopped, from 1; `problem` what was met there."""

    def __init__(self, name: str, line: int, problem: str) -> None:
        super().__init__(f"{name}:{line} is not YAML that Recall reads: {problem}")
        self.line = line
        self.problem = problem


def read_text(path: Path) -> str:
    """The file's text. Raises DataError when it cannot be read or is too large."""
    try:
        if path.stat().st_size > MOST_BYTES:
            raise DataError(f"{path} is larger than {MOST_BYTES} bytes")
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path} cannot be read: {error}") from None


def parse(text: str, name: str) -> Written:
    """What `text` says; `name` is what to call it. Raises NotYaml."""
    return _read(text, name, lambda loader: _written(loader, loader.get_single_node()))


def parse_all(text: str, name: str) -> list[Written]:
    """What each document of `text` says, in order; `name` is what to call it. Raises NotYaml."""

    def documents(loader: _Strict) -> list[Written]:
        found: list[Written] = []
        while loader.check_node():
            found.append(_written(loader, loader.get_node()))
        return found

    return _read(text, name, documents)


def _written(loader: _Strict, node: yaml.Node | None) -> Written:
    if node is None:
        return Written(None, {})
    lines: dict[Place, int] = {}
    content = loader.construct_document(node)
    _note_lines(loader, node, (), lines)
    return Written(content, lines)


def _read(text: str, name: str, read: Callable[[_Strict], Found]) -> Found:
    loader: _Strict | None = None
    try:
        loader = _Strict(text)
        return read(loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark is not None else 1
        raise NotYaml(name, line, error.problem or error.context or "unreadable") from None
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise NotYaml(name, 1, str(error)) from None
    finally:
        if loader is not None:
            loader.dispose()


def _note_lines(loader: _Strict, node: yaml.Node, place: Place, lines: dict[Place, int]) -> None:
    lines.setdefault(place, node.start_mark.line + 1)
    if isinstance(node, yaml.MappingNode):
        for key_node, value_node in node.value:
            if isinstance(key_node, yaml.ScalarNode):
                inner = (*place, str(key_node.value))
                lines[inner] = key_node.start_mark.line + 1
                _note_lines(loader, value_node, inner, lines)
    elif isinstance(node, yaml.SequenceNode):
        for number, item in enumerate(node.value):
            _note_lines(loader, item, (*place, number), lines)
