"""Words for lexical matching: identifiers taken apart, and what counts as a word at all."""

import re
import unicodedata
from functools import lru_cache

from knowledge.text.masking import PLACEHOLDERS

_IDENTIFIER = re.compile(r"[^\W_](?:[\w.:/@$-]*[^\W_])?")
_PIECE = re.compile(
    r"[A-Z]{2,}s(?![a-z])"  # the plural of an acronym: VMs, IPs
    r"|[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+\d{0,3}|[A-Z]+\d{0,3}|\d+|[^\W\d_A-Za-z]+"
)
_PLACEHOLDER = re.compile("<(?:" + "|".join(sorted(PLACEHOLDERS)) + ")>")
_LONGEST_WORD = 100
"""In characters; longer runs are data, not words, and only their pieces are kept."""

_MOST_PIECES = 40
_REMEMBERED = 100_000
"""Identifiers whose words are kept: the same ones stand in every text of a team."""


def pieces_of(identifier: str) -> list[str]:
    """The words inside one identifier, case kept: "KubeVMsDown" -> ["Kube", "VMs", "Down"]."""
    return _PIECE.findall(identifier)


def spoken(name: str) -> str:
    """An identifier as people would say it: "etcdHighFsyncDurations" -> "etcd High Fsync ..."."""
    return " ".join(pieces_of(name))


def words_of(text: str) -> list[str]:
    """Lower-case words of `text` in order: each identifier whole, then its pieces.

    Placeholders of masked text are no words: they carry no evidence. Compatibility forms are
    normalised (NFKC), so full-width letters and ligatures match plain ones.
    """
    plain = _PLACEHOLDER.sub(" ", text)
    if not plain.isascii():
        plain = unicodedata.normalize("NFKC", plain)
    words: list[str] = []
    for whole in _IDENTIFIER.findall(plain):
        words += _words_in(whole) if len(whole) <= _LONGEST_WORD else _pieces_in(whole)
    return words


@lru_cache(maxsize=_REMEMBERED)
def _words_in(identifier: str) -> tuple[str, ...]:
    whole, pieces = identifier.lower(), _pieces_in(identifier)
    return pieces if pieces == (whole,) else (whole, *pieces)


def _pieces_in(identifier: str) -> tuple[str, ...]:
    pieces = pieces_of(identifier)[:_MOST_PIECES]
    return tuple(piece.lower() for piece in pieces if len(piece) <= _LONGEST_WORD)


def split_identifiers(text: str) -> str:
    """`words_of(text)` joined by spaces: what the lexical index is fed with."""
    return " ".join(words_of(text))
