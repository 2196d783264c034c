"""Lenient reads from a parsed JSON body, for tools whose fields come and go with their versions.

What is missing, or is not of the kind it should be, reads as absent ("" or empty): an alert that
reaches people without its link is worth more than one that was refused for it. Only what an alert
cannot do without (a name, a state) is asked for by path, with `needed`.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta, timezone
from email.utils import parsedate_to_datetime
from typing import Any

from bot.alerts.reading import (
    MAX_ALERTS,
    MAX_LABEL_NAME,
    MAX_LABELS,
    kind_of,
    trimmed,
    utc_or_none,
    web_link,
)
from bot.errors import BadPayload

MAX_LINKS = 16
"""Most links of one alert."""

_LONGEST_TIME = 64
_PLACEHOLDER = re.compile(
    r"^(\$[A-Z][A-Z0-9_]*|\$?\{\{?[^{}]{0,200}\}\}?|\{[A-Z][A-Z0-9_.]*\}"
    r"|\*insert [^*]{0,80}\*)$"
)
_NUMBER = re.compile(r"^-?\d{1,20}(\.\d{1,20})?$")
_ZONED = re.compile(r"^(.*\d)\s*(?:UTC|GMT|Z|([+-])(\d\d)[:.]?(\d\d))$")
_OFFSET_AND_NAME = re.compile(r"([+-]\d\d:?\d\d)\s+[A-Z]{1,5}$")
_LAYOUTS = (
    "%Y-%m-%d %H:%M:%S",
    "%Y/%m/%d %H:%M:%S",
    "%Y.%m.%d %H:%M:%S",
    "%Y-%m-%d %H:%M",
    "%a %b %d %H:%M:%S %Y",
    "%b %d, %Y %H:%M:%S",
    "%d/%m/%y %H:%M:%S",
    "%m-%d-%Y %H:%M:%S",
)
_NAMED_ZONE = re.compile(r"\s+(?:UTC|GMT|Z)(?=\s|$)")
_FRACTION = re.compile(r"(:\d\d)[.,]\d+")


def at(value: object, *steps: str | int) -> Any:
    """What is found by going down `steps`; None where the way ends early."""
    for step in steps:
        if isinstance(step, str):
            if not isinstance(value, dict):
                return None
            value = value.get(step)
        elif isinstance(value, list) and -len(value) <= step < len(value):
            value = value[step]
        else:
            return None
    return value


def text(value: object, *steps: str | int) -> str:
    """The scalar there as a trimmed text, in JSON's words for true and false; else ""."""
    found = at(value, *steps) if steps else value
    if isinstance(found, str):
        return trimmed(found)
    if isinstance(found, bool):
        return "true" if found else "false"
    if isinstance(found, int):
        # Python refuses to write integers of more than 4,300 digits.
        return str(found) if -(10**30) < found < 10**30 else ""
    if isinstance(found, float):
        return str(int(found)) if found.is_integer() and abs(found) < 1e15 else f"{found:g}"
    return ""


def first(*values: str) -> str:
    """The first that says something; a placeholder that was never filled in does not."""
    return next((value for value in values if value and not is_placeholder(value)), "")


def is_placeholder(value: str) -> bool:
    """Whether this is a template's variable that the tool did not fill in."""
    return bool(_PLACEHOLDER.match(value))


def table(value: object, *steps: str | int) -> Mapping[str, Any]:
    """The object there; {} when there is none."""
    found = at(value, *steps) if steps else value
    return found if isinstance(found, dict) else {}


def rows(value: object, *steps: str | int) -> Sequence[Any]:
    """The array there; empty when there is none."""
    found = at(value, *steps) if steps else value
    return found if isinstance(found, list) else ()


def needed(value: str, path: str, tool: str) -> str:
    """`value`, or BadPayload that says what `tool` should have sent at `path`."""
    if value:
        return value
    raise BadPayload(f"{path} is missing or empty; {tool} sends it with every alert")


def counted(found: Sequence[Any], path: str) -> Sequence[Any]:
    """`found` if it is no more than a body may hold and at least one."""
    if not found:
        raise BadPayload(f"{path} is empty; at least one entry is expected")
    if len(found) > MAX_ALERTS:
        raise BadPayload(f"{path} has {len(found)} entries; {MAX_ALERTS} is the most")
    return found


def no_body_of(tool: str, value: object, expected: str) -> BadPayload:
    """The complaint about a body that is not of `tool` at all."""
    return BadPayload(f"$ is {kind_of(value)} that is no {tool} body; {expected} is expected")


# -- times -----------------------------------------------------------------------------------


