"""Log formats: one file each, `read(line) -> Record | None`, pure.

Any line gives something: what no format knows is a message without time and level.
"""

import re
from collections.abc import Callable, Mapping

from knowledge.text.logs.formats import headed, json_lines, klog, logfmt, nginx, syslog
from knowledge.text.logs.model import Record

Read = Callable[[str], Record | None]

FORMATS: Mapping[str, Read] = {
    "json": json_lines.read,
    "klog": klog.read,
    "nginx": nginx.read,
    "syslog": syslog.read,
    "logfmt": logfmt.read,
    "headed": headed.read,
}
"""In the order they are tried; the first that knows the line takes it apart."""

_WRAPPERS = frozenset({"json", "syslog"})
"""Formats that carry another program's line inside."""

_INNER = tuple(read for name, read in FORMATS.items() if name != "syslog")

_ANSI = re.compile(r"\x1b\[[0-9;?]{0,20}[A-Za-z]")
_PREFIX = re.compile(r"(?:[\w./:-]{1,100}\s{0,20}\|\s?|\[[\w./ -]{1,200}\]\s)(?=[{\w\[<])")
"""What docker compose and kubectl write before each line."""


def read_line(line: str) -> Record:
    """One line taken apart. Never raises; a line of no known format is all message."""
    if "\x1b" in line:
        line = _ANSI.sub("", line)
    record = _read(line, FORMATS)
    if record is None:
        match = _PREFIX.match(line)
        record = _read(line[match.end() :], FORMATS) if match else None
        if record is None:
            return Record(line)
    return record


def _read(line: str, formats: Mapping[str, Read]) -> Record | None:
    for name, read in formats.items():
        record = read(line)
        if record is not None:
            return _unwrapped(record) if name in _WRAPPERS else record
    return None


def _unwrapped(record: Record) -> Record:
    """The inner line's level and message; the wrapper's time, if it has one."""
    inner = next((told for read in _INNER if (told := read(record.message))), None)
    if inner is None:
        return record
    return Record(
        message=inner.message,
        time=record.time or inner.time,
        level=inner.level or record.level,
        fields={**record.fields, **inner.fields},
    )
