"""Equal stack traces counted together."""

import hashlib
from collections.abc import Sequence

from knowledge.text.logs.formats.times import read_time
from knowledge.text.logs.model import Record, StackTrace
from knowledge.text.logs.traces.assemble import Assembler, Entry, Found
from knowledge.text.logs.traces.parse import Parsed, parse

MOST_TRACES = 300
"""Different traces of a log that are told apart; further ones are counted by exception only."""

LONGEST_EXAMPLE = 4_000
_REMEMBERED = 300
_SHARED_CALLS = 5
"""Innermost own calls that must be the same for two traces to be one."""


class _Count:
    __slots__ = ("count", "example", "first", "last", "lines", "parsed")

    def __init__(self, parsed: Parsed, example: str, first: tuple[int, str]) -> None:
        self.parsed = parsed
        self.example = example
        self.first = self.last = first
        self.count = self.lines = 0


class Traces:
    """Counts traces by what they say; bounded memory."""

    def __init__(self) -> None:
        self._counts: dict[str, _Count] = {}
        self._parsed: dict[tuple[str, str], Parsed] = {}

    def add(self, found: Found) -> None:
        """A trace that covers lines of its own."""
        first = found.entries[0]
        time = next((one.record.time for one in found.entries if one.record.time), "")
        messages = [one.record.message for one in found.entries]
        example = "\n".join(one.line for one in found.entries)
        self._add(found.language, messages, example, (first.number, time), found.count)

    def add_inside(self, entry: Entry, stack: str) -> bool:
        """A trace inside one line that is counted elsewhere; False when the text is none."""
        found = first_in(stack)
        if found is None:
            return False
        messages = [one.record.message for one in found.entries]
        self._add(found.language, messages, stack, (entry.number, entry.record.time), 0)
        return True

    def _add(
        self, language: str, messages: list[str], example: str, at: tuple[int, str], lines: int
    ) -> None:
        text = "\n".join(messages)
        parsed = self._parsed.get((language, text))
        if parsed is None:
            parsed = parse(language, messages)
            if len(self._parsed) >= _REMEMBERED:
                self._parsed.clear()
            self._parsed[(language, text)] = parsed
        key = trace_key(parsed)
        if key not in self._counts and len(self._counts) >= MOST_TRACES:
            parsed = Parsed(
                language,
                parsed.exception if len(self._counts) < 2 * MOST_TRACES else "",
                "",
                (),
                (),
            )
            key = trace_key(parsed)
        count = self._counts.get(key)
        if count is None:
            count = self._counts[key] = _Count(parsed, example[:LONGEST_EXAMPLE], at)
        count.count += 1
        count.lines += lines
        count.last = (at[0] + max(0, lines - 1), at[1])

    def made(self, year: int | None) -> tuple[StackTrace, ...]:
        """All traces in order of first appearance."""
        return tuple(
            StackTrace(
                key=key,
                language=one.parsed.language,
                exception=one.parsed.exception,
                message=one.parsed.message,
                causes=one.parsed.causes,
                frames=one.parsed.frames,
                count=one.count,
                lines=one.lines,
                first_line=one.first[0],
                last_line=one.last[0],
                first_time=read_time(one.first[1], year),
                last_time=read_time(one.last[1], year),
                example=one.example,
            )
            for key, one in self._counts.items()
        )


def trace_key(parsed: Parsed) -> str:
    """16 hex digits of the SHA-256 of language, exceptions and innermost own functions."""
    exceptions = (parsed.exception, *(exception for exception, _ in parsed.causes))
    functions = (one.function for one in parsed.frames[:_SHARED_CALLS])
    text = "\0".join((parsed.language, *exceptions, "", *functions))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def first_in(text: str) -> Found | None:
    """The first trace in a text that is nothing but one."""
    lines: Sequence[str] = text.split("\n")
    assembler = Assembler()
    for number, line in enumerate(lines, 1):
        for event in assembler.push(Entry(number, line, Record(line))):
            if isinstance(event, Found):
                return event
    return next((event for event in assembler.flush() if isinstance(event, Found)), None)
