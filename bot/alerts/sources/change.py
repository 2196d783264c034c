"""Recall's own JSON shape for changes: what a team deploys, told by the team's own scripts.

It is what `POST /v1/changes` takes.
"""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from bot.alerts.changes import Change, ChangeStatus
from bot.alerts.fingerprint import fingerprint_of_key
from bot.alerts.reading import MAX_ALERTS, MAX_LINK, MAX_TEXT, object_at, utc_or_none, web_link
from bot.alerts.sources.generic import told_plainly
from bot.errors import BadPayload

NAME = "change"

Name = Annotated[str, Field(min_length=1, max_length=256)]
Text = Annotated[str, Field(max_length=MAX_TEXT)]
Link = Annotated[str, Field(max_length=MAX_LINK)]
_MOST_LINKS = 16


class GivenChange(BaseModel):
    """One change. Only `service` is needed; two reports with the same `key` are of one change,
    and without a key it is the service, environment, version and time that make it the same."""

    model_config = ConfigDict(extra="forbid")

    service: Name
    environment: Annotated[str, Field(max_length=256)] = ""
    version: Annotated[str, Field(max_length=256)] = ""
    previous: Annotated[str, Field(max_length=256)] = ""
    status: Literal["pending", "running", "succeeded", "failed", "cancelled", "inactive"] = (
        "succeeded"
    )
    at: datetime | None = None
    key: Annotated[str, Field(max_length=1024)] = ""
    actor: Annotated[str, Field(max_length=256)] = ""
    summary: Text = ""
    links: dict[Name, Link] = Field(default_factory=dict, max_length=_MOST_LINKS)


class GivenChanges(BaseModel):
    model_config = ConfigDict(extra="forbid")

    changes: list[GivenChange] = Field(min_length=1, max_length=MAX_ALERTS)


def parse(payload: object) -> list[Change]:
    """The changes of one body, in its order. Raises BadPayload naming each wrong JSON path."""
    body = object_at(payload, "$")
    try:
        if "changes" in body:
            return [_change(one) for one in GivenChanges.model_validate(body).changes]
        return [_change(GivenChange.model_validate(body))]
    except ValidationError as error:
        raise BadPayload(told_plainly(error)) from None


def _change(given: GivenChange) -> Change:
    service = given.service.strip()
    if not service:
        raise BadPayload("$.service is blank")
    environment = given.environment.strip()
    at = utc_or_none(given.at) if given.at is not None else None
    moment = at.isoformat() if at is not None else ""
    identity = given.key.strip() or "/".join((service, environment, given.version, moment))
    where = f" to {environment}" if environment else ""
    said = given.summary.strip() or f"{f'{service} {given.version}'.strip()}{where}: {given.status}"
    return Change(
        source=NAME,
        key=fingerprint_of_key(NAME, identity),
        service=service,
        environment=environment,
        version=given.version.strip(),
        previous=given.previous.strip(),
        status=ChangeStatus(given.status),
        at=at,
        actor=given.actor.strip(),
        summary=said,
        links={title: link for title, text in given.links.items() if (link := web_link(text))},
    )
