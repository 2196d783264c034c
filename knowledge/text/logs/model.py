"""What a log says, in short: its templates with their counts and values, and its stack traces."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import NamedTuple

WILDCARD = "<*>"
"""Stands in a template where lines differ in a word that is no time, number, address ..."""


_NO_FIELDS: Mapping[str, str] = MappingProxyType({})


class Level(StrEnum):
    """How bad a line says it is; the many names of the field brought to six."""

    FATAL = "fatal"
    ERROR = "error"
    WARN = "warn"
    INFO = "info"
    DEBUG = "debug"
    UNKNOWN = ""

    @property
    def is_trouble(self) -> bool:
        return self in (Level.FATAL, Level.ERROR)


class Record(NamedTuple):
    """One line taken apart. What it does not say is empty.

    `time` is the line's own text for it; `fields` are further fields that matter: `logger`,
    `error` (an exception or error text beside the message), `stack` (a stack trace inside the
    line, lines separated by newlines).
    """

    message: str
    time: str = ""
    level: Level = Level.UNKNOWN
    fields: Mapping[str, str] = _NO_FIELDS

    @property
    def is_headed(self) -> bool:
        """True when the line begins an entry of its own, as its time or level shows."""
        return bool(self.time or self.level)


@dataclass(frozen=True, slots=True)
class Value:
    """What stood in one place of a template, verbatim, and how often."""

    text: str
    count: int


@dataclass(frozen=True, slots=True)
class LogTemplate:
    """Lines that say the same apart from their values.

    `tokens` are the template's words with `<num>`, `<ip>` ... or `<*>` where values stood;
    `text` is `tokens` joined by spaces. `key` names the template in any log: templates of equal
    text and level have equal keys. Lines are numbered from 1. Times are in UTC (a time without a
    zone is taken as UTC), None where lines carry none or none that can be read. `example` is
    the first line, verbatim, at most 1,000 characters. `values` are by position in `tokens`, in
    order of appearance, at most 12 each; `cut` are the positions that had more.
    """

    key: str
    tokens: tuple[str, ...]
    level: Level
    count: int
    first_line: int
    last_line: int
    first_time: datetime | None
    last_time: datetime | None
    example: str
    values: Mapping[int, tuple[Value, ...]]
    cut: frozenset[int] = frozenset()
    logger: str = ""

    @property
    def text(self) -> str:
        return " ".join(self.tokens)

    def at(self, place: int) -> tuple[Value, ...]:
        """What stood at a place: its values, or the one word that always did."""
        return self.values.get(place) or (Value(self.tokens[place], self.count),)


@dataclass(frozen=True, slots=True)
class Frame:
    """One call of a stack trace. `line` is 0 where it is not said."""

    function: str
    file: str = ""
    line: int = 0

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        return f"{self.function} ({place})" if place else self.function


@dataclass(frozen=True, slots=True)
class StackTrace:
    """Stack traces that say the same: language, exception, message and the team's own calls.

    `message` is masked. `causes` are (exception, masked message) from the nearest to the root.
    `frames` are own frames, the innermost first: no standard library, no installed package.
    `lines` is how many log lines the `count` occurrences cover together. `example` is the
    first occurrence, verbatim, at most 4,000 characters. `key` is made of language,
    exceptions and functions, without line numbers.
    """

    key: str
    language: str
    exception: str
    message: str
    causes: tuple[tuple[str, str], ...]
    frames: tuple[Frame, ...]
    count: int
    lines: int
    first_line: int
    last_line: int
    first_time: datetime | None
    last_time: datetime | None
    example: str

    @property
    def text(self) -> str:
        """The trace in one line: exception, message, root cause, innermost own call."""
        said = [f"{self.exception}: {self.message}" if self.message else self.exception]
        if self.causes:
            exception, message = self.causes[-1]
            said.append(
                f"caused by {exception}: {message}" if message else f"caused by {exception}"
            )
        if self.frames:
            said.append(f"at {self.frames[0].function}")
        return " ".join(said)


@dataclass(frozen=True, slots=True)
class LogDigest:
    """A whole log in short. Every line is counted exactly once:

    lines == blank + sum(template.count) + sum(trace.lines) + unread

    `templates` are in order of first appearance, `traces` too. `unread` are lines beyond the
    bounds of `read_log`. Of a log with more templates than are kept, the further lines are
    counted together under the template `<*>`.
    """

    templates: tuple[LogTemplate, ...]
    traces: tuple[StackTrace, ...]
    lines: int
    blank: int = 0
    unread: int = 0
