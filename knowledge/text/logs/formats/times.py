"""Times at the head of log lines: one expression that finds them, one function that reads them."""

import re
from datetime import UTC, datetime

_MONTHS = "Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec"
_DAYS = "Mon|Tue|Wed|Thu|Fri|Sat|Sun"
_CLOCK = r"\d{1,2}:\d{2}:\d{2}(?:[.,:]\d{1,9})?"

TIME = (
    rf"\d{{4}}[-/.]\d{{2}}[-/.]\d{{2}}(?:[T_ -]{{1,2}}\d{{1,2}}[:.]\d{{2}}[:.]\d{{2}}"
    rf"(?:[.,:]\d{{1,9}})?(?: ?(?:Z|UTC|GMT|CES?T|E[SD]T|P[SD]T|[+-]\d{{2}}:?\d{{2}}))?)"
    rf"|(?:(?:{_DAYS}),? )?(?:{_MONTHS}) {{1,2}}\d{{1,2}}(?: \d{{4}})? {_CLOCK}(?: \d{{4}})?"
    rf"|(?:(?:{_DAYS}),? )?\d{{1,2}}[ /-](?:{_MONTHS})[ /-]\d{{4}}[ :]{_CLOCK}(?: [+-]\d{{4}})?"
    rf"|\d{{2}}[-/]\d{{2}}(?:[-/]\d{{2,4}})? {_CLOCK}"
    rf"|\d{{2}}\.\d{{2}} {_CLOCK}"
    rf"|\d{{8}}[-T]{_CLOCK}"
    r"|\d{8}T\d{6}(?:[.,]\d{1,9})?Z?"
    r"|\d{6} \d{6}(?= )"
    r"|1\d{9}(?:\.\d{1,9}|\d{3}|\d{6}|\d{9})?(?= )"
    rf"|{_CLOCK}"
)
"""An expression without groups for the time of a line, the longest form first."""

_ISO = re.compile(
    r"(\d{4})[-/.]?(\d{2})[-/.]?(\d{2})[T_ -]{1,2}(\d{1,2})[:.]?(\d{2})[:.]?(\d{2})"
    r"(?:[.,:](\d{1,9}))? ?(Z|UTC|GMT|[+-]\d{2}:?\d{2})?"
)
_NAMED = re.compile(
    rf"(?:(?P<day1>\d{{1,2}})[ /-])?(?P<month>{_MONTHS})[ /-]{{1,2}}(?:(?P<year1>\d{{4}})[ :]"
    rf"|(?P<day2>\d{{1,2}}) (?:(?P<year2>\d{{4}}) )?)(?P<clock>{_CLOCK})"
    r"(?: (?P<year3>\d{4})| (?P<zone>[+-]\d{4}))?"
)
_SHORT = re.compile(r"(\d{2})/(\d{2})/(\d{2}) (\d{1,2}):(\d{2}):(\d{2})")
_KLOG = re.compile(r"(\d{2})(\d{2}) (\d{2}):(\d{2}):(\d{2})(?:\.(\d{1,6}))?")
_EPOCH = re.compile(r"1\d{9}(?:\.\d{1,9}|\d{3}|\d{6}|\d{9})?")
_MONTH = {name: number for number, name in enumerate(_MONTHS.split("|"), 1)}


def read_time(text: str, year: int | None = None) -> datetime | None:
    """A line's time in UTC; None where it cannot be read.

    A time without a zone is taken as UTC. `year` is used where the text has none (syslog,
    klog); without it such a time stays unknown. Never raises.
    """
    try:
        return _read(text.strip(), year)
    except (ValueError, OverflowError, OSError):
        return None


def _read(text: str, year: int | None) -> datetime | None:
    if match := _ISO.match(text):
        *parts, fraction, zone = match.groups()
        return _made([int(part) for part in parts], fraction, zone)
    if _EPOCH.fullmatch(text):
        whole = float(text) if "." in text else float(text[:10] + "." + (text[10:] or "0"))
        return datetime.fromtimestamp(whole, UTC)
    if match := _NAMED.search(text):
        said = match["year1"] or match["year2"] or match["year3"] or year
        day = match["day1"] or match["day2"]
        if not said or not day:
            return None
        hour, minute, second = re.split(r"[:.,]", match["clock"])[:3]
        day_parts = [int(said), _MONTH[match["month"]], int(day)]
        return _made([*day_parts, int(hour), int(minute), int(second)], None, match["zone"])
    if match := _SHORT.fullmatch(text):
        first, *rest = (int(part) for part in match.groups())
        return _made([2000 + first, *rest], None, None)
    if year and (match := _KLOG.fullmatch(text)):
        *parts, fraction = match.groups()
        return _made([year, *(int(part) for part in parts)], fraction, None)
    return None


def _made(parts: list[int], fraction: str | None, zone: str | None) -> datetime:
    year, month, day, hour, minute, second = parts
    micro = int((fraction or "0")[:6].ljust(6, "0"))
    stamp = f"{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{min(second, 59):02}.{micro:06}"
    offset = "+00:00" if zone in (None, "Z", "UTC", "GMT") else f"{zone[:3]}:{zone[-2:]}"
    return datetime.fromisoformat(stamp + offset).astimezone(UTC)
