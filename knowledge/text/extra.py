"""Values of a front matter that mean nothing to Recall: kept as they are, in JSON form."""

import json
import math
from collections.abc import Mapping
from datetime import date
from typing import Any

from knowledge.errors import BadDocument

KNOWN = frozenset(
    {
        "title",
        "services",
        "environments",
        "alerts",
        "tags",
        "owner",
        "actions",
        "reviewed",
        "review_by",
        "visibility",
        "origin",
        "url",
    }
)
"""Keys that fill a field of a Runbook of their own."""

_LONGEST = 64 * 1024


def extra_of(head: Mapping[str, Any]) -> dict[str, Any]:
    """The values under unknown keys, by key in order; dates as ISO 8601 text.

    What has no JSON form (bytes, sets, numbers that are none) is left out. Raises BadDocument
    for more than 64 KiB, which aliases of YAML can unfold into.
    """
    room = _Room(_LONGEST)
    found = {
        key: plain
        for key in sorted(set(head) - KNOWN)
        if (plain := _plain(head[key], room)) is not _NONE
    }
    if found and len(json.dumps(found)) > _LONGEST:
        raise BadDocument(_too_long())
    return found


_NONE = object()


class _Room:
    """How many values may still be unfolded."""

    def __init__(self, left: int) -> None:
        self.left = left

    def take(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise BadDocument(_too_long())


def _too_long() -> str:
    return f"the unknown keys of the front matter hold over {_LONGEST // 1024} KiB"


def _plain(value: Any, room: _Room) -> Any:
    room.take()
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else _NONE
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, list):
        items = (_plain(item, room) for item in value)
        return [item for item in items if item is not _NONE]
    if isinstance(value, dict):
        pairs = {str(key): _plain(item, room) for key, item in value.items()}
        return {key: item for key, item in pairs.items() if item is not _NONE}
    return _NONE
