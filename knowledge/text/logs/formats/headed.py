"""What Java, Python and most others write: time, level, thread, logger in any order, message.

The head is eaten part by part from the left, as long as the next part is one that heads are
made of. A line without a time or a level at its start is no headed line.
"""

import re

from knowledge.text.logs.formats.levels import WORDS, named
from knowledge.text.logs.formats.times import TIME
from knowledge.text.logs.model import Level, Record

_PREFIX = r"(?:(?=[^\s|]{0,80}[\d|.:-])[^\s]{1,80}\s{1,4}|\|\s?){0,3}?"
"""Up to three words with a digit or sign before the time: a file, a counter, "web-1 |"."""

_TIME = re.compile(rf"{_PREFIX}[\[(]?({TIME})[\])]?[,:]?(?=[\s|\[]|$)")
_CLUSTER = re.compile(r"(?:\S{1,20} )?(1\d{9}) \d{4}\.\d{2}\.\d{2} \S{1,60} ")
"""The supercomputers' logs (CFDR): an alert flag, seconds, date and node before the line."""

_END_OF_LEVEL = r"[\])>]?:?(?=[\s|,:/\[-]|$)"
_CLEAR_LEVEL = (
    rf"[\[(<]?(?:[a-z_]{{1,20}}:)?(?P<clear>{WORDS}"
    r"|(?i:fatal|critical|error|warning|warn|info|notice|debug|trace|crit|emerg|alert)(?=[\]>)]))"
)
_LEVEL = re.compile(_CLEAR_LEVEL + _END_OF_LEVEL)
_LEVEL_AFTER_TIME = re.compile(
    rf"(?:{_CLEAR_LEVEL}"
    r"|(?P<vague>(?i:fatal|critical|error|warning|warn|info|notice|debug|trace)(?=\s\s|,| *\||:| -)"
    rf"|[VDIWEF](?=[ /|\]])))" + _END_OF_LEVEL
)
"""A word that may also begin a sentence ("Error: ...") is a level only behind a time."""

_SURE_LEVEL = re.compile(r"[\[(<]|\w+(?::|\s*\||\s\s)")
"""Without a time, a level is taken off the message only where a sign sets it apart."""

_LEVEL_WORD = rf"[\[(<]?(?:{WORDS})\b"
_EARLY = re.compile(
    rf"(?:[A-Za-z_][\w.$/-]{{0,100}}(?: -)? |[A-Z]{{2,20}} ){{1,2}}(?={_LEVEL_WORD})"
)
"""Logger or facility before the level: "app.db - ERROR", "RAS KERNEL INFO"."""

_COLUMN = re.compile(r"[\w./-]{0,60}\|")
_BRACKETED = re.compile(
    r"\[(?!client |signal )[^\[\]\n]{0,300}(?:\[[^\[\]\n]{0,80}\][^\[\]\n]{0,120}){0,3}\]:?"
    r"|\([\w.#:@ -]{1,60}\)(?= )"
)
_IDS = re.compile(r"\[(?:-|[\w.-]{0,80}\d[\w.-]{0,80}(?: [\w.-]{1,80}){0,8})\]")
_COUNTER = re.compile(r"\d{1,10}(?:/\w{1,20})?(?=[\s|])|\d{1,10}#\d{1,10}:")
_PROCESS = re.compile(r"\d{1,10} ---")
_LOGGER = re.compile(
    r"([A-Za-z_][\w.$/@#-]{0,120}(?:\[[^\]\s]{0,40}\]|\(\w{1,40}\)){0,2})"
    r"(?::(?=\s|$)|\s{1,3}-(?=\s)|\s{1,40}:(?= ))"
)
_DOTTED = re.compile(r"([A-Za-z_]\w{0,60}(?:[.$]\w{1,60}){1,12}(?= )|[A-Za-z]\w{1,30}(?=\s\s))")
_NO_LOGGER = ("Error", "Exception", "Throwable", "Exit", "Interrupt", "Warning", "panic")
"""Endings of names that begin a message: what was thrown."""

_GAP = re.compile(r"[\s|,]{0,40}(?:[-:>](?=\s|\[)[\s|]{0,8})?")
_MOST_PARTS = 9


def read(line: str) -> Record | None:
    """The record of a line with a time or a level in its head, None when it has neither."""
    time = logger = ""
    level = Level.UNKNOWN
    bracket = False
    at = 0
    if " 20" in line[:40] and (match := _CLUSTER.match(line)):
        time, at = match[1], match.end()
        if match := _TIME.match(line, at):
            at = match.end()
    elif match := _TIME.match(line):
        time, at = match[1], match.end()
        while "|" in line and (match := _COLUMN.match(line, at)):
            at = match.end()
    elif match := _LEVEL.match(line):
        if not _SURE_LEVEL.match(line):
            return Record(line, level=named(match["clear"]))
        level, at = named(match["clear"]), match.end()
        if match := _TIME.match(line, at + 1):
            time, at = match[1], match.end()
    else:
        return None
    for _ in range(_MOST_PARTS):
        gap = _GAP.match(line, at)
        here = gap.end() if gap else at
        if bracket and "-" in line[at:here]:
            break  # "LEVEL [thread] - message"
        match = None
        first = line[here : here + 1]
        if first.isdigit():
            match = _PROCESS.match(line, here)
            if match is None and not level:
                match = _COUNTER.match(line, here)
        elif not level and (match := _LEVEL_AFTER_TIME.match(line, here)):
            level = named(match[match.lastgroup or 0])
        elif first in "[(":
            match = (
                None if bracket and logger else (_IDS if logger else _BRACKETED).match(line, here)
            )
            bracket = True
        elif not level and (match := _EARLY.match(line, here)):
            logger = logger or match[0].rstrip(" -")
        elif level and not logger:
            match = _LOGGER.match(line, here) or _DOTTED.match(line, here)
            if match and match[1].endswith(_NO_LOGGER):
                break
            logger = match[1] if match else ""
        if match is None:
            break
        at = match.end()
    return Record(_after(line, at), time, level, {"logger": logger} if logger else {})


def _after(line: str, at: int) -> str:
    """What follows the head; the indentation of a stack trace stays."""
    rest = line[at:]
    gap = _GAP.match(rest)
    if gap is None or not gap.end():
        return rest
    return rest[1:] if gap.group().isspace() else rest[gap.end() :]