def moment(value: object) -> datetime | None:
    """A time in UTC from whatever a tool writes; None for zero, nothing, or what is no time.

    Numbers count seconds, milliseconds, microseconds or nanoseconds since 1970, told apart by
    their size. Texts may be RFC 3339, RFC 2822, or one of the usual layouts; without a zone they
    are taken as UTC.
    """
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, int | float):
        return _since_1970(value)
    if not isinstance(value, str):
        return None
    written = value.strip()
    if not written or len(written) > _LONGEST_TIME:
        return None
    if _NUMBER.match(written):
        return _since_1970(float(written))
    try:
        return utc_or_none(datetime.fromisoformat(written))
    except ValueError:
        return _laid_out(written)


def _since_1970(number: float) -> datetime | None:
    if not 0 < number < 1e20:
        return None
    size = 1e9 if number >= 1e17 else 1e6 if number >= 1e14 else 1e3 if number >= 1e11 else 1
    try:
        return utc_or_none(datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=number / size))
    except OverflowError:
        return None


def _laid_out(written: str) -> datetime | None:
    zone: timezone = UTC
    plain = written = _OFFSET_AND_NAME.sub(r"\1", written)
    if found := _ZONED.match(written):
        plain = found[1]
        if found[2]:
            hours, minutes = int(found[3]), int(found[4])
            if hours < 24 and minutes < 60:
                ahead = timedelta(hours=hours, minutes=minutes)
                zone = timezone(ahead if found[2] == "+" else -ahead)
    plain = _FRACTION.sub(r"\1", _NAMED_ZONE.sub("", plain)).replace("T", " ", 1)
    for layout in _LAYOUTS:
        try:
            return utc_or_none(datetime.strptime(plain, layout).replace(tzinfo=zone))
        except ValueError:
            continue
    try:
        return utc_or_none(parsedate_to_datetime(written))
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


# -- labels and links ------------------------------------------------------------------------


def labels_of(*sources: object) -> dict[str, str]:
    """Labels from all `sources`, the first to name one wins; at most MAX_LABELS.

    Each may be an object (scalars are taken, and lists of them), an array of `key:value` texts,
    of `[key, value]` or of objects that name a key and a value, or one text of `key:value` or
    `key=value` pairs separated by commas.
    """
    found: dict[str, str] = {}
    for source in sources:
        for name, value in _pairs(source):
            name = name.strip()
            if not name or name in found or len(name) > MAX_LABEL_NAME:
                continue
            if value and not is_placeholder(value):
                found[name] = value
                if len(found) >= MAX_LABELS:
                    return found
    return found


def _pairs(source: object) -> Iterator[tuple[str, str]]:
    if isinstance(source, dict):
        for name, value in source.items():
            yield name, joined(value)
    elif isinstance(source, str):
        for part in source.split(","):
            yield from _pair(part)
    elif isinstance(source, list):
        for entry in source:
            if isinstance(entry, str):
                yield from _pair(entry)
            elif isinstance(entry, list) and len(entry) == 2:
                yield text(entry[0]), text(entry[1])
            elif isinstance(entry, dict):
                yield _entry_name(entry), _entry_value(entry)


def _pair(part: str) -> Iterator[tuple[str, str]]:
    part = part.strip()
    marks = [place for mark in ":=" if (place := part.find(mark)) > 0]
    if marks and " " not in part[: min(marks)].strip():
        yield part[: min(marks)].strip(), trimmed(part[min(marks) + 1 :])


def _entry_name(entry: Mapping[str, Any]) -> str:
    return next((name for key in ("key", "name", "tag", "Name") if (name := text(entry, key))), "")


def _entry_value(entry: Mapping[str, Any]) -> str:
    value = entry.get("value", entry.get("Value"))
    if isinstance(value, dict):  # OpenTelemetry writes {"stringValue": ...}
        return next((word for one in value.values() if (word := text(one))), "")
    return joined(value)


def joined(value: object) -> str:
    """A scalar, or an array of them separated by commas, as one text."""
    if isinstance(value, list):
        return trimmed(", ".join(word for one in value[:100] if (word := text(one))))
    return text(value)


def links_of(*titled: tuple[str, object]) -> dict[str, str]:
    """Title to http(s) address for those that are one; the first of a title wins."""
    found: dict[str, str] = {}
    for title, address in titled:
        if isinstance(address, str) and title and title not in found and len(found) < MAX_LINKS:
            link = web_link(address)
            if link:
                found[trimmed(title)[:MAX_LABEL_NAME]] = link
    return found


def shared(maps: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """What all of `maps` say alike."""
    every = list(maps)
    if not every:
        return {}
    return {
        name: value
        for name, value in every[0].items()
        if all(other.get(name) == value for other in every[1:])
    }
