"""Access logs of nginx, Apache and their like (common and combined), and nginx's error log."""

import re

from knowledge.text.logs.formats.levels import named, of_status
from knowledge.text.logs.model import Record

_ACCESS = re.compile(
    r'(\S{1,255}) \S{1,255} (?:\S{1,255}) \[([^\]\n]{1,40})\] "([A-Z]{3,20}) ([^"\s]{0,4000})'
    r'(?: HTTP/[\d.]{1,4})?" (\d{3}) (?:\d{1,15}|-)'
)
_ERROR = re.compile(
    r"(\d{4}/\d{2}/\d{2} \d{2}:\d{2}:\d{2}) \[(\w{1,10})\] \d{1,10}#\d{1,10}: (?:\*\d{1,20} )?"
)


def read(line: str) -> Record | None:
    """The record of an access or error line, None when it is neither.

    Of an access line the message is what was asked and how it ended: `GET /cart -> 502`.
    """
    if line[4:5] == "/" and (match := _ERROR.match(line)):
        return Record(line[match.end() :], match[1], named(match[2]), {"logger": "nginx"})
    if '] "' in line and (match := _ACCESS.match(line)):
        path = match[4].partition("?")[0]
        message = f"{match[3]} {path} -> {match[5]}"
        return Record(message, match[2], of_status(int(match[5])), {"logger": "access"})
    return None
