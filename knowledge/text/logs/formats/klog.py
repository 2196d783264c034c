"""klog, glog and absl: a letter, month and day, time, thread, file:line] message."""

import re

from knowledge.text.logs.formats.levels import named
from knowledge.text.logs.model import Record

_HEAD = re.compile(
    r"([IWEFD])(\d{4,8} \d{2}:\d{2}:\d{2}(?:\.\d{1,9})?) {1,10}(\d{1,10}) (\S{1,200}):\d{1,6}\] ?"
)


def read(line: str) -> Record | None:
    """The record of a klog line, None when it is none."""
    match = _HEAD.match(line) if line[1:2].isdigit() else None
    if match is None:
        return None
    return Record(line[match.end() :], match[2], named(match[1]), {"logger": match[4]})
