"""Reading what follows a command: incident keys, lengths of time, names nearly right. Pure."""

import difflib
import re
from collections.abc import Iterable
from datetime import timedelta

_KEY = re.compile(
    r"\s*(?:RCL[-_ ]?#?|#)?([1-9][0-9]{0,17})[:,;.]*(?=\s|$)", re.IGNORECASE | re.ASCII
)
_LIKE_KEY = re.compile(r"([A-Z]{1,10})[-_ ]?([0-9]{1,18})[:,;.]*(?=\s|$)", re.IGNORECASE | re.ASCII)
_BESIDE = {"r": "edft45", "c": "xvdf", "l": "kop"}
"""The keys beside each letter of RCL."""
_OWN_WORDS = frozenset({"rc"})
"""What people number as well, such as release candidates."""
_LENGTH = re.compile(r"([0-9]{1,4})\s*([a-z]*)", re.IGNORECASE | re.ASCII)
_UNITS = {
    **dict.fromkeys(("", "m", "min", "mins", "minute", "minutes"), 60),
    **dict.fromkeys(("h", "hr", "hour", "hours"), 3_600),
    **dict.fromkeys(("d", "day", "days"), 86_400),
}
LONGEST = timedelta(days=14)


def split_key(words: str) -> tuple[str | None, str]:
    """(the incident's key where the words begin with one, the rest): `rcl-12 done`, `12 done`.
    `RCL12`, `rcl_12` and `rcl 12` can mean nothing else, so they are keys as well."""
    match = _KEY.match(words)
    return (f"RCL-{match[1]}", words[match.end() :].strip()) if match else (None, words.strip())


def mistyped_key(words: str) -> str | None:
    """The incident's key that the words were probably meant to begin with: `RLC-12`, `RCK-12`."""
    match = _LIKE_KEY.match(words.strip())
    if match is None or match[2].startswith("0") or not _is_nearly_rcl(match[1].lower()):
        return None
    return f"RCL-{match[2]}"


def other_key(words: str) -> str | None:
    """A key that is none of ours, at the beginning: `INC-87`, `PD-4`."""
    match = _LIKE_KEY.match(words.strip())
    return words.strip()[: match.end(2)] if match is not None else None


def _is_nearly_rcl(letters: str) -> bool:
    if letters in _OWN_WORDS or letters == "rcl":
        return False
    is_mixed_up = sorted(letters) == sorted("rcl")
    is_short = len(letters) == 2 and any(letters == "rcl"[:n] + "rcl"[n + 1 :] for n in range(3))
    is_doubled = len(letters) == 4 and any(
        letters == "rcl"[:n] + "rcl"[n] + "rcl"[n:] for n in range(3)
    )
    return is_mixed_up or is_short or is_doubled or _is_beside(letters)


def _is_beside(letters: str) -> bool:
    """One letter was missed, for the key beside it."""
    if len(letters) != 3:
        return False
    wrong = [(one, meant) for one, meant in zip(letters, "rcl", strict=True) if one != meant]
    return len(wrong) == 1 and wrong[0][0] in _BESIDE[wrong[0][1]]


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


def meant_of(word: str, known: Iterable[str], before: str = "") -> str:
    """` Did you mean /recall settings card?`, or nothing where no known word is near; `before`
    is what stands in front of it."""
    meant = nearest(word, known)
    return f" Did you mean {before}{meant}?" if meant is not None else ""


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that `word` was probably meant to be."""
    there, lowered = list(known), word.lower()
    found = difflib.get_close_matches(lowered, there, n=1, cutoff=0.6)
    if found:
        return found[0]
    longer = [name for name in there if len(name) >= 3 and lowered.startswith(name)]
    return max(longer, key=len, default=None)
