"""Words for lexical matching: identifiers taken apart, and what counts as a word at all."""

import re
import unicodedata

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
    plain = unicodedata.normalize("NFKC", _PLACEHOLDER.sub(" ", text))
    words: list[str] = []
    for match in _IDENTIFIER.finditer(plain):
        whole = match.group()
        pieces = pieces_of(whole)
        if len(pieces) == 1 and pieces[0] == whole:
            if len(whole) <= _LONGEST_WORD:
                words.append(whole.lower())
            continue
        if len(whole) <= _LONGEST_WORD:
            words.append(whole.lower())
        words.extend(
            piece.lower() for piece in pieces[:_MOST_PIECES] if len(piece) <= _LONGEST_WORD
        )
    return words


def split_identifiers(text: str) -> str:
    """`words_of(text)` joined by spaces: what the lexical index is fed with."""
    return " ".join(words_of(text))
