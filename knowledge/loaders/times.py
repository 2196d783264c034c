"""Points in time as people and tools write them.

A time without a zone is taken as UTC. A date that can be read two ways is refused: guessing
the month would silently move an incident.
"""

import re
from datetime import UTC, datetime
from itertools import product

from knowledge.errors import BadDocument

_EPOCH = re.compile(r"^\d{9,13}(\.\d+)?$")
_SLASHED = re.compile(r"^(\d{1,2})/(\d{1,2})/(\d{4})\b")
_ZONE_NAME = re.compile(r"\s*\b(UTC|GMT|Z)$", re.IGNORECASE)
_DATES = (
    "%Y/%m/%d",
    "%d.%m.%Y",
    "%d/%m/%Y",
    "%m/%d/%Y",
    "%b %d %Y",
    "%B %d %Y",
    "%d %b %Y",
    "%d %B %Y",
    "%d-%b-%Y",
    "%a %b %d %Y",
    "%a %d %b %Y",
)
_CLOCKS = ("", " %H:%M:%S", " %H:%M", " %I:%M:%S %p", " %I:%M %p")
_FORMATS = tuple(
    f"{date}{clock}{zone}" for date, clock, zone in product(_DATES, _CLOCKS, ("", " %z"))
)
_EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
_LATEST = datetime(2200, 1, 1, tzinfo=UTC)


def parse_time(value: object) -> datetime | None:
    """`value` as an aware time in UTC; None when it is empty.

    Understands ISO 8601, seconds or milliseconds since 1970, and the common written forms.
    Raises BadDocument when it is none of these, ambiguous, or far from any plausible incident.
    """
    if value is None or value == "":
        return None
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise BadDocument(f"{value!r} is not a time")
    text = str(value).strip()
    if text in ("", "-", "null", "None"):
        return None
    moment = _from_epoch(text) if _EPOCH.match(text) else _from_text(text)
    try:
        moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except OverflowError:  # in the years 1 and 9999, where another zone has no such time
        raise _not_plausible(text) from None
    if not _EARLIEST <= moment <= _LATEST:
        raise _not_plausible(text)
    return moment


def _not_plausible(text: str) -> BadDocument:
    return BadDocument(f"{text!r} is not a plausible time (before 1990 or after 2200)")


def _from_epoch(text: str) -> datetime:
    seconds = float(text)
    if seconds >= 1e11:
        seconds /= 1000
    return datetime.fromtimestamp(seconds, UTC)


def _from_text(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        pass
    plain = " ".join(_ZONE_NAME.sub("", text).replace(",", " ").replace(" at ", " ").split())
    try:
        return datetime.fromisoformat(plain)
    except ValueError:
        pass
    slashed = _SLASHED.match(plain)
    if slashed and int(slashed[1]) <= 12 and int(slashed[2]) <= 12 and slashed[1] != slashed[2]:
        raise BadDocument(f"{text!r} can be read two ways; write the date as YYYY-MM-DD")
    for form in _FORMATS:
        try:
            return datetime.strptime(plain, form)
        except ValueError:
            continue
    raise BadDocument(f"{text!r} is not a time; write it as YYYY-MM-DDTHH:MM:SSZ")
