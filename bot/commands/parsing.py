"""Reading what follows a command: incident keys, lengths of time, names nearly right. Pure."""

import difflib
import re
from collections.abc import Iterable
from datetime import timedelta

_KEY = re.compile(r"(?:RCL-|#)?([1-9][0-9]{0,17})", re.IGNORECASE | re.ASCII)
_LENGTH = re.compile(r"([0-9]{1,4})\s*([a-z]*)", re.IGNORECASE | re.ASCII)
_UNITS = {
    **dict.fromkeys(("", "m", "min", "mins", "minute", "minutes"), 60),
    **dict.fromkeys(("h", "hr", "hour", "hours"), 3_600),
    **dict.fromkeys(("d", "day", "days"), 86_400),
}
LONGEST = timedelta(days=14)


def split_key(words: str) -> tuple[str | None, str]:
    """(the incident's key where the first word is one, the rest): `rcl-12 done` or `12 done`."""
    first, _, rest = words.strip().partition(" ")
    match = _KEY.fullmatch(first.rstrip(":,;."))
    return (f"RCL-{match[1]}", rest.strip()) if match else (None, words.strip())


def starts_with_number(words: str) -> bool:
    """Whether the first word is a bare number, which may be an incident's or just a number."""
    return words.strip().partition(" ")[0].isdigit()


def length_of(words: str) -> timedelta | None:
    """A length of time such as `30m`, `2 h` or `1 day`; None for anything else, for nothing
    and for more than LONGEST."""
    match = _LENGTH.fullmatch(words.strip())
    if match is None or match[2].lower() not in _UNITS:
        return None
    length = timedelta(seconds=int(match[1]) * _UNITS[match[2].lower()])
    return length if timedelta(0) < length <= LONGEST else None


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that `word` was probably meant to be."""
    there, lowered = list(known), word.lower()
    found = difflib.get_close_matches(lowered, there, n=1, cutoff=0.6)
    if found:
        return found[0]
    longer = [name for name in there if len(name) >= 3 and lowered.startswith(name)]
    return max(longer, key=len, default=None)
