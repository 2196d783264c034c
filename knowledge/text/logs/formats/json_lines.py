"""Logs of one JSON object a line: zap, logrus, pino, bunyan, structlog, logback, ECS, docker."""

import json
from collections.abc import Iterator, Mapping

from knowledge.text.logs.formats.levels import named, numbered
from knowledge.text.logs.model import Level, Record

MOST = 65_536
"""Characters of a line that is read as JSON; a longer one is read as plain text."""

_MESSAGE = (
    "message",
    "msg",
    "log",
    "MESSAGE",
    "@message",
    "event",
    "text",
    "short_message",
    "body",
)
_LEVEL = ("level", "severity", "lvl", "loglevel", "log_level", "levelname", "log.level", "priority")
_LEVEL_UPPER = ("Level", "LEVEL", "SeverityText", "severityText", "PRIORITY", "@l")
_TIME = (
    "time",
    "ts",
    "timestamp",
    "@timestamp",
    "asctime",
    "datetime",
    "date",
    "t",
    "@t",
    "Timestamp",
)
_LOGGER = ("logger", "logger_name", "loggerName", "log.logger", "name", "component", "module")
_ERROR = (
    "error",
    "err",
    "exception",
    "exc",
    "error.message",
    "cause",
    "reason",
    "exception.message",
)
_STACK = ("stack", "stack_trace", "stacktrace", "stackTrace", "exc_info", "error.stack_trace")
_STACK_MORE = ("exception.stacktrace", "traceback", "exc_text", "@x", "Exception")
_CODE = ("code", "status", "status_code", "exit_code", "errno", "error_code", "http.status_code")
_LONGEST = 4_000


def read(line: str) -> Record | None:
    """The record of a JSON object, None when the line is none."""
    if line[:1] not in "{ \t" or len(line) > MOST or line.lstrip()[:1] != "{":
        return None
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(row, dict):
        return None
    flat = dict(_flat(row))
    stack = _first(flat, (*_STACK, *_STACK_MORE), lines=True)
    error = _first(flat, _ERROR)
    if not stack and "\n" in error:
        stack = error
    message = _first(flat, _MESSAGE).rstrip("\n")
    error = error.partition("\n")[0]
    code = _first(flat, _CODE)
    parts = [message or ("" if error else _rest(flat))]
    if error and error not in message:
        parts.append(f"error={error}")
    if code and code not in message:
        parts.append(f"code={code}")
    fields = {"logger": _first(flat, _LOGGER), "error": error, "stack": stack}
    return Record(
        message=" ".join(part for part in parts if part),
        time=_time(flat),
        level=_level(flat),
        fields={name: value for name, value in fields.items() if value},
    )


def _flat(row: Mapping[str, object]) -> Iterator[tuple[str, object]]:
    """The values by name, those of inner objects as outer.inner."""
    for name, value in row.items():
        if isinstance(value, dict):
            for inner, deeper in value.items():
                if not isinstance(deeper, dict | list):
                    yield f"{name}.{inner}", deeper
            told = value.get("message") or value.get("msg")
            if isinstance(told, str):
                yield str(name), told
            if isinstance(value.get("stack"), str):
                yield "stack", value["stack"]
        elif isinstance(value, list):
            if value and all(isinstance(part, str) for part in value):
                yield str(name), "\n".join(value[:200])
        else:
            yield str(name), value


def _first(flat: Mapping[str, object], names: tuple[str, ...], lines: bool = False) -> str:
    for name in names:
        value = flat.get(name)
        if value is None or value == "" or isinstance(value, bool):
            continue
        text = str(value)
        if lines and "\n" not in text:
            continue
        return text[:_LONGEST]
    return ""


def _time(flat: Mapping[str, object]) -> str:
    return _first(flat, _TIME)[:40]


def _level(flat: Mapping[str, object]) -> Level:
    for name in (*_LEVEL, *_LEVEL_UPPER):
        value = flat.get(name)
        if isinstance(value, str) and value:
            return numbered(int(value)) if value.isascii() and value.isdigit() else named(value)
        if isinstance(value, int | float) and not isinstance(value, bool):
            return numbered(value)
    return Level.UNKNOWN


def _rest(flat: Mapping[str, object]) -> str:
    """An object without a message says all it has but its time and level."""
    skipped = {*_TIME, *_LEVEL, *_LEVEL_UPPER}
    return " ".join(f"{name}={value}" for name, value in flat.items() if name not in skipped)[
        :_LONGEST
    ]
