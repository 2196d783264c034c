"""A message's words with volatile ones masked, fast enough for 100,000 lines.

`mask` reads a whole text and is exact but slow; here each different word is masked once and
remembered, and so is each shape of word ("took=12ms" and "took=97ms" have one shape). What
takes several words ("5 minutes") is masked word by word ("<num> minutes").
"""

import re

from knowledge.text.masking import mask

MOST_TOKENS = 200
"""Words of a line that are looked at."""

LONGEST_TOKEN = 200
"""Characters of a word that are looked at."""

_REMEMBERED = 50_000
_MAY_CHANGE = re.compile(r"[0-9@?:]")
_LONG = re.compile(
    r"(?<![A-Za-z0-9-])[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}(?![A-Za-z0-9-])"
    r"|(?<![A-Za-z0-9])(?=(?:[A-Za-z]*\d){3})(?=\d*[A-Za-z]+\d+[A-Za-z])[A-Za-z0-9]{8,128}"
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

_SHAPE = str.maketrans("123456789", "000000000")
_HAS_DIGIT = re.compile(r"\d")


class TokenMasker:
    """Masks words and remembers the latest; bounded memory. Not for several threads at once."""

    def __init__(self) -> None:
        self._known: dict[str, str] = {}
        self._shapes: dict[str, str] = {}
        self._unsure_shapes: dict[str, str] = {}

    def tokens(self, message: str) -> tuple[list[str], list[str]]:
        """(masked words, words as written) of a message."""
        words = message.split(None, MOST_TOKENS)[:MOST_TOKENS]
        known = self._known
        try:
            return [known[word] for word in words], words
        except KeyError:
            return [known.get(word) or self._masked(word) for word in words], words

    def _masked(self, word: str) -> str:
        if len(word) > LONGEST_TOKEN:
            word = word[:LONGEST_TOKEN]
        masked = self._shapes.get(word.translate(_SHAPE)) or self._read(word)
        _remember(self._known, word, masked)
        return masked

    def _read(self, word: str) -> str:
        if not _MAY_CHANGE.search(word):
            return word
        if len(word) >= _SHORTEST_LONG:
            word = _LONG.sub(_typed, word)
        if _DIGITS_MATTER.search(word):
            return mask(word)
        shape = word.translate(_SHAPE)
        masked = self._shapes.get(shape) or self._unsure_shapes.get(shape)
        if masked is None:
            masked = mask(word)
            if not _HAS_DIGIT.search(masked):
                may_matter = _DIGITS_MAY_MATTER.search(shape)
                _remember(self._unsure_shapes if may_matter else self._shapes, shape, masked)
        return masked


def _remember(known: dict[str, str], key: str, masked: str) -> None:
    if len(known) >= _REMEMBERED:
        known.clear()
    known[key] = masked


def _typed(match: re.Match[str]) -> str:
    return "<uuid>" if "-" in match.group() else "<id>"
