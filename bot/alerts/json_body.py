"""Strict JSON: what a webhook body must be before any source may look at it.

Beyond the grammar it refuses what parsers disagree about (duplicate keys, NaN) and what would
hurt later (nesting without end, numbers without measure), and takes NUL and lone surrogates,
which no database stores, out of the texts.
"""

import json
import math
from typing import Any, NoReturn

from bot.errors import BadPayload

MAX_DEPTH = 64
"""Deepest nesting of objects and arrays that is accepted; real bodies stay below ten."""

_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"


def parse_json(body: bytes) -> object:
    """The value of a UTF-8 JSON text, with or without a byte order mark.

    Raises BadPayload, saying where, on anything that is not strict JSON.
    """
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadPayload(f"the body is not UTF-8: byte {error.start} cannot be read") from None
    if not text.strip():
        raise BadPayload("the body is empty; a JSON object is expected")
    try:
        value = json.loads(
            text,
            object_pairs_hook=_unique_keys,
            parse_constant=_refuse_constant,
            parse_float=_finite,
        )
    except json.JSONDecodeError as error:
        raise BadPayload(
            f"the body is not JSON: {error.msg} at line {error.lineno}, column {error.colno}"
        ) from None
    except RecursionError:
        raise BadPayload(_too_deep()) from None
    except ValueError:
        # The only one left: an integer with more digits than Python converts (4,300).
        raise BadPayload("the body holds a number that is too long") from None
    # Each level needs a bracket, so few brackets cannot be deep: most bodies skip the walk.
    if text.count("{") + text.count("[") > MAX_DEPTH:
        _check_depth(value)
    lowered = text.lower() if "\\u" in text or "\\U" in text else ""
    if "\\u0000" in lowered or "\\ud" in lowered:
        return _clean(value)
    return value


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise BadPayload(f"the key {shown(key)} appears twice in one object")
            seen.add(key)
    return found


def _refuse_constant(word: str) -> NoReturn:
    raise BadPayload(f"the body holds {word}, which is not JSON")


def _finite(literal: str) -> float:
    number = float(literal)
    if not math.isfinite(number):
        raise BadPayload("the body holds a number that is too large")
    return number


def _too_deep() -> str:
    return f"the body is nested deeper than {MAX_DEPTH} levels"


def _check_depth(value: object) -> None:
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [child for parent in level for child in _children(parent)]
        if not level:
            return
    if any(isinstance(rest, dict | list) for rest in level):
        raise BadPayload(_too_deep())


def _children(value: object) -> list[object]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []


def _clean(value: object) -> object:
    """The same value without NUL and lone surrogates; depth was checked or is small."""
    if isinstance(value, str):
        return clean_text(value)
    if isinstance(value, list):
        return [_clean(child) for child in value]
    if isinstance(value, dict):
        return {clean_text(key): _clean(child) for key, child in value.items()}
    return value


def clean_text(text: str) -> str:
    """`text` with NUL and lone surrogates replaced, so that every store can keep it."""
    if "\x00" in text:
        text = text.replace("\x00", _REPLACEMENT)
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def shown(text: str, limit: int = 60) -> str:
    """`text` quoted for an error message, cut to `limit` characters."""
    return repr(text if len(text) <= limit else f"{text[:limit]}...")
