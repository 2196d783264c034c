"""Logs pasted into a text, told from what the person wrote around them."""

import re

from knowledge.text.logs.digest import lines_in
from knowledge.text.logs.formats import read_line
from knowledge.text.masking import mask

FEW_LINES = 200
"""Up to here each line is looked at on its own; a longer text is a log with a few words around."""

MOST_AROUND = 20
"""Lines before and after a long log that may be a person's words."""

_LOOKED_AT = 400
_FEWEST = 3
_FEWEST_LOGS = 2
_LOG_SIGN = re.compile(
    r"^\W{0,3}<time>|\b(?:ERROR|WARN|WARNING|INFO|DEBUG|FATAL|CRITICAL|TRACE|NOTICE|PANIC)\b"
    r"|\blevel\"?\s?[=:]|^\s+at \S|^Traceback|^Caused by:|^\s+File \"|^\{.{0,4000}\}$"
    r"|^goroutine \d|^panic: |^\t\S+\.go:\d"
)


def is_log_line(line: str) -> bool:
    """Whether a line has a log's marks: a time, a level, a stack frame, a known format."""
    head = line[:_LOOKED_AT]
    return bool(_LOG_SIGN.search(mask(head))) or read_line(head).is_headed


def divide(text: str) -> tuple[list[str], list[str]]:
    """(lines of prose, lines of logs), blank ones left out.

    A text of one or two lines is prose whatever it is, and so is one with a single log line.
    """
    lines = [line.rstrip("\r") for line in lines_in(text) if line.strip()]
    if len(lines) < _FEWEST:
        return lines, []
    if len(lines) > FEW_LINES:
        return _around(lines)
    marks = [is_log_line(line) for line in lines]
    if sum(marks) < _FEWEST_LOGS:
        return lines, []
    prose = [line for line, is_log in zip(lines, marks, strict=True) if not is_log]
    return prose, [line for line, is_log in zip(lines, marks, strict=True) if is_log]


def _around(lines: list[str]) -> tuple[list[str], list[str]]:
    """The log begins and ends with its first and last marked line near the text's ends."""
    head, tail = lines[:MOST_AROUND], lines[-MOST_AROUND:]
    first = next((place for place, line in enumerate(head) if is_log_line(line)), None)
    last = next((place for place, line in enumerate(tail[::-1]) if is_log_line(line)), None)
    if first is None and last is None:
        step = max(1, len(lines) // FEW_LINES)
        if sum(map(is_log_line, lines[::step])) < _FEWEST_LOGS:
            return lines, []
    start, end = first or 0, len(lines) - (last or 0)
    return lines[:start] + lines[end:], lines[start:end]
