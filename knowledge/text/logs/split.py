"""Groups taken apart again where the word that differs is no value but says something else.

Likeness alone puts "VM started" and "VM paused" together. With all lines seen, a place in which
only a few plain words ever stand is a choice of the program, not a value: its lines are
different templates. Many different words, words behind "=", ":" or "user", switches (on, off)
and names of days and months are values.
"""

import re
from collections.abc import Sequence

MOST_CHOICES = 4
"""Different words in a place up to which they are a choice of the program."""

MOST_STATES = 12
"""The same for words in capitals, as states are written (RUNNING, FAIL_CLEANUP)."""

_WORD = re.compile(r"[^\w]{0,3}([A-Za-z][A-Za-z_'-]{0,60}[A-Za-z])[^\w]{0,3}")
_VALUE = re.compile(
    r"mon|tue|wed|thu|fri|sat|sun|jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec"
    r"|on|off|true|false|yes|no|null|none|nil|nan|undefined",
    re.IGNORECASE,
)
_BEFORE_A_VALUE = frozenset({"user", "users", "client", "host"})


def choices(shapes: Sequence[Sequence[str]]) -> tuple[int, ...]:
    """The places in which lines of one group (equally long, masked) make different templates."""
    if len(shapes) < 2:
        return ()
    found = []
    for place, column in enumerate(zip(*shapes, strict=True)):
        words = set(column)
        if not 2 <= len(words) <= MOST_STATES:
            continue
        if _is_choice(words) and not _ends_as_key(shapes[0][place - 1] if place else ""):
            found.append(place)
    return tuple(found)


def _is_choice(words: set[str]) -> bool:
    plain = [match[1] for word in words if (match := _WORD.fullmatch(word))]
    if len(plain) < len(words) or any(map(_VALUE.fullmatch, plain)):
        return False
    return len(words) <= MOST_CHOICES or all(word.isupper() for word in plain)


def _ends_as_key(word: str) -> bool:
    return word[-1:] in (":", "=") or word.lower().strip("\"'([:=") in _BEFORE_A_VALUE
