"""The shape of `POST /v1/alerts/generic`: these models validate it, and its published JSON
Schema is made from them."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from bot.alerts.reading import MAX_ALERTS, MAX_LABEL_NAME, MAX_LABELS

SCHEMA_ID = "urn:recall:schema:generic-alert:1"

Name = Annotated[str, Field(min_length=1, max_length=512)]
LabelName = Annotated[str, Field(min_length=1, max_length=MAX_LABEL_NAME)]
Scalar = str | int | float | bool


class GenericAlert(BaseModel):
    """One alert. Only `name` is required; texts longer than 4,096 characters are cut."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Name = Field(description="what the alert is called; the same for every instance of it")
    status: Literal["firing", "resolved"] = Field("firing", description="the state now")
    severity: str | None = Field(
        None,
        max_length=64,
        description="critical, high, warning or info; many tools' own words are understood",
    )
    key: str | None = Field(
        None,
        min_length=1,
        max_length=1024,
        description="the sender's own identity for this instance; without it name and labels are",
    )
    summary: str = Field("", description="one line for people")
    description: str = Field("", description="more, for people")
    starts_at: datetime | None = Field(None, description="RFC 3339; UTC where no zone is given")
    ends_at: datetime | None = Field(None, description="RFC 3339; for resolved alerts")
    labels: dict[LabelName, Scalar] = Field(
        default_factory=dict,
        max_length=MAX_LABELS,
        description="what it is about: service, environment, cluster, pod, host ...",
    )
    links: dict[LabelName, str] = Field(
        default_factory=dict,
        max_length=16,
        description="title to http(s) address; `runbook` and `dashboard` are known titles",
    )
    group_key: str | None = Field(
        None,
        min_length=1,
        max_length=1024,
        description="alerts of one sender with the same group key are one problem",
    )


class GenericAlerts(BaseModel):
    """Several alerts in one body."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    alerts: list[GenericAlert] = Field(min_length=1, max_length=MAX_ALERTS)


def json_schema() -> dict[str, Any]:
    """The published JSON Schema (draft 2020-12): one alert, or several under `alerts`."""
    several = GenericAlerts.model_json_schema()
    definitions = several.pop("$defs")
    definitions["GenericAlerts"] = several
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": SCHEMA_ID,
        "title": "Recall generic alert",
        "oneOf": [{"$ref": "#/$defs/GenericAlert"}, {"$ref": "#/$defs/GenericAlerts"}],
        "$defs": definitions,
    }
