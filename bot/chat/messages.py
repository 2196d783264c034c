"""Semantic messages: what is meant, never how a platform draws it.

Each is a frozen value with a JSON form, so that the outbox can keep what is to be said and the
platform's renderer can draw it later, again after a restart.
"""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from bot.suggestions.model import Suggestion, Value


class Button(Value):
    """Something to press. `token` is the opaque random id that the button carries, and all
    that it carries; `action` is the stable name the platform's action_id is made of."""

    action: Literal["helpful", "not_helpful", "not_same", "resolved_like"]
    token: str
    label: str


class AlertLine(Value):
    """One alert as a card shows it."""

    name: str
    status: str
    summary: str
    since: datetime | None = None
    url: str | None = None


class Said(Value):
    """Who said the same of an answer. `user_ids` are the platform's, in the order they spoke."""

    verdict: str
    user_ids: tuple[str, ...]


class IncidentCard(Value):
    """The one message of an incident, edited in place for as long as it lives."""

    type: Literal["incident_card"] = "incident_card"
    incident_key: str
    title: str
    service: str | None
    environment: str | None
    cluster: str | None
    severity: str
    state: str
    opened_at: datetime
    resolved_at: datetime | None = None
    resolution_note: str = ""
    alerts: tuple[AlertLine, ...]
    alerts_total: int
    suggestion: Suggestion | None
    buttons: tuple[Button, ...] = ()
    said: tuple[Said, ...] = ()
    feedback_note: str = ""


class Answer(Value):
    """The reply to a question or a pasted log, in its thread."""

    type: Literal["answer"] = "answer"
    asked_by: str
    suggestion: Suggestion
    buttons: tuple[Button, ...] = ()
    said: tuple[Said, ...] = ()
    feedback_note: str = ""


class Notice(Value):
    """A plain sentence or two."""

    type: Literal["notice"] = "notice"
    text: str


Message = Annotated[IncidentCard | Answer | Notice, Field(discriminator="type")]

message_adapter: TypeAdapter[IncidentCard | Answer | Notice] = TypeAdapter(Message)
"""Reads and writes any message as JSON: `validate_json` and `dump_json`."""
