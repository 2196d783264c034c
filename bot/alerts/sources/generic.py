"""Recall's own JSON shape, for every tool that can be told what to send.

The shape is published: `GET /v1/schemas/generic` and `docs/generic-alert.schema.json`.
"""

from collections.abc import Sequence
from typing import Any

from pydantic import ValidationError

from bot.alerts.fingerprint import fingerprint_of_key, fingerprint_of_labels
from bot.alerts.json_body import shown
from bot.alerts.model import Alert, AlertStatus
from bot.alerts.reading import object_at, severity_of, trimmed, utc_or_none, web_link
from bot.alerts.sources.generic_schema import GenericAlert, GenericAlerts
from bot.errors import BadPayload

NAME = "generic"

_MOST_PROBLEMS = 5


def parse(payload: object) -> list[Alert]:
    """The alerts of one body, in its order. Raises BadPayload naming each wrong JSON path."""
    body = object_at(payload, "$")
    try:
        if "alerts" in body:
            return [_alert(alert) for alert in GenericAlerts.model_validate(body).alerts]
        return [_alert(GenericAlert.model_validate(body))]
    except ValidationError as error:
        raise BadPayload(told_plainly(error)) from None


def _alert(given: GenericAlert) -> Alert:
    labels = {name: trimmed(_word(value)) for name, value in given.labels.items()}
    name = trimmed(given.name)
    if not name:
        raise BadPayload("name is blank")
    status = AlertStatus(given.status)
    links = {title: link for title, text in given.links.items() if (link := web_link(text))}
    ends_at = given.ends_at if status is AlertStatus.RESOLVED else None
    return Alert(
        source=NAME,
        fingerprint=(
            fingerprint_of_key(NAME, given.key)
            if given.key
            else fingerprint_of_labels(NAME, name, labels)
        ),
        name=name,
        status=status,
        severity=severity_of(given.severity or labels.get("severity")),
        starts_at=utc_or_none(given.starts_at) if given.starts_at else None,
        ends_at=utc_or_none(ends_at) if ends_at else None,
        summary=trimmed(given.summary),
        description=trimmed(given.description),
        labels=labels,
        links=links,
        group_key=trimmed(given.group_key) or None if given.group_key else None,
    )


def _word(value: str | int | float | bool) -> str:
    """A label value as people write it: JSON's own words for true and false."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else str(value)


def told_plainly(error: ValidationError) -> str:
    """What is wrong with a body, by JSON path; never its values."""
    found: list[str] = []
    for detail in error.errors(include_url=False, include_context=False, include_input=False):
        sentence = f"{_path(detail['loc'])}: {detail['msg'][0].lower()}{detail['msg'][1:]}"
        if sentence not in found:
            found.append(sentence)
    rest = len(found) - _MOST_PROBLEMS
    return "; ".join(found[:_MOST_PROBLEMS]) + (f"; and {rest} more" if rest > 0 else "")


def _path(location: Sequence[Any]) -> str:
    path = "$"
    for part in location:
        if isinstance(part, int):
            path += f"[{part}]"
        else:
            path += f".{part}" if str(part).isidentifier() else f"[{shown(str(part))}]"
    return path
