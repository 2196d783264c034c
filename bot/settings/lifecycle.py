"""The settings of what follows alerts by the clock: flapping, automatic resolve, storms, and how
far back a change is told of, and how long it is kept."""

from datetime import timedelta

from pydantic import Field
from pydantic_settings import BaseSettings

_RESOLVE_ALONE_AFTER = 900
"""As long as an alert must keep still to be done with flapping."""


class LifecycleSettings(BaseSettings):
    """A part of `Settings`."""

    resolve_after_seconds: int = Field(
        120,
        ge=0,
        le=86_400,
        description=(
            "how long all alerts of an incident must stay ended until it is resolved; 0 is at once"
        ),
    )
    resolve_alone_after_seconds: int | None = Field(
        None,
        ge=0,
        le=86_400,
        description=(
            "the same for an incident that has one alert only: such alerts come back most; where "
            "it is not set, RECALL_RESOLVE_AFTER_SECONDS if that is, else 900"
        ),
    )
    flap_seconds: int = Field(
        900,
        ge=0,
        le=86_400,
        description=(
            "an alert that ended twice within three times this is flapping until it has kept still "
            "for this long; 0: no alert is"
        ),
    )
    storm_alerts: int = Field(
        30,
        ge=0,
        le=100_000,
        description="more alerts than this that begin within a minute are a storm; 0: none is",
    )
    storm_edit_seconds: int = Field(
        60,
        ge=1,
        le=3_600,
        description="least time between two edits of a storm's one message in a channel",
    )
    change_window_minutes: int = Field(
        240,
        ge=0,
        le=10_080,
        description="how long before an incident a change is still told of; 0: none is",
    )
    keep_changes_days: int = Field(
        400,
        ge=0,
        le=36_500,
        description=(
            "days after which a change is forgotten; the newest of a service and environment "
            "stays; 0: none is"
        ),
    )

    @property
    def resolve_alone_after(self) -> int:
        """In seconds. Who sets a time for all incidents means those of one alert as well."""
        if self.resolve_alone_after_seconds is not None:
            return self.resolve_alone_after_seconds
        is_set = "resolve_after_seconds" in self.model_fields_set
        return self.resolve_after_seconds if is_set else _RESOLVE_ALONE_AFTER

    @property
    def change_window(self) -> timedelta:
        """The same as a length of time."""
        return timedelta(minutes=self.change_window_minutes)
