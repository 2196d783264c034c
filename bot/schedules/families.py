"""Families of alerts: which have no runbook, and which fire too often. Pure."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from bot.alerts.family import AlertFamily, family_of
from bot.incidents.model import Firing, Incident
from bot.suggestions.ports import Outcome

OFTEN = 3
"""Times that a family fires within the time looked at, from which on it is worth a look."""


@dataclass(frozen=True, slots=True)
class FamilyCount:
    """A family by the name of one of its alerts, and how often it was seen."""

    alert: str
    family: AlertFamily
    times: int

    @property
    def where(self) -> str:
        """`checkout, prod`; "" where neither is known."""
        return ", ".join(part for part in (self.family.service, self.family.environment) if part)


def without_runbook(
    incidents: Sequence[Incident], firings: Iterable[Firing], outcomes: Iterable[Outcome]
) -> list[FamilyCount]:
    """Families whose alerts opened incidents, for none of which a runbook of the team's own was
    cited; those with the most incidents first. Generic pages are no runbook of one's own."""
    led = _leading(incidents, firings)
    covered = {
        led[outcome.incident_id][1]
        for outcome in outcomes
        if outcome.runbooks and outcome.incident_id in led
    }
    return [one for one in _counted(led.values()) if one.family not in covered]


def often_fired(
    incidents: Sequence[Incident], firings: Iterable[Firing], least: int = OFTEN
) -> list[FamilyCount]:
    """Families that fired at least so often, the most often first."""
    by_id = {incident.id: incident for incident in incidents}
    named = (
        (firing.alert, _family(firing, by_id[firing.incident_id]))
        for firing in firings
        if firing.incident_id in by_id and firing.alert
    )
    return [one for one in _counted(named) if one.times >= least]


def _leading(
    incidents: Sequence[Incident], firings: Iterable[Firing]
) -> Mapping[int | None, tuple[str, AlertFamily]]:
    """The alert that opened each incident: what a runbook for it would be about."""
    by_id = {incident.id: incident for incident in incidents}
    led: dict[int | None, tuple[str, AlertFamily]] = {}
    for firing in firings:
        if firing.incident_id in by_id and firing.alert:
            found = (firing.alert, _family(firing, by_id[firing.incident_id]))
            led.setdefault(firing.incident_id, found)
    return led


def _family(firing: Firing, incident: Incident) -> AlertFamily:
    return family_of(firing.alert, incident.service, incident.environment)


def _counted(named: Iterable[tuple[str, AlertFamily]]) -> list[FamilyCount]:
    names: dict[AlertFamily, str] = {}
    counts: Counter[AlertFamily] = Counter()
    for alert, family in named:
        names.setdefault(family, alert)
        counts[family] += 1
    found = [FamilyCount(names[family], family, times) for family, times in counts.items()]
    return sorted(found, key=lambda one: (-one.times, one.alert, one.where))
