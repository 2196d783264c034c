"""Typed reads from a parsed JSON body; every complaint names the JSON path that is wrong.

Shared by all sources, so that limits and wording are the same whichever tool sent the body.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from bot.alerts.json_body import shown
from bot.alerts.model import Severity
from bot.errors import BadPayload

MAX_ALERTS = 1000
"""Most alerts in one body."""
MAX_LABELS = 128
"""Most labels of one alert."""
MAX_LABEL_NAME = 256
"""Longest label name, in characters."""
MAX_TEXT = 4096
"""Longest text that is kept of a label or annotation, in characters."""
MAX_LINK = 2048
"""Longest address that is kept, in characters; a cut address would lead elsewhere."""
CUT_MARK = " [cut]"

_LINK = re.compile(r"https?://[^\x00-\x20]*", re.IGNORECASE | re.ASCII)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LAST_MOMENT = datetime.max.replace(tzinfo=UTC)

_SEVERITIES: Mapping[str, Severity] = {
    **dict.fromkeys(
        ("critical", "crit", "page", "emergency", "emerg", "fatal", "disaster", "p1", "sev1", "1"),
        Severity.CRITICAL,
    ),
    **dict.fromkeys(
        ("high", "error", "err", "severe", "major", "alert", "p2", "sev2", "2"), Severity.HIGH
    ),
    **dict.fromkeys(
        ("warning", "warn", "medium", "moderate", "minor", "average", "ticket", "p3", "sev3", "3"),
        Severity.WARNING,
    ),
    **dict.fromkeys(
        ("info", "information", "informational", "notice", "low", "debug", "none", "ok", "p4"),
        Severity.INFO,
    ),
    **dict.fromkeys(("p5", "sev4", "sev5", "4", "5"), Severity.INFO),
}


def severity_of(word: str | None) -> Severity:
    """A tool's own word for how bad it is; UNKNOWN where it gives none that is known."""
    return _SEVERITIES.get(word.strip().lower(), Severity.UNKNOWN) if word else Severity.UNKNOWN


def object_at(value: object, path: str) -> Mapping[str, Any]:
    """`value` as an object, or BadPayload."""
    if isinstance(value, dict):
        return value
    raise BadPayload(f"{path} is {kind_of(value)}; an object is expected")


def list_at(value: object, path: str) -> Sequence[object]:
    """`value` as an array, or BadPayload."""
    if isinstance(value, list):
        return value
    raise BadPayload(f"{path} is {kind_of(value)}; an array is expected")


def text_at(parent: Mapping[str, Any], key: str, path: str) -> str:
    """The text under `key`, trimmed and cut; "" when it is absent or null."""
    value = parent.get(key)
    if value is None:
        return ""
    if isinstance(value, str):
        return trimmed(value)
    raise BadPayload(f"{path}.{key} is {kind_of(value)}; a text is expected")


def texts_at(parent: Mapping[str, Any], key: str, path: str) -> dict[str, str]:
    """The object of texts under `key` (labels, annotations); {} when absent or null.

    One that is null says nothing and is left out: relays write that for what they do not know.
    Names are refused when too long, texts are cut; more than MAX_LABELS are refused.
    """
    value = parent.get(key)
    if value is None:
        return {}
    found = object_at(value, f"{path}.{key}")
    if len(found) > MAX_LABELS:
        raise BadPayload(f"{path}.{key} has {len(found)} entries; {MAX_LABELS} is the most")
    texts: dict[str, str] = {}
    for name, text in found.items():
        if len(name) > MAX_LABEL_NAME:
            raise BadPayload(f"{path}.{key} has a name longer than {MAX_LABEL_NAME} characters")
        if text is None:
            continue
        if not isinstance(text, str):
            raise BadPayload(f"{path}.{key}[{shown(name)}] is {kind_of(text)}; a text is expected")
        texts[name] = trimmed(text)
    return texts


def time_at(parent: Mapping[str, Any], key: str, path: str) -> datetime | None:
    """The RFC 3339 time under `key`, aware, in UTC; None when absent, null, or a zero time.

    A zero time is anything up to the first second of 1970: tools write the year 1 or the Unix
    epoch for "not set". A time without a zone is taken as UTC.
    """
    value = parent.get(key)
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        raise BadPayload(f"{path}.{key} is {kind_of(value)}; a time as text is expected")
    try:
        moment = datetime.fromisoformat(value.strip())
    except ValueError:
        raise BadPayload(f"{path}.{key} is {shown(value)}, which is not a time") from None
    return utc_or_none(moment)


def utc_or_none(moment: datetime) -> datetime | None:
    """`moment` in UTC; None for a zero time; the last moment there is where it overflows."""
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    if moment.year <= 1:
        return None
    try:
        moment = moment.astimezone(UTC)
    except OverflowError:
        return _LAST_MOMENT
    return moment if moment > _EPOCH else None


def trimmed(text: str) -> str:
    """`text` without blanks around it, cut at MAX_TEXT with a mark that says so."""
    text = text.strip()
    return text if len(text) <= MAX_TEXT else f"{text[: MAX_TEXT - len(CUT_MARK)]}{CUT_MARK}"


def web_link(text: str) -> str | None:
    """`text` if it is an http or https address of sane length, else None."""
    text = text.strip()
    return text if len(text) <= MAX_LINK and _LINK.fullmatch(text) else None


def kind_of(value: object) -> str:
    """What a JSON value is, in words for an error message."""
    match value:
        case None:
            return "missing"
        case bool():
            return "a boolean"
        case str():
            return "a text"
        case int() | float():
            return "a number"
        case list():
            return "an array"
        case dict():
            return "an object"
        case _:
            return f"a {type(value).__name__}"
