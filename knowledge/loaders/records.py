"""An incident record: the fields every loader fills, checked and turned into a PastIncident.

What a record does not say stays empty. Nothing here infers a cause, a fix or a service.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from typing import Any

from knowledge.errors import BadDocument
from knowledge.loaders.times import parse_time
from knowledge.model import EVERYONE, DocumentState, PastIncident, Visibility

_MAX_TEXT = 1_000_000
_MAX_SHORT = 500
_MAX_ITEMS = 200
_LIST_BREAK = re.compile(r"[,;\n]")
_URL = re.compile(r"https?://[^\s<>\"]{1,2000}", re.IGNORECASE)
_CHANNEL_KEY = re.compile(r"[A-Za-z0-9_-]{1,64}/[A-Za-z0-9_-]{1,64}")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_STATES = (DocumentState.DRAFT, DocumentState.CONFIRMED, DocumentState.REVIEWED)

_TEXTS = {"type": "array", "items": {"type": "string"}}
RECORD_SCHEMA: Mapping[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "Incident record, one JSON object a line",
    "type": "object",
    "anyOf": [{"required": ["title"]}, {"required": ["symptom"]}],
    "properties": {
        "id": {"type": "string", "description": "the team's own name for it, such as INC-142"},
        "title": {"type": "string"},
        "symptom": {"type": "string", "description": "what was seen"},
        "cause": {"type": "string", "description": "empty when the record does not say"},
        "resolution": {"type": "string", "description": "empty when the record does not say"},
        "logs": {**_TEXTS, "description": "excerpts, verbatim"},
        "severity": {"type": "string"},
        "started_at": {"type": "string", "format": "date-time"},
        "resolved_at": {"type": "string", "format": "date-time"},
        "service": {"type": "string", "description": "the service concerned"},
        "services": {**_TEXTS, "description": "all services involved"},
        "environment": {"type": "string"},
        "alert_names": {**_TEXTS, "description": "names of the alerts that fired"},
        "tags": _TEXTS,
        "labels": {"type": "object", "additionalProperties": {"type": "string"}},
        "neighbours": {**_TEXTS, "description": "other alerts of the same incident, a line each"},
        "changes": {**_TEXTS, "description": "what was changed shortly before, a line each"},
        "url": {"type": "string", "format": "uri"},
        "runbook": {"type": "string", "description": "id of the runbook that was followed"},
        "confirmed_by": {"type": "string", "description": "who vouched for the record"},
        "visibility": {
            "oneOf": [{"const": "everyone"}, {**_TEXTS, "description": "TEAM_ID/CHANNEL_ID"}]
        },
        "state": {"enum": [state.value for state in _STATES]},
    },
}
"""The JSON Lines schema of an incident record; a contract."""


def incident_of(
    record: Mapping[str, object], *, state: DocumentState = DocumentState.CONFIRMED
) -> PastIncident:
    """A PastIncident from a record in our field names; `state` is for records that name none.

    A record without an id gets a stable one made from its title, start and symptom, so that
    importing the same file again finds the same incident. Raises BadDocument with the reason
    when a value has the wrong shape or there is neither a title nor a symptom.
    """
    symptom = _text(record, "symptom", _MAX_TEXT)
    title = " ".join(_text(record, "title", _MAX_TEXT).split()) or _first_line(symptom)
    if not title:
        raise BadDocument("has neither a title nor a symptom")
    started, resolved = _time(record, "started_at"), _time(record, "resolved_at")
    if started and resolved and resolved < started:
        raise BadDocument("was resolved before it started")
    return PastIncident(
        id=_id(record) or _made_id(title, str(started), symptom),
        title=_shortened(title),
        symptom=symptom,
        cause=_text(record, "cause", _MAX_TEXT),
        resolution=_text(record, "resolution", _MAX_TEXT),
        logs=_logs(record),
        severity=_text(record, "severity", _MAX_SHORT),
        started_at=started,
        resolved_at=resolved,
        services=_joined(_names(record, "service"), _names(record, "services")),
        environments=_names(record, "environment"),
        alerts=_names(record, "alert_names"),
        tags=_names(record, "tags"),
        labels=_labels(record),
        neighbours=_entries(record, "neighbours"),
        changes=_entries(record, "changes"),
        url=_url(record),
        runbook=_text(record, "runbook", _MAX_SHORT) or None,
        confirmed_by=_text(record, "confirmed_by", _MAX_SHORT),
        visibility=_visibility(record),
        state=_state(record, state),
    )


def _text(record: Mapping[str, object], field: str, limit: int) -> str:
    value = record.get(field)
    if value is None:
        return ""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise BadDocument(f"{field!r} must be text")
    text = _clean(str(value))
    if len(text) > limit:
        raise BadDocument(f"{field!r} is longer than {limit:,} characters")
    return text


def _clean(text: str) -> str:
    unified = text.replace("\r\n", "\n").replace("\r", "\n")
    storable = unified.encode("utf-8", "replace").decode("utf-8")
    return _CONTROL.sub("", storable).strip()


def _id(record: Mapping[str, object]) -> str:
    value = _text(record, "id", 200)
    if any(character.isspace() for character in value):
        raise BadDocument(f"the id {value!r} has spaces or line breaks in it")
    return value


def _made_id(*parts: str) -> str:
    digest = hashlib.sha256("\x1f".join(parts).encode()).hexdigest()
    return f"incident-{digest[:12]}"


def _first_line(text: str) -> str:
    return next((line.strip() for line in text.split("\n") if line.strip()), "")


def _shortened(title: str) -> str:
    return title if len(title) <= _MAX_SHORT else f"{title[: _MAX_SHORT - 1]}…"


def _time(record: Mapping[str, object], field: str) -> Any:
    try:
        return parse_time(record.get(field))
    except BadDocument as error:
        raise BadDocument(f"{field!r}: {error}") from error


def _items(record: Mapping[str, object], field: str) -> list[str]:
    value = record.get(field)
    if not isinstance(value, list | tuple) or len(value) > _MAX_ITEMS:
        raise BadDocument(f"{field!r} must be a list of at most {_MAX_ITEMS} texts")
    if not all(isinstance(item, str | int | float) for item in value):
        raise BadDocument(f"{field!r} must be a list of texts")
    return [_clean(str(item)) for item in value]


def _names(record: Mapping[str, object], field: str) -> tuple[str, ...]:
    value = record.get(field)
    if value is None:
        return ()
    if isinstance(value, list | tuple):
        items = _items(record, field)
    else:
        items = _LIST_BREAK.split(_text(record, field, 20_000))
    names = tuple(dict.fromkeys(" ".join(item.split()) for item in items if item.strip()))
    if any(len(name) > _MAX_SHORT for name in names):
        raise BadDocument(f"an entry of {field!r} is longer than {_MAX_SHORT} characters")
    return names


def _joined(first: tuple[str, ...], others: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*first, *others)))


def _logs(record: Mapping[str, object]) -> tuple[str, ...]:
    value = record.get("logs")
    if value is None:
        return ()
    logs = _items(record, "logs") if isinstance(value, list | tuple) else None
    logs = [_text(record, "logs", _MAX_TEXT)] if logs is None else logs
    if sum(map(len, logs)) > _MAX_TEXT:
        raise BadDocument(f"'logs' is longer than {_MAX_TEXT:,} characters")
    return tuple(log for log in logs if log)


def _entries(record: Mapping[str, object], field: str) -> tuple[str, ...]:
    """Lines of text: a list of them, or one text with a line each."""
    value = record.get(field)
    if value is None:
        return ()
    if isinstance(value, list | tuple):
        lines = _items(record, field)
    else:
        lines = _text(record, field, 100_000).split("\n")
    joined = (" ".join(line.split()) for line in lines)
    entries = tuple(dict.fromkeys(line for line in joined if line))
    if len(entries) > _MAX_ITEMS or any(len(line) > _MAX_SHORT for line in entries):
        raise BadDocument(
            f"{field!r} must be at most {_MAX_ITEMS} lines of at most {_MAX_SHORT} characters"
        )
    return entries


def _labels(record: Mapping[str, object]) -> Mapping[str, str]:
    value = record.get("labels")
    if isinstance(value, str):
        value = _labels_from_text(value)
    if value is None:
        return {}
    if not isinstance(value, Mapping) or len(value) > _MAX_ITEMS:
        raise BadDocument(f"'labels' must be an object of at most {_MAX_ITEMS} texts")
    if not all(isinstance(item, str | int | float | bool) for item in value.values()):
        raise BadDocument("'labels' must be an object of texts")
    return {_clean(str(key)): _clean(str(item)) for key, item in value.items()}


def _labels_from_text(text: str) -> object:
    """`{"a": "b"}` or `a=b, c=d`, the two forms that fit into a table's cell."""
    if text.lstrip().startswith("{"):
        try:
            return json.loads(text)
        except (ValueError, RecursionError) as error:
            raise BadDocument("'labels' is not valid JSON") from error
    pairs = [pair for pair in _LIST_BREAK.split(text) if pair.strip()]
    if not all("=" in pair for pair in pairs):
        raise BadDocument("'labels' must be written as name=value, name=value")
    return {pair.split("=", 1)[0].strip(): pair.split("=", 1)[1].strip() for pair in pairs}


def _url(record: Mapping[str, object]) -> str | None:
    text = _text(record, "url", 2100)
    if text and not _URL.fullmatch(text):
        raise BadDocument("'url' must be an http or https address")
    return text or None


def _visibility(record: Mapping[str, object]) -> Visibility:
    """Whoever restricts a record must be understood: anything unclear is refused."""
    value = record.get("visibility")
    if value is None or value in ("", "everyone"):
        return EVERYONE
    keys = _names(record, "visibility")
    if not keys or not all(_CHANNEL_KEY.fullmatch(key) for key in keys):
        raise BadDocument("'visibility' must be `everyone` or channels as TEAM_ID/CHANNEL_ID")
    return Visibility(frozenset(keys))


def _state(record: Mapping[str, object], default: DocumentState) -> DocumentState:
    value = _text(record, "state", _MAX_SHORT)
    if not value or default is DocumentState.DRAFT:
        return default
    if value not in [state.value for state in _STATES]:
        raise BadDocument(f"'state' must be one of {', '.join(_STATES)}")
    return DocumentState(value)
