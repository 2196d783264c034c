"""Holding: applies the noise rules to one batch, and keeps the record of what was held back."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from bot.alerts.model import Alert, Severity
from bot.alerts.noise import (
    Held,
    HeldAlert,
    HeldRepository,
    NoiseRules,
    Seen,
    decide,
    minimum_name,
)
from bot.incidents.model import Incident


@dataclass(frozen=True, slots=True, kw_only=True)
class Firing:
    """One alert of the batch that fires and is in no open incident, and what it is about."""

    alert: Alert
    service: str | None
    environment: str | None
    received_at: datetime


class Holding:
    """What the rules hold back of one batch, by fingerprint. `active` are the open incidents."""

    def __init__(
        self,
        rules: NoiseRules,
        record: HeldRepository,
        active: Iterable[Incident],
        depends: Callable[[str, str], bool],
        now: datetime,
    ) -> None:
        self._rules = rules
        self._record = record
        self._depends = depends
        self._now = now
        self._critical = [one for one in active if one.severity is Severity.CRITICAL]
        self._kept: list[HeldAlert] = []

    def decide(self, firing: Mapping[str, Firing]) -> dict[str, Held]:
        """Those of the batch that are held back, and why."""
        seen = {key: self._seen(one) for key, one in firing.items()}
        reports = {
            number: self._record.count(minimum_name(number), self._now - minimum.within)
            + sum(minimum.about.matches(one) for one in seen.values())
            for number, minimum in enumerate(self._rules.minimums)
        }
        held: dict[str, Held] = {}
        for key, one in firing.items():
            decision = decide(self._rules, self._seen(one, reports), self._now)
            if isinstance(decision, Held):
                held[key] = decision
        return held

    def keep(self, one: Firing, why: Held) -> None:
        """Note that it was held back."""
        self._kept.append(
            HeldAlert(
                fingerprint=one.alert.fingerprint,
                name=one.alert.name,
                service=one.service,
                environment=one.environment,
                by=why.by.value,
                reason=why.reason,
                rule=why.rule,
                at=one.received_at,
            )
        )

    def close(self) -> None:
        """Write the record."""
        if self._kept:
            self._record.save(self._kept)

    def _seen(self, one: Firing, reports: Mapping[int, int] | None = None) -> Seen:
        return Seen(
            name=one.alert.name,
            service=one.service,
            environment=one.environment,
            labels=one.alert.labels,
            is_critical=one.alert.severity is Severity.CRITICAL,
            reports=reports or {},
            blocked_by=self._blocked_by(one),
        )

    def _blocked_by(self, one: Firing) -> str:
        for incident in self._critical:
            needed = incident.service
            if needed is None or one.service is None or incident.environment != one.environment:
                continue
            if self._depends(one.service, needed):
                return f"{one.service} depends on {needed}, whose {incident.key} is open"
        return ""
