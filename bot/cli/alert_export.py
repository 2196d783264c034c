"""Exported alerts in a file: Alertmanager's bodies, or what `recall sources try --json` prints."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from bot.alerts.intake import redacted
from bot.alerts.model import Alert, AlertStatus, Severity
from bot.alerts.reading import object_at, text_at, texts_at, time_at
from bot.alerts.sources import SOURCES
from bot.errors import BadPayload
from knowledge.loaders.outcome import Problem

_ENDINGS = frozenset({".json", ".jsonl", ".ndjson"})
_Word = TypeVar("_Word", AlertStatus, Severity)
_LOOKED_AT = 1_000_000
"""Characters of a file's beginning in which its first value is looked for."""


@dataclass(slots=True)
class Exported:
    """The alerts of a file in its order, and what of it could not be read."""

    alerts: list[Alert] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


def holds_alerts(path: Path) -> bool:
    """Whether a file's first value is an alert, or a body of Alertmanager: then the file is an
    export of alerts, not of incidents. Raises OSError."""
    if path.suffix.lower() not in _ENDINGS:
        return False
    with path.open(encoding="utf-8", errors="replace") as file:
        begins = file.read(_LOOKED_AT).lstrip("\ufeff \t\r\n[")
    try:
        first, _ = json.JSONDecoder().raw_decode(begins)
    except ValueError:
        return False
    return isinstance(first, dict) and (_is_body(first) or _is_alert(first))


def read_alerts(path: Path) -> Exported:
    """All alerts of a file, redacted: one JSON value or one a line, each an alert, a body, or a
    list of these. What cannot be read is named by line and left out. Raises OSError."""
    exported = Exported()
    for line, value in _values(path, exported.problems):
        try:
            found = list(_alerts_in(value))
        except BadPayload as error:
            exported.problems.append(Problem(str(path), line, str(error)))
            continue
        for alert in found:
            if alert.starts_at is None:
                reason = f"the alert {alert.name!r} does not say when it began"
                exported.problems.append(Problem(str(path), line, reason))
            else:
                exported.alerts.append(redacted(alert))
    return exported


def _values(path: Path, problems: list[Problem]) -> Iterator[tuple[int, object]]:
    text = path.read_text(encoding="utf-8-sig", errors="replace")
    try:
        yield 1, json.loads(text)
        return
    except ValueError:
        pass  # more than one value: then it has one a line
    for number, line in enumerate(text.splitlines(), start=1):
        if line.strip():
            try:
                value = json.loads(line)
            except ValueError as error:
                problems.append(Problem(str(path), number, f"is no JSON: {error}"))
                continue
            yield number, value


def _alerts_in(value: object) -> Iterator[Alert]:
    if isinstance(value, list):
        for one in value:
            yield from _alerts_in(one)
        return
    found = object_at(value, "$")
    if _is_alert(found):
        yield _alert(found)
    else:
        yield from SOURCES["alertmanager"].parse(found)


def _is_body(value: Mapping[str, Any]) -> bool:
    return isinstance(value.get("alerts"), list) and "status" in value


def _is_alert(value: Mapping[str, Any]) -> bool:
    return all(isinstance(value.get(key), str) for key in ("source", "fingerprint", "name"))


def _alert(value: Mapping[str, Any]) -> Alert:
    """An alert in the JSON of `recall sources try`."""
    return Alert(
        source=text_at(value, "source", "$"),
        fingerprint=text_at(value, "fingerprint", "$"),
        name=text_at(value, "name", "$"),
        status=_one_of(AlertStatus, value, "status"),
        severity=_one_of(Severity, value, "severity"),
        starts_at=_moment(value, "starts_at"),
        ends_at=_moment(value, "ends_at"),
        summary=text_at(value, "summary", "$"),
        description=text_at(value, "description", "$"),
        labels=texts_at(value, "labels", "$"),
        links=texts_at(value, "links", "$"),
    )


def _moment(value: Mapping[str, Any], key: str) -> datetime | None:
    return time_at(value, key, "$")


def _one_of(kind: type[_Word], value: Mapping[str, Any], key: str) -> _Word:
    said = text_at(value, key, "$")
    try:
        return kind(said)
    except ValueError:
        words = ", ".join(one.value for one in kind)
        raise BadPayload(f"$.{key} is {said!r}; one of {words} is expected") from None
