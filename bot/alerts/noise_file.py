"""Reading the noise rules that a team keeps in a file (YAML)."""

from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from bot.alerts.noise import NO_RULES, Maintenance, Matcher, Minimum, NoiseRules, Silence
from bot.errors import DataError
from bot.strict_yaml import parse, read_text

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
Pattern = Annotated[str, Field(min_length=1, max_length=256)]


class _Matching(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: Pattern | None = None
    service: Pattern | None = None
    environment: Pattern | None = None
    labels: dict[str, Pattern] = {}

    @model_validator(mode="after")
    def _matches_something(self) -> "_Matching":
        if not (self.name or self.service or self.environment or self.labels):
            raise ValueError("give at least one of name, service, environment, labels")
        return self

    @property
    def about(self) -> Matcher:
        return Matcher(
            name=self.name or "",
            service=self.service or "",
            environment=self.environment or "",
            labels=self.labels,
        )


class _Silence(_Matching):
    reason: Annotated[str, Field(min_length=1, max_length=200)]
    until: datetime | None = None

    @field_validator("until")
    @classmethod
    def _has_zone(cls, value: datetime | None) -> datetime | None:
        if value is not None and value.tzinfo is None:
            raise ValueError("say the time zone, as in 2026-12-01T08:00:00+01:00 or ...Z")
        try:
            return value.astimezone(UTC) if value is not None else None
        except OverflowError:
            raise ValueError("that time is beyond the last one there is: leave it out") from None


class _Maintenance(_Matching):
    reason: Annotated[str, Field(min_length=1, max_length=200)]
    days: list[Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]] = []
    start: Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]
    minutes: Annotated[int, Field(ge=1, le=7 * 1440)]
    time_zone: str = "UTC"

    @field_validator("time_zone")
    @classmethod
    def _zone_exists(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise ValueError(f"{value!r} is no time zone; write one like Europe/Berlin") from None
        return value


class _Minimum(_Matching):
    count: Annotated[int, Field(ge=2, le=1000)]
    within_minutes: Annotated[int, Field(ge=1, le=1440)]


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid")

    silences: list[_Silence] = []
    maintenance: list[_Maintenance] = []
    minimum: list[_Minimum] = []
    inhibit_dependents: bool = False


def load_noise_rules(path: Path | None) -> NoiseRules:
    """The rules in `path`; none for None. Raises DataError naming the file and every mistake."""
    if path is None:
        return NO_RULES
    return parse_noise_rules(read_text(path), str(path))


def parse_noise_rules(text: str, name: str = "noise.yaml") -> NoiseRules:
    """The rules written in `text`. Raises DataError with every mistake, one a line."""
    content = parse(text, name).content
    if content is None:
        return NO_RULES
    if not isinstance(content, dict):
        raise DataError(f"{name}: a mapping with silences, maintenance or minimum is expected")
    try:
        file = _File.model_validate(content)
    except ValidationError as error:
        problems = [
            f"{name}: {'.'.join(map(str, detail['loc']))}: "
            f"{detail['msg'].removeprefix('Value error, ')}"
            for detail in error.errors(include_url=False, include_input=False)
        ]
        raise DataError("\n".join(problems)) from None
    return NoiseRules(
        silences=[
            Silence(about=one.about, reason=one.reason, until=one.until) for one in file.silences
        ],
        maintenance=[
            Maintenance(
                about=one.about,
                reason=one.reason,
                days=frozenset(_DAYS.index(day) for day in one.days),
                start=time.fromisoformat(one.start),
                length=timedelta(minutes=one.minutes),
                zone=ZoneInfo(one.time_zone),
            )
            for one in file.maintenance
        ],
        minimums=[
            Minimum(about=one.about, count=one.count, within=timedelta(minutes=one.within_minutes))
            for one in file.minimum
        ],
        inhibit_dependents=file.inhibit_dependents,
    )
