"""A message's words with volatile ones masked, fast enough for 100,000 lines.

`mask` reads a whole text and is exact but slow; here each different word is masked once and
remembered, and so is each shape of word ("took=12ms" and "took=97ms" have one shape). What
takes several words ("5 minutes") is masked word by word ("<num> minutes").
"""

import re
from itertools import islice
from operator import eq

from knowledge.text.masking import PLACEHOLDER, mask

MOST_TOKENS = 200
"""Words of a line that are looked at."""

LONGEST_TOKEN = 200
"""Characters of a word that are looked at."""

_REMEMBERED = 50_000
_MAY_CHANGE = re.compile(r"[0-9@?:]")
_LONG = re.compile(
    r"(?<![A-Za-z0-9-])[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}(?![A-Za-z0-9-])"
    r"|(?<![A-Za-z0-9])(?=(?:[A-Za-z]*\d){3})(?=\d*[A-Za-z]+\d+[A-Za-z])[A-Za-z0-9]{8,200}"
    r"(?![A-Za-z0-9])"
)
"""Ids that are all different and would each be masked on its own; rather too many than too few."""

_SHORTEST_LONG = 8
_DIGITS_MATTER = re.compile(
    r"(?<!\d)[45]\d\d(?!\d)"  # status codes are kept
    r"|(?<!\d)1[4-9]\d{8}|(?:19|20)\d{6}T"  # seconds since 1970, compact dates
    r"|0x[89cC]00"  # HRESULT
    r"|-[a-z\d]{5}(?![A-Za-z\d])"  # generated names of pods
)
_DIGITS_MAY_MATTER = re.compile(r"(?<!0)000(?!0)|0{10}|0{8}T|0x|-[a-z0]{5}(?![A-Za-z0])")
"""The same for shapes, where every digit is a 0."""

_SIZES = "B kB KB MB GB TB PB KiB MiB GiB TiB bytes byte"
_DURATIONS = (
    "ns us ms s sec secs second seconds msec msecs min mins minute minutes h hr hrs hour hours "
    "day days"
)
_UNITS = {
    f"{unit}{end}": kind
    for kind, units in (("size", _SIZES), ("dur", _DURATIONS))
    for unit in units.split()
    for end in ("", ",", ".", ";", ")", "]", "),", ").")
}
_LETTERS = "".join(sorted(set(_SIZES + _DURATIONS) - {" "}))
_AMOUNT = re.compile(r"(.*?)(?:<num>|(?<![A-Za-z0-9])\d{1,3})")
_LONE_NUMBER = re.compile(r"(?<![A-Za-z0-9<])\d+(?![A-Za-z0-9])")
_SHAPE = str.maketrans("123456789", "000000000")
_HAS_DIGIT = re.compile(r"\d")


class TokenMasker:
    """Masks words and remembers the latest; bounded memory. Not for several threads at once."""

    def __init__(self) -> None:
        self._known: dict[str, str] = {}
        self._shapes: dict[str, str] = {}
        self._unsure: dict[str, str] = {}

    def tokens(self, message: str) -> tuple[list[str], list[str]]:
        """(masked words, words as written) of a message, equally many.

        A number and its unit are one word; so is a run of the same placeholder ("ids 1 2 3").
        """
        words = message.split(None, MOST_TOKENS)[:MOST_TOKENS]
        shapes = message.translate(_SHAPE).split(None, MOST_TOKENS)[:MOST_TOKENS]
        known = self._shapes
        try:
            tokens = [known[shape] for shape in shapes]
        except KeyError:
            tokens = list(map(self._masked, words, shapes))
        if not _UNITS.keys().isdisjoint(tokens):
            tokens, words = _with_units(tokens, words)
        if any(map(eq, tokens, islice(tokens, 1, None))):
            tokens, words = _without_runs(tokens, words)
        return tokens, words

    def _masked(self, word: str, shape: str) -> str:
        masked = self._shapes.get(shape) or self._known.get(word)
        return masked or self._read(word[:LONGEST_TOKEN], shape[:LONGEST_TOKEN])

    def _read(self, word: str, shape: str) -> str:
        """A word that is not known as such: its parts may be."""
        if not _MAY_CHANGE.search(word):
            return _remember(self._shapes, word, word)
        name, _, value = word.partition("=")
        if value and name.isidentifier():
            return f"{name}={self._masked(value, shape[len(name) + 1 :])}"
        masked = self._unsure.get(shape)
        if masked is not None and not _DIGITS_MATTER.search(word):
            return masked
        if len(word) >= _SHORTEST_LONG and (shortened := _LONG.sub(_typed, word)) != word:
            word, shape = shortened, shortened.translate(_SHAPE)
            if masked := self._shapes.get(shape):
                return masked
        masked = _without_digits(mask(word))
        if _HAS_DIGIT.search(masked) or _DIGITS_MATTER.search(word):
            return _remember(self._known, word, masked)
        sure = not _DIGITS_MAY_MATTER.search(shape)
        return _remember(self._shapes if sure else self._unsure, shape, masked)


def _without_digits(masked: str) -> str:
    """Numbers that stand beside a value in one word are values too ("a=<num>#503")."""
    return _LONE_NUMBER.sub("<num>", masked) if "<" in masked else masked


def _with_units(tokens: list[str], words: list[str]) -> tuple[list[str], list[str]]:
    joined: list[str] = []
    written: list[str] = []
    for token, word in zip(tokens, words, strict=True):
        kind = _UNITS.get(token)
        if kind and joined and (match := _AMOUNT.fullmatch(joined[-1])):
            joined[-1] = f"{match[1]}<{kind}>{token.lstrip(_LETTERS)}"
            written[-1] = f"{written[-1]} {word}"
        else:
            joined.append(token)
            written.append(word)
    return joined, written


def _without_runs(tokens: list[str], words: list[str]) -> tuple[list[str], list[str]]:
    kept: list[str] = []
    written: list[str] = []
    for token, word in zip(tokens, words, strict=True):
        if kept and kept[-1] == token and PLACEHOLDER.search(token):
            if len(written[-1]) < LONGEST_TOKEN:
                written[-1] = f"{written[-1]} {word}"
        else:
            kept.append(token)
            written.append(word)
    return kept, written


def _remember(known: dict[str, str], key: str, masked: str) -> str:
    if len(known) >= _REMEMBERED:
        known.clear()
    known[key] = masked
    return masked


def _typed(match: re.Match[str]) -> str:
    return "<uuid>" if "-" in match.group() else "<id>"
