"""What is held back: silences, maintenance windows, minimum counts, inhibition. Pure.

What is held back is stored and counted like any alert (`HeldRepository`); it only opens no
incident. An alert that is in an open incident already is never held.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Protocol
from zoneinfo import ZoneInfo

KEEP_HELD = timedelta(days=30)
"""How long the record of what was held back is kept."""


class HeldBy(StrEnum):
    SILENCE = "silence"
    MAINTENANCE = "maintenance"
    MINIMUM = "minimum count"
    DEPENDENCY = "dependency"
    FLAPPING = "flapping"


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """An alert as the rules see it. `reports` tells, for a minimum rule's number, how often an
    alert that it is for was reported within its time, this one included; `blocked_by` is the
    open critical incident of a service that this one declares it needs, in words."""

    name: str
    service: str | None
    environment: str | None
    labels: Mapping[str, str]
    is_critical: bool = False
    reports: Mapping[int, int] = field(default_factory=dict)
    blocked_by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Matcher:
    """Patterns with * and ?, upper and lower case alike; every one that is given must match."""

    name: str = ""
    service: str = ""
    environment: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)

    def matches(self, alert: Seen) -> bool:
        pairs = [
            (self.name, alert.name),
            (self.service, alert.service),
            (self.environment, alert.environment),
            *((pattern, alert.labels.get(label)) for label, pattern in self.labels.items()),
        ]
        return all(_fits(pattern, value) for pattern, value in pairs if pattern)


def _fits(pattern: str, value: str | None) -> bool:
    return value is not None and fnmatchcase(value.lower(), pattern.lower())


@dataclass(frozen=True, slots=True, kw_only=True)
class Silence:
    about: Matcher
    reason: str
    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Maintenance:
    """Every week on `days` (0 is Monday; none means every day) from `start` in `zone`, for
    `length`. A window that goes past midnight belongs to the day on which it began."""

    about: Matcher
    reason: str
    days: frozenset[int]
    start: time
    length: timedelta
    zone: ZoneInfo

    def is_on(self, now: datetime) -> bool:
        local = now.astimezone(self.zone)
        return any(
            self._begins_on(local.date() - timedelta(days=back)) <= now < self._ends(local, back)
            for back in range(self.length.days + 2)
            if not self.days or (local.date() - timedelta(days=back)).weekday() in self.days
        )

    def _begins_on(self, day: date) -> datetime:
        # On the night when clocks change, the length is of real time, so it is added in UTC.
        return datetime.combine(day, self.start, self.zone).astimezone(UTC)

    def _ends(self, local: datetime, back: int) -> datetime:
        return self._begins_on(local.date() - timedelta(days=back)) + self.length


@dataclass(frozen=True, slots=True, kw_only=True)
class Minimum:
    about: Matcher
    count: int
    within: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class NoiseRules:
    silences: Sequence[Silence] = ()
    maintenance: Sequence[Maintenance] = ()
    minimums: Sequence[Minimum] = ()
    inhibit_dependents: bool = False


NO_RULES = NoiseRules()


@dataclass(frozen=True, slots=True)
class Pass:
    """Nothing holds it back."""


@dataclass(frozen=True, slots=True)
class Held:
    """`only_alone`: held only where it would open an incident all by itself; it may still join
    one. `rule` names the rule, for counting."""

    by: HeldBy
    reason: str
    rule: str
    only_alone: bool = False


PASS = Pass()


def decide(rules: NoiseRules, alert: Seen, now: datetime) -> Pass | Held:
    """Whether an alert that fires is held back, and why; the first rule that says so counts."""
    for number, silence in enumerate(rules.silences):
        if (silence.until is None or now < silence.until) and silence.about.matches(alert):
            until = f" until {silence.until:%Y-%m-%d %H:%M %Z}" if silence.until else ""
            return Held(HeldBy.SILENCE, f"{silence.reason}{until}", f"silences.{number}")
    for number, window in enumerate(rules.maintenance):
        if window.about.matches(alert) and window.is_on(now):
            return Held(HeldBy.MAINTENANCE, window.reason, f"maintenance.{number}")
    for number, minimum in enumerate(rules.minimums):
        reports = alert.reports.get(number, 1)
        if minimum.about.matches(alert) and reports < minimum.count:
            spoken = f"fewer than {minimum.count} reports in {_minutes(minimum.within)} min"
            return Held(HeldBy.MINIMUM, spoken, minimum_name(number), only_alone=True)
    if rules.inhibit_dependents and alert.blocked_by and not alert.is_critical:
        return Held(HeldBy.DEPENDENCY, alert.blocked_by, "inhibit_dependents", only_alone=True)
    return PASS


def minimum_name(number: int) -> str:
    """What the minimum rule of that number is called in the record."""
    return f"minimum.{number}"


def _minutes(length: timedelta) -> int:
    return round(length.total_seconds() / 60)


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldAlert:
    """One alert that was held back for a reason, and how often within one minute."""

    fingerprint: str
    name: str
    service: str | None
    environment: str | None
    by: str
    reason: str
    rule: str
    at: datetime
    times: int = 1


class HeldRepository(Protocol):
    def save(self, held: Sequence[HeldAlert]) -> None:
        """Keep them; the same alert, rule and minute are one row that counts."""
        ...

    def count(self, rule: str, since: datetime) -> int:
        """How often the rule held anything back since then."""
        ...

    def list(self, limit: int) -> Sequence[HeldAlert]:
        """Newest first."""
        ...

    def totals(self, since: datetime, until: datetime | None = None) -> Mapping[str, int]:
        """How often each kind of rule held something back since then, and before `until`."""
        ...

    def purge(self, before: datetime) -> int: ...
