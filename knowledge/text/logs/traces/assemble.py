"""Stack traces found in a stream of log lines, each kept together as one event.

A trace may stand behind a prefix on every line, or bare below the line that logged it. In most
languages it is only the second line that shows that the first was the head of a trace; so lines
that name an exception are held back until the next line tells.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from knowledge.text.logs.model import Record
from knowledge.text.logs.traces.frames import go_function, go_place, language_of
from knowledge.text.logs.traces.parse import HEAD

MOST_KEPT = 300
"""Lines of one trace that are read; further ones are only counted."""

_MOST_HELD = 8
_MOST_BLANK = 2
_LONGEST = 2_000
_PYTHON = "Traceback (most recent call last)"
_CALL = re.compile(r"\s{0,40}at \S")
_GOES_ON = re.compile(
    r"\s{0,40}(?:at |\.\.\. \d|Caused by: |Suppressed: |--- End of |---> |\[CIRCULAR)"
)
_HEAD_GOES_ON = re.compile(r"\s{1,40}(?:panic: |---> )|\[signal |\s*$")
_CHAIN = re.compile(
    r"[\s|]*(?:During handling of the above exception|The above exception was the direct cause"
    r"|Traceback \(most recent call last\)|\+-)"
)
_RAISED = re.compile(r"[A-Za-z_][\w.]{0,200}(?:: |:?$| \()")
_GO_PANIC = re.compile(r"(?:.{0,120}?\b)?(?:panic(?: serving \S{1,80})?|fatal error): \S")
_GO_MORE = re.compile(
    r"goroutine \d+|\[signal |\[recovered\]|exit status \d|created by |\.\.\.additional frames"
    r"|\s+panic: |\s*$"
)


class Entry(NamedTuple):
    """One line with its number and what it says."""

    number: int
    line: str
    record: Record


@dataclass(slots=True)
class Found:
    """The lines of one trace; `count` is how many there were, `entries` the first of them."""

    language: str
    entries: list[Entry]
    count: int


Event = Entry | Found


class Assembler:
    """Turns entries into events: single lines, and traces as a whole, in order."""

    def __init__(self) -> None:
        self._open: Found | None = None
        self._held: list[Entry] = []
        self._tail: list[Entry] = []
        self._raised = False

    def push(self, entry: Entry) -> Iterator[Event]:
        """The events that this line completes."""
        message = entry.record.message
        if self._open is not None:
            if self._takes(entry, message):
                return
            yield from self.flush()
        if _PYTHON in message:
            yield from self._begin("python", entry)
        elif _CALL.match(message) and (language := language_of(message[:_LONGEST])):
            yield from self._call(language, entry)
        elif "goroutine " in message and message.lstrip().startswith("goroutine "):
            yield from self._begin("go", entry)
        elif self._held and _HEAD_GOES_ON.match(message) and len(self._held) < _MOST_HELD:
            self._held.append(entry)
        elif _may_be_head(message):
            yield from self._release()
            self._held.append(entry)
        elif self._held and not entry.record.is_headed and len(self._held) < _MOST_HELD:
            self._held.append(entry)
        else:
            yield from self._release()
            yield entry

    def flush(self) -> Iterator[Event]:
        """What is still held back."""
        if self._open is not None:
            yield self._open
            self._open = None
            yield from self._tail
            self._tail = []
        yield from self._release()

    def _release(self) -> Iterator[Event]:
        held, self._held = self._held, []
        yield from held

    def _begin(self, language: str, entry: Entry) -> Iterator[Event]:
        """A trace whose first line shows it; a held panic right before it belongs to it."""
        held, self._held = self._held, []
        head: list[Entry] = []
        if language == "go":
            start = next(
                (i for i, one in enumerate(held) if _GO_PANIC.match(one.record.message)), None
            )
            if start is not None:
                held, head = held[:start], held[start:]
        yield from held
        self._start(language, [*head, entry])

    def _call(self, language: str, entry: Entry) -> Iterator[Event]:
        """A call below a line that is the trace's head."""
        held, self._held = self._held, []
        self._start(language, [*held, entry])
        yield from ()

    def _start(self, language: str, entries: list[Entry]) -> None:
        self._open = Found(language, entries, len(entries))
        self._raised = False
        self._tail = []

    def _takes(self, entry: Entry, message: str) -> bool:
        found = self._open
        assert found is not None
        if not message or message.isspace():
            if len(self._tail) < _MOST_BLANK and found.language in ("python", "go"):
                self._tail.append(entry)
                return True
            return False
        if not self._belongs(found, entry, message[:_LONGEST]):
            return False
        for one in (*self._tail, entry):
            found.count += 1
            if len(found.entries) < MOST_KEPT:
                found.entries.append(one)
        self._tail = []
        return True

    def _belongs(self, found: Found, entry: Entry, message: str) -> bool:
        if found.language == "python":
            return self._belongs_to_python(message)
        if found.language == "go":
            return bool(
                _GO_MORE.match(message)
                or go_place(message)
                or (self._may_call(found, entry) and go_function(message.strip()))
            )
        if _GOES_ON.match(message):
            return True
        if found.language == "node":
            return self._belongs_to_object(found, message)
        last = found.entries[-1].record.message
        return not entry.record.is_headed and message[:1].isspace() and "Caused by: " in last

    @staticmethod
    def _may_call(found: Found, entry: Entry) -> bool:
        """Behind a prefix, a line is taken for a Go call only where one is due."""
        last = found.entries[-1].record.message
        return not entry.record.is_headed or bool(go_place(last) or last.startswith("goroutine "))

    def _belongs_to_object(self, found: Found, message: str) -> bool:
        """Node prints an error's own fields behind its last call: { code: ..., }."""
        if found.entries[-1].record.message.endswith("{"):
            self._raised = True
        if not self._raised or message[0] not in " \t}":
            return False
        self._raised = message[0] != "}"
        return True

    def _belongs_to_python(self, message: str) -> bool:
        if _CHAIN.match(message):
            self._raised = False
            return True
        if self._raised:
            return False
        if message[0].isspace() or 'File "' in message:
            return True
        if _RAISED.match(message):
            self._raised = True
            return True
        return False


def _may_be_head(message: str) -> bool:
    return (
        "rror" in message or "xception" in message or "anic" in message or "Throwable" in message
    ) and (HEAD.search(message[:_LONGEST]) is not None or _GO_PANIC.match(message) is not None)
