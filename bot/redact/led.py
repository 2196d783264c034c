"""Whether every match of an expression begins with a keyword, so that it is looked for there only.

Used when rules are converted, never while text is redacted: it asks Python's own parser, which is
no public part of the library.
"""

import re
from collections.abc import Collection, Iterable
from importlib import import_module
from typing import Any

_MOST = 256
"""Beginnings that are told apart; an expression with more is searched for everywhere."""


def begins_with_keyword(pattern: str, keywords: Collection[str]) -> bool:
    """Whether each match of a Python expression is certain to begin, after whatever has no width,
    with one of the lower-case `keywords` in whatever case. False where that is not certain."""
    parsed = import_module("re._parser").parse(pattern, re.ASCII)
    heads, _ = _beginnings(parsed)
    return all(head.lower().startswith(tuple(keywords)) for head in heads)


def _beginnings(parts: Iterable[Any]) -> tuple[set[str], bool]:
    """The texts that matches begin with as far as they are certain, and whether that is all of
    the match."""
    heads = {""}
    for operation, argument in parts:
        found, is_whole = _part(str(operation), argument)
        if found:
            heads = {head + one for head in heads for one in found}
        if not is_whole or len(heads) > _MOST:
            return heads, False
    return heads, True


def _part(operation: str, argument: Any) -> tuple[set[str], bool]:
    match operation:
        case "LITERAL":
            return {chr(argument)}, True
        case "AT":
            return {""}, True
        case "IN" if all(str(kind) == "LITERAL" for kind, _ in argument):
            return {chr(code).lower() for _, code in argument}, True
        case "SUBPATTERN":
            return _beginnings(argument[-1])
        case "BRANCH":
            branches = [_beginnings(branch) for branch in argument[1]]
            heads = set().union(*(found for found, _ in branches))
            return heads, all(is_whole for _, is_whole in branches)
        case "MAX_REPEAT" | "MIN_REPEAT":
            least, most, repeated = argument
            heads, is_whole = _beginnings(repeated)
            if (least, most) == (0, 1):
                return heads | {""}, is_whole
            return (heads, is_whole and most == 1) if least else (set(), False)
        case _:
            return set(), False
