"""logfmt: key=value key="a value with spaces", as Go's logrus, go-kit and Heroku write it."""

import re

from knowledge.text.logs.formats.levels import named
from knowledge.text.logs.model import Level, Record

_PAIR = re.compile(r'([A-Za-z_@][\w.@/-]{0,60})=(?:"((?:[^"\\]|\\.){0,4000})"?|([^\s"]{0,4000}))')
_START = re.compile(r'[A-Za-z_@][\w.@/-]{0,60}=(?:"|\S)')
_TIME = ("time", "ts", "timestamp", "t", "at_time")
_LEVEL = ("level", "lvl", "severity")
_MESSAGE = ("msg", "message")
_ERROR = ("err", "error", "exception", "reason")
_LOGGER = ("logger", "component", "source", "caller")
_ESCAPES = {"n": "\n", "t": "\t"}
_ESCAPE = re.compile(r"\\(.)")


def read(line: str) -> Record | None:
    """The record of a logfmt line, None when it has neither a message nor a level."""
    if "=" not in line or not _START.match(line):
        return None
    said: dict[str, str] = {}
    for match in _PAIR.finditer(line):
        quoted = match[2]
        value = match[3] if quoted is None else _plain(quoted)
        said.setdefault(match[1], value or "")
    message = _first(said, _MESSAGE)
    level = named(_first(said, _LEVEL))
    if not message and not level:
        return None
    error = _first(said, _ERROR)
    stack = error if "\n" in error else said.get("stacktrace") or said.get("stack") or ""
    error = error.partition("\n")[0]
    skipped = {*_TIME, *_LEVEL, *_MESSAGE, *_ERROR, *_LOGGER, "stacktrace", "stack"}
    parts = [message]
    if error and error not in message:
        parts.append(f"error={error}")
    if not message:
        parts.extend(f"{name}={value}" for name, value in said.items() if name not in skipped)
    fields = {"logger": _first(said, _LOGGER), "error": error, "stack": stack}
    return Record(
        message=" ".join(part for part in parts if part),
        time=_first(said, _TIME)[:40],
        level=level or Level.UNKNOWN,
        fields={name: value for name, value in fields.items() if value},
    )


def _first(said: dict[str, str], names: tuple[str, ...]) -> str:
    return next((said[name] for name in names if said.get(name)), "")


def _plain(quoted: str) -> str:
    if "\\" not in quoted:
        return quoted
    return _ESCAPE.sub(lambda match: _ESCAPES.get(match[1], match[1]), quoted)
