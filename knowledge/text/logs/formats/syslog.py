"""syslog: RFC 3164 and 5424, with or without priority, and what rsyslog and journald print."""

import re

from knowledge.text.logs.formats.levels import of_priority
from knowledge.text.logs.formats.times import TIME
from knowledge.text.logs.model import Level, Record

_NEW = re.compile(
    r"<(\d{1,3})>1 (\S{1,40}) (\S{1,255}) (\S{1,48}) (\S{1,128}) (\S{1,32}) "
    r"(?:-|(?:\[(?:[^\]\\\"]|\\.|\"(?:[^\"\\]|\\.){0,2000}\"){0,200}\]){1,20}) ?(?:\ufeff)?"
)
_OLD = re.compile(
    r"(?:<(\d{1,3})>)?((?:[A-Z][a-z]{2} {1,2}\d{1,2}(?: \d{4})? \d{2}:\d{2}:\d{2}"
    r"(?:\.\d{1,9})?)|\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?(?:Z|[+-]\d{2}:?\d{2})) "
    r"([\w.:/@-]{1,255}) "
    r"([\w./()@ -]{1,80}?)(?:\[(\d{1,10})\])?(?:\[\d{1,10}\])?:(?: |$)"
)
_BARE = re.compile(rf"<(\d{{1,3}})>(?:({TIME}) )?")


def read(line: str) -> Record | None:
    """The record of a syslog line, None when it is none."""
    first = line[:1]
    if not (first == "<" or line[3:4] == " " or line[10:11] == "T"):
        return None
    if match := _OLD.match(line):
        level = of_priority(int(match[1])) if match[1] else Level.UNKNOWN
        return Record(line[match.end() :], match[2], level, {"logger": match[4]})
    if first != "<":
        return None
    if match := _NEW.match(line):
        time = "" if match[2] == "-" else match[2]
        logger = "" if match[4] == "-" else match[4]
        level = of_priority(int(match[1]))
        return Record(line[match.end() :], time, level, {"logger": logger} if logger else {})
    if match := _BARE.match(line):
        return Record(line[match.end() :], match[2] or "", of_priority(int(match[1])))
    return None
