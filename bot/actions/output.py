"""What a program printed, as it may be kept: whole lines, redacted, and not too many."""

import base64
from collections import deque
from collections.abc import Callable, Iterable
from html import escape
from urllib.parse import quote

_HEAD_SHARE = 4
_LONGEST_LINE = 4_000
_BEGIN, _END = "-----BEGIN ", "-----END "
HIDDEN = "[secret of the runner]"
_LEAST_SECRET = 6
LONG = 1_800
"""Characters of output from which on a message cannot be relied on to show all of it."""


def is_long(text: str) -> bool:
    """Whether it belongs in a file; counted as a platform writes it."""
    return len(escape(text, quote=False)) > LONG


class OutputKeeper:
    """Takes chunks of bytes as they come and keeps the first and the last lines.

    A line is judged when it is complete, so that a secret that is split over two chunks is seen
    whole; a key over several lines is left out from its first line to its last. `secrets` are
    the runner's own credentials, hidden also in base64 and percent-encoded.
    """

    def __init__(
        self, most: int, redact: Callable[[str], str], secrets: Iterable[str] = ()
    ) -> None:
        self._most_head = most // _HEAD_SHARE
        self._most_tail = most - self._most_head
        self._redact = redact
        self._forms = sorted(
            {form for secret in secrets for form in _forms(secret)}, key=len, reverse=True
        )
        self._head: list[str] = []
        self._head_size = 0
        self._tail: deque[str] = deque()
        self._tail_size = 0
        self._dropped = 0
        self._rest = b""
        self._in_key = False
        self._overlong = False

    def feed(self, chunk: bytes) -> None:
        """More of what was printed."""
        lines = (self._rest + chunk).split(b"\n")
        self._rest = lines.pop()
        for line in lines:
            self._line(line)
        if len(self._rest) > _LONGEST_LINE * 4:
            # Never kept in part: its other half might be what makes it a secret.
            self._rest = b""
            self._overlong = True

    def end(self) -> None:
        """Nothing more comes: what is left is a line."""
        if self._rest or self._overlong:
            self._line(self._rest)
            self._rest = b""

    @property
    def text(self) -> str:
        """What is kept, with a word on what is not."""
        middle = [f"[{self._dropped} lines left out]"] if self._dropped else []
        return "\n".join([*self._head, *middle, *self._tail])

    def _line(self, raw: bytes) -> None:
        if self._overlong or len(raw) > _LONGEST_LINE:
            self._overlong = False
            self._keep("[a very long line]")
            return
        line = raw.decode("utf-8", "replace").rstrip("\r")
        if self._in_key:
            self._in_key = _END not in line
            return
        if _BEGIN in line and _END not in line:
            self._in_key = True
            self._keep("[a key]")
            return
        for form in self._forms:
            line = line.replace(form, HIDDEN)
        self._keep(self._redact(line))

    def _keep(self, line: str) -> None:
        size = len(line) + 1
        if not self._tail and self._head_size + size <= self._most_head:
            self._head.append(line)
            self._head_size += size
            return
        self._tail.append(line)
        self._tail_size += size
        while self._tail_size > self._most_tail and len(self._tail) > 1:
            self._tail_size -= len(self._tail.popleft()) + 1
            self._dropped += 1


def _forms(secret: str) -> list[str]:
    """How a secret may be printed. In base64 it depends on where it begins, so each of the three
    alignments gives its unchanging middle."""
    if len(secret) < _LEAST_SECRET:
        return []
    raw = secret.encode()
    forms = [secret, quote(secret, safe="")]
    for shift in range(3):
        encoded = base64.b64encode(b"\x00" * shift + raw).decode().rstrip("=")
        start = (0, 2, 3)[shift]
        middle = encoded[start : len(encoded) - (1 if (len(raw) + shift) % 3 else 0)]
        forms += [middle, middle.replace("+", "-").replace("/", "_")]
    return [form for form in forms if len(form) >= _LEAST_SECRET]
