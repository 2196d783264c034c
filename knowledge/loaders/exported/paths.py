"""Where a value stands in a record of nested objects: `a.b`, `list[].name`,
`list[kind=started].at`. Pure."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from knowledge.errors import BadDocument

_TOKEN = re.compile(r"(?P<name>[^.\[\]]+)|\[\]|\[(?P<key>[^\]=]+)=(?P<value>[^\]]+)\]|(?P<dot>\.)")
_MOST = 200


@dataclass(frozen=True, slots=True)
class _Step:
    """To the value under `name`; or to the items of a list, those where `key` is `value` only."""

    name: str = ""
    key: str = ""
    value: str = ""


def parse_path(text: str) -> tuple[_Step, ...]:
    """Raises BadDocument for what is no path."""
    steps: list[_Step] = []
    at = 0
    while at < len(text):
        found = _TOKEN.match(text, at)
        if found is None:
            raise BadDocument(f"{text!r} is no path into a record")
        at = found.end()
        if found["name"] is not None:
            steps.append(_Step(name=found["name"]))
        elif found["dot"] is None:
            steps.append(_Step(key=found["key"] or "", value=found["value"] or ""))
    if not steps:
        raise BadDocument("an empty path leads nowhere")
    return tuple(steps)


def values_at(record: Mapping[str, object], text: str) -> list[object]:
    """What stands there, in order; [] for nothing, a null or an empty text. A name that holds
    dots or brackets itself, as a table's columns may, is looked up as it is first."""
    if text in record:
        return [record[text]] if _says_something(record[text]) else []
    found: list[object] = [record]
    for step in parse_path(text):
        found = [one for value in found for one in _next(value, step)][:_MOST]
    return [one for one in found if _says_something(one)]


def _next(value: object, step: _Step) -> Sequence[object]:
    if step.name:
        return [value[step.name]] if isinstance(value, Mapping) and step.name in value else []
    if not isinstance(value, list):
        return []
    if not step.key:
        return value
    return [
        one
        for one in value
        if isinstance(one, Mapping) and any(str(v) == step.value for v in values_at(one, step.key))
    ]


def _says_something(value: object) -> bool:
    if isinstance(value, str):
        return bool(value.strip())
    return value is not None and value not in ([], {})
