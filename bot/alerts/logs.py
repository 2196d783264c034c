"""Reading what is sent to `POST /v1/logs`: lines, and the services they are of."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, unquote

from bot.alerts.json_body import clean_text, parse_json
from bot.alerts.otlp import is_otlp, resources
from bot.errors import BadPayload

LOGS_JOB = "logs"
"""The kind of job that handles one delivery of lines."""

LOGS_TALLY = "logs"
"""The mark with how many deliveries of lines found an incident (`attached`) and how many none
(`unattached`)."""

TEXT = "text/plain"
JSON = "application/json"
NDJSON = (
    "application/x-ndjson",
    "application/ndjson",
    "application/jsonl",
    "application/x-jsonlines",
)
MEDIA_TYPES = (TEXT, JSON, *NDJSON)
"""What a body may be."""

_SERVICE_FIELDS = ("service.name", "service_name", "service", "app", "application")
_ENVIRONMENT_FIELDS = (
    "deployment.environment.name",
    "deployment.environment",
    "deployment_environment",
    "environment",
    "env",
)
_LONGEST_NAME = 256


@dataclass(frozen=True, slots=True)
class LogBatch:
    """Lines of one service; "" where nothing says of which, or of which environment."""

    service: str
    environment: str
    lines: tuple[str, ...]


def content_type_for(media_type: str, service: str, environment: str) -> str:
    """The content type under which the inbox keeps a body: what the address said goes with it."""
    named = {"service": service, "environment": environment}
    parameters = [f"{name}={quote(value, safe='')}" for name, value in named.items() if value]
    return "; ".join([media_type, *parameters])


def read_logs(body: bytes, content_type: str) -> Sequence[LogBatch]:
    """The lines in a body of one of `MEDIA_TYPES`, in order, a batch for each service and
    environment. What the content type names (see `content_type_for`) goes before what the body
    says.

    Raises BadPayload where there is no line in it, or where it is not what its type says.
    """
    media_type, given = _parsed(content_type)
    if media_type == TEXT:
        found = [("", "", line) for line in _decoded(body).splitlines()]
    elif media_type in NDJSON:
        found = _of_lines(body)
    else:
        found = _of_json(parse_json(body))
    batches: dict[tuple[str, str], list[str]] = {}
    for service, environment, line in found:
        about = (given.get("service") or service, given.get("environment") or environment)
        batches.setdefault(about, []).append(clean_text(line))
    made = [
        LogBatch(service, environment, tuple(lines))
        for (service, environment), lines in batches.items()
        if any(line.strip() for line in lines)
    ]
    if not made:
        raise BadPayload("the body holds no line of a log")
    return made


_Line = tuple[str, str, str]


def _parsed(content_type: str) -> tuple[str, dict[str, str]]:
    media_type, *parameters = (part.strip() for part in content_type.split(";"))
    pairs = (one.partition("=") for one in parameters)
    return media_type.lower(), {name: unquote(value) for name, _, value in pairs}


def _decoded(body: bytes) -> str:
    if body.startswith((b"\xff\xfe", b"\xfe\xff")):
        return body.decode("utf-16", "replace")
    return body.decode("utf-8-sig", "replace")


def _of_lines(body: bytes) -> list[_Line]:
    """A line that is no JSON is a line all the same, unless none is: then it is another type."""
    lines = [line for line in _decoded(body).splitlines() if line.strip()]
    values = [_object(line) for line in lines]
    if lines and not any(values):
        raise BadPayload(f"no line is a JSON object; send plain lines as {TEXT}")
    return [(*_about(value), line) for value, line in zip(values, lines, strict=True)]


def _of_json(value: object) -> list[_Line]:
    if isinstance(value, dict) and is_otlp(value):
        return [
            (*_about(attributes), line) for attributes, lines in resources(value) for line in lines
        ]
    given = value if isinstance(value, list) else [value]
    records = [one for one in given if isinstance(one, dict)]
    if len(records) < len(given):
        raise BadPayload(
            "the body must be OTLP (an object with `resourceLogs`), a JSON object, or a list of "
            "objects"
        )
    return [(*_about(one), json.dumps(one, ensure_ascii=False)) for one in records if one]


def _object(line: str) -> Mapping[str, Any]:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _about(record: Mapping[str, Any]) -> tuple[str, str]:
    """(service, environment) as the fields of a record or a resource name them."""
    places = [record]
    if isinstance(resource := record.get("resource"), dict):
        places.append(resource)
    return _named(places, _SERVICE_FIELDS), _named(places, _ENVIRONMENT_FIELDS)


def _named(places: Iterable[Mapping[str, Any]], fields: Sequence[str]) -> str:
    for place in places:
        for field in fields:
            value = place.get(field)
            if isinstance(value, dict):
                value = value.get("name")
            if isinstance(value, str) and value.strip():
                return clean_text(value.strip()[:_LONGEST_NAME])
    return ""
