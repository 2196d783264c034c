"""Redacting a text that comes in pieces, such as the output of a running command."""

from collections.abc import Callable
from itertools import islice

LONGEST_HELD = 65_536
"""Characters that are held back at most while a line or a private key has no end."""

_BEGIN, _END = "-----begin ", "-----end "
_KEY = "private key"
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
        out = self._end_key()
        if self._in_key:
            return out
        ready = self._held.rfind("\n") + 1
        low = self._held.lower()
        begin = _open_key(low, ready)
        if begin is not None:
            if len(self._held) - begin <= LONGEST_HELD:
                return out + self._give(low.rfind("\n", 0, begin) + 1)
            # A key without an end: the mark now, and nothing more until the end comes.
            out += self._give(len(self._held))
            self._in_key = True
            return out
        if ready:
            out += self._give(ready)
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

    def _end_key(self) -> str:
        """Throw away what belongs to a key whose mark has been given out already."""
        if not self._in_key:
            return ""
        low = self._held.lower()
        end = low.find(_END)
        close = low.find("-----", end + len(_END)) if end >= 0 else -1
        if close < 0:
            self._held = self._held[max(end, 0) if end >= 0 else -len(_END) :]
            return ""
        self._held, self._in_key = self._held[close + 5 :], False
        return ""

    def _safe_cut(self, most: int) -> int:
        """A place up to `most` where cutting changes nothing in what is taken out."""
        spaces = (cut for cut in range(most, most - _NEAR, -1) if self._held[cut - 1].isspace())
        for cut in islice(spaces, _TRIED):
            before, after = self._held[cut - _NEAR : cut], self._held[cut : cut + _NEAR]
            if self._redact(before) + self._redact(after) == self._redact(before + after):
                return cut
        return most


def _open_key(low: str, ready: int) -> int | None:
    """Where a private key begins that has no end yet, in lower-case text."""
    begin = low.rfind(_BEGIN)
    if begin < 0:
        return None
    head = low[begin : begin + 80].partition("\n")[0]
    if _KEY not in head and begin < ready:
        return None
    end = low.find(_END, begin)
    if end >= 0 and low.find("-----", end + len(_END)) >= 0:
        return None
    return begin
