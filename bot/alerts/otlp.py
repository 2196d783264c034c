"""OTLP/HTTP JSON logs, as OpenTelemetry's exporters send them, made into lines.

See the OpenTelemetry protocol's `ExportLogsServiceRequest`; unknown fields are passed over.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LATEST = 4_102_444_800  # 2100: what is later is no time of a log
_LEVELS = ("TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL")
_LEVELS_APART = 4
"""Severity numbers 1 to 4 are TRACE, 5 to 8 DEBUG and so on."""


def is_otlp(value: object) -> bool:
    """Whether a JSON value is such a request."""
    return isinstance(value, dict) and "resourceLogs" in value


def resources(value: Mapping[str, Any]) -> Iterator[tuple[Mapping[str, str], Sequence[str]]]:
    """(attributes of the resource, lines of its logs) for each resource, as texts."""
    for entry in _objects(value.get("resourceLogs")):
        resource = entry.get("resource")
        named = _attributes(resource.get("attributes") if isinstance(resource, dict) else None)
        scopes = entry.get("scopeLogs") or entry.get("instrumentationLibraryLogs")
        lines = [
            line
            for scope in _objects(scopes)
            for record in _objects(scope.get("logRecords") or scope.get("logs"))
            for line in _lines(record)
        ]
        yield named, lines


def _lines(record: Mapping[str, Any]) -> list[str]:
    """The first line with time and level, and those of an exception below."""
    said = _text(record.get("body"))
    about = _attributes(record.get("attributes"))
    trace = about.get("exception.stacktrace", "")
    thrown = ": ".join(
        part for part in (about.get("exception.type"), about.get("exception.message")) if part
    )
    if not said:
        said, thrown = thrown or about.get("event.name", ""), ""
    head = " ".join(part for part in (_time(record), _level(record), said) if part)
    below = trace or ("" if thrown in said else thrown)
    return f"{head}\n{below}".rstrip().split("\n") if said or below else []


def _time(record: Mapping[str, Any]) -> str:
    for name in ("timeUnixNano", "observedTimeUnixNano"):
        try:
            nanoseconds = int(record.get(name) or 0)
        except (TypeError, ValueError, OverflowError):
            continue
        if 0 < nanoseconds < _LATEST * 10**9:
            at = _EPOCH + timedelta(microseconds=nanoseconds // 1000)
            return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return ""


def _level(record: Mapping[str, Any]) -> str:
    named = record.get("severityText")
    if isinstance(named, str) and named.strip():
        return named.strip()[:20].upper()
    number = record.get("severityNumber")
    if isinstance(number, str):
        return number.removeprefix("SEVERITY_NUMBER_").rstrip("0123456789")[:20]
    if isinstance(number, int) and 1 <= number <= _LEVELS_APART * len(_LEVELS):
        return _LEVELS[(number - 1) // _LEVELS_APART]
    return ""


def _attributes(value: object) -> dict[str, str]:
    return {
        one["key"]: _text(one.get("value"))
        for one in _objects(value)
        if isinstance(one.get("key"), str)
    }


def _text(value: object) -> str:
    plain = _plain(value)
    if isinstance(plain, str):
        return plain
    return "" if plain is None else json.dumps(plain, ensure_ascii=False)


def _plain(value: object) -> object:
    """An AnyValue as plain JSON; what is none of them is itself."""
    if not isinstance(value, dict):
        return value
    for name in ("stringValue", "boolValue", "intValue", "doubleValue", "bytesValue"):
        if name in value:
            return value[name]
    if isinstance(value.get("arrayValue"), dict):
        return [_plain(one) for one in _list(value["arrayValue"].get("values"))]
    if isinstance(value.get("kvlistValue"), dict):
        return {
            str(one.get("key")): _plain(one.get("value"))
            for one in _objects(value["kvlistValue"].get("values"))
        }
    return value or None


def _objects(value: object) -> Iterator[Mapping[str, Any]]:
    return (one for one in _list(value) if isinstance(one, dict))


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
