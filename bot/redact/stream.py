"""Redacting a text that comes in pieces, such as the output of a running command."""

import re
from collections.abc import Callable
from itertools import islice

LONGEST_HELD = 65_536
"""Characters that are held back at most while a line or a private key has no end."""

_NAMED = r" [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----"
_BEGIN = re.compile(f"(?i)-----BEGIN{_NAMED}")
_END = re.compile(f"(?i)-----END{_NAMED}")
_LONGEST_END = 80
_NEAR = 2_048
"""Characters before a forced cut in which a safe place for it is looked for."""

_TRIED = 16
"""Places that are tried at most."""


class StreamRedactor:
    """Gives out what can be judged and holds back the rest: lines that have no end yet, and
    private keys that have none.

    A secret that is split over two pieces is found as in the whole text. Of a line longer than
    `LONGEST_HELD` the cut is made where nothing is taken out on both sides of it.
    """

    def __init__(self, redact: Callable[[str], str]) -> None:
        self._redact = redact
        self._held = ""
        self._in_key = False

    def feed(self, piece: str) -> str:
        """What of the text so far has become certain; may be empty."""
        self._held += piece
        self._end_key()
        if self._in_key:
            return ""
        ready = self._held.rfind("\n") + 1
        held = _held_key(self._held, ready)
        if held is not None:
            begin, cut = held
            if len(self._held) - begin <= LONGEST_HELD:
                return self._give(cut)
            # A key without an end: the mark now, and nothing more until the end comes.
            self._in_key = _END.search(self._held, begin) is None
            return self._give(len(self._held))
        out = self._give(ready)
        while len(self._held) > LONGEST_HELD:
            out += self._give(self._safe_cut(LONGEST_HELD))
        return out

    def finish(self) -> str:
        """The rest; the redactor can be used for another text then."""
        rest = "" if self._in_key else self._give(len(self._held))
        self._held, self._in_key = "", False
        return rest

    def _give(self, end: int) -> str:
        ready, self._held = self._held[:end], self._held[end:]
        return self._redact(ready) if ready else ""

    def _end_key(self) -> None:
        """Throw away what belongs to a key whose mark has been given out already."""
        if not self._in_key:
            return
        end = _END.search(self._held)
        if end is None:
            self._held = self._held[-_LONGEST_END:]
            return
        self._held, self._in_key = self._held[end.end() :], False

    def _safe_cut(self, most: int) -> int:
        """A place up to `most` where cutting changes nothing in what is taken out."""
        spaces = (cut for cut in range(most, most - _NEAR, -1) if self._held[cut - 1].isspace())
        for cut in islice(spaces, _TRIED):
            before, after = self._held[cut - _NEAR : cut], self._held[cut : cut + _NEAR]
            if self._redact(before) + self._redact(after) == self._redact(before + after):
                return cut
        return most


def _held_key(text: str, ready: int) -> tuple[int, int] | None:
    """Where the first private key begins that does not end within the first `ready` characters,
    and the end of the lines before it that can be given out."""
    place = 0
    ended: list[tuple[int, int]] = []
    while (begin := _BEGIN.search(text, place)) is not None:
        end = _END.search(text, begin.end())
        if end is None or end.end() > ready:
            cut = text.rfind("\n", 0, begin.start()) + 1
            for first, last in reversed(ended):
                if first < cut < last:  # both are on one line: no cut through the key before
                    cut = text.rfind("\n", 0, first) + 1
            return begin.start(), cut
        ended.append((begin.start(), end.end()))
        place = end.end()
    return None
