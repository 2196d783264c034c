"""The YAML head of a Markdown page, read as data from outside: safe loader, caps, no surprises."""

import re
from typing import Any

import yaml

from knowledge.errors import BadDocument

_FENCE = re.compile(r"^---[ \t]*$")
_END = re.compile(r"^(?:---|\.\.\.)[ \t]*$")
_LOOKS_LIKE_KEY = re.compile(r"^[A-Za-z_][\w-]{0,60}[ \t]*:(?:\s|$)")
_MAX_CHARACTERS = 64 * 1024
_MAX_EVENTS = 4_000
_MAX_DEPTH = 8
_MAX_ALIASES = 16


def split_front_matter(text: str) -> tuple[dict[str, Any], str]:
    """(front matter, body) of a page; ({}, text) when it has none.

    Raises BadDocument when the front matter is never closed, is not valid YAML, is not a set
    of `key: value` pairs, names a key twice, or is larger than a page's head may be.
    """
    lines = text.split("\n")
    if not _FENCE.match(lines[0]):
        return {}, text
    end = next((at for at, line in enumerate(lines[1:], 1) if _END.match(line)), None)
    if end is None:
        if len(lines) > 1 and _LOOKS_LIKE_KEY.match(lines[1]):
            raise BadDocument("the front matter is opened with --- but never closed")
        return {}, text
    return _load("\n".join(lines[1:end])), "\n".join(lines[end + 1 :])


def _load(head: str) -> dict[str, Any]:
    if len(head) > _MAX_CHARACTERS:
        raise BadDocument(f"the front matter is over {_MAX_CHARACTERS // 1024} KiB")
    value = read_yaml(head, "the front matter", first_line=2)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise BadDocument("the front matter must be `key: value` pairs")
    return {str(key): item for key, item in value.items()}


def read_yaml(text: str, what: str, *, first_line: int) -> Any:
    """The value of a piece of YAML on a page, None for an empty one. `what` is what to call it,
    `first_line` the line of the page that it begins on.

    Raises BadDocument when it is not valid, names a key twice, or holds too much.
    """
    try:
        _check_size(text, what)
        loader = yaml.SafeLoader(text)
        try:
            node = loader.get_single_node()
            if node is None:
                return None
            _refuse_duplicates(node, what, first_line)
            return loader.construct_document(node)
        finally:
            loader.dispose()
    except yaml.YAMLError as error:
        line = _line_of(error, first_line)
        told = _in_one_line(error, line)
        raise BadDocument(f"{what} is not valid YAML: {told}", line) from error
    except (ValueError, OverflowError) as error:
        raise BadDocument(f"{what} holds an impossible value: {error}") from error


def _check_size(text: str, what: str) -> None:
    """Count events as they are scanned, so that a bomb is refused before it is built."""
    depth = aliases = 0
    for count, event in enumerate(yaml.parse(text, Loader=yaml.SafeLoader)):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        elif isinstance(event, yaml.AliasEvent):
            aliases += 1
        if count > _MAX_EVENTS or depth > _MAX_DEPTH or aliases > _MAX_ALIASES:
            raise BadDocument(f"{what} is nested too deep or holds too many values")


def _refuse_duplicates(root: yaml.Node, what: str, first_line: int) -> None:
    pending, seen = [root], set[int]()
    while pending:
        node = pending.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        if isinstance(node, yaml.MappingNode):
            keys = set[str]()
            for key, value in node.value:
                if isinstance(key, yaml.ScalarNode):
                    if key.value in keys:
                        line = key.start_mark.line + first_line
                        raise BadDocument(f"{what} has the key {key.value!r} twice", line)
                    keys.add(key.value)
                pending.append(value)
        elif isinstance(node, yaml.SequenceNode):
            pending.extend(node.value)


def _line_of(error: yaml.YAMLError, first_line: int) -> int | None:
    mark = error.problem_mark if isinstance(error, yaml.MarkedYAMLError) else None
    return mark.line + first_line if mark is not None else None


def _in_one_line(error: yaml.YAMLError, line: int | None) -> str:
    if isinstance(error, yaml.MarkedYAMLError) and line is not None:
        return f"{error.problem} (line {line})"
    return " ".join(str(error).split())
