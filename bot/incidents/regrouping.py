"""Putting alerts of one incident into another, on a person's word, and taking that word back.

Every function works inside the caller's transaction, which has read the incidents for writing.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from bot.alerts.family import family_of
from bot.alerts.model import StoredAlert
from bot.clock import Clock
from bot.incidents.bindings import Binding
from bot.incidents.grouping import Newcomer, group_key_of
from bot.incidents.lifecycle import by_person
from bot.incidents.model import Incident, IncidentState, TimelineEntry, TimelineKind
from bot.suggestions.jobs import enqueue, search_anew
from bot.uow import UnitOfWork

MOST_BOUND = 20
"""Most pairs of alert families that one word ties together, or keeps apart."""

SPLIT_INTO = "split_into"
"""In the data of a timeline entry: the key of the incident that alerts left for."""

Pairs = tuple[tuple[str, str], ...]
"""Alert families, by key, two and two."""


@dataclass(frozen=True, slots=True)
class Regrouping:
    """Who says so (an actor key, and a name for reading)."""

    uow: UnitOfWork
    clock: Clock
    actor: str
    name: str

    def bind(self, pairs: Iterable[Sequence[str]], about: Incident, *, together: bool) -> Pairs:
        """This person's word on every pair of families, so that it holds for what comes later,
        too; those of which it was not in force already."""
        now = self.clock.now()
        return tuple(
            (one, other)
            for one, other in sorted(tuple(pair) for pair in pairs)[:MOST_BOUND]
            if self.uow.bindings.say(
                Binding(
                    one=one,
                    other=other,
                    together=together,
                    incident_id=about.id,
                    actor=self.actor,
                    at=now,
                )
            )
        )

    def unbind(self, pairs: Iterable[Sequence[str]], *, together: bool) -> int:
        """Take back what `bind` said of these pairs, where nobody has said the opposite since;
        how many were in force."""
        wanted = {(one, other) for one, other in pairs}
        taken = [
            self.uow.bindings.revoke(one.id, actor=self.actor, now=self.clock.now())
            for one in self.uow.bindings.in_force()
            if (one.one, one.other) in wanted and one.together is together
        ]
        return sum(one is not None for one in taken)

    def merge(self, source: Incident, target: Incident) -> Sequence[StoredAlert]:
        """All alerts of `source` go into `target`, and `source` is closed; the alerts that went.
        Both must be open."""
        now = self.clock.now()
        moving = self.uow.alerts.of_incident(source.id)
        self.uow.alerts.move([stored.id for stored in moving], target.id)
        note = f"merged into {target.key} by {self.name}"
        closed = by_person(source, IncidentState.CLOSED, actor=self.actor, now=now, note=note)
        assert closed.entry is not None  # it was open
        self.uow.incidents.save(closed.incident)
        self._say("incident.merged", source, {"state": closed.incident.state.value})
        enqueue(self.uow, closed.incident, self.clock)
        self.uow.incidents.add_timeline(source.id, [closed.entry])
        text = f"{source.key} ({len(moving)} alerts) was merged in by {self.name}"
        self._note(target, text, {"merged_from": source.key})
        worst = min((source.severity, target.severity), key=lambda severity: severity.rank)
        search_anew(self.uow, replace(target, severity=worst), self.clock)
        return moving

    def split(self, incident: Incident, leaving: Sequence[StoredAlert], called: str) -> Incident:
        """`leaving`, which people know as `called`, go into an incident of their own, which is
        given back. `incident` must be open."""
        now = self.clock.now()
        opened = _open_for(self.uow, leaving, incident, now)
        self.uow.alerts.move([stored.id for stored in leaving], opened.id)
        text = f"{called} was split off into {opened.key}"
        self._note(incident, text, {SPLIT_INTO: opened.key})
        self._note(opened, f"split off from {incident.key}")
        self._say("incident.split", incident, {"into": opened.key, "alert": called})
        search_anew(self.uow, incident, self.clock)
        search_anew(self.uow, opened, self.clock)
        return opened

    def _note(self, incident: Incident, text: str, data: "dict[str, str] | None" = None) -> None:
        entry = TimelineEntry(
            at=self.clock.now(),
            kind=TimelineKind.NOTE,
            text=text,
            actor=self.actor,
            data=data or {},
        )
        self.uow.incidents.add_timeline(incident.id, [entry])

    def _say(self, action: str, incident: Incident, data: "dict[str, str]") -> None:
        self.uow.audit.append(
            at=self.clock.now(),
            actor=self.actor,
            action=action,
            subject=incident.key,
            data=data,
        )


def across(some: Iterable[StoredAlert], others: Iterable[StoredAlert]) -> Pairs:
    """Every two families (by key) of which one is among `some` and one among `others`."""
    mine, theirs = _families(some), _families(others)
    pairs = {(min(one, other), max(one, other)) for one in mine for other in theirs if one != other}
    return tuple(sorted(pairs))


def _families(alerts: Iterable[StoredAlert]) -> set[str]:
    return {family_of(one.alert.name, one.service, one.environment).key for one in alerts}


def _open_for(
    uow: UnitOfWork, alerts: Sequence[StoredAlert], before: Incident, now: datetime
) -> Incident:
    first = min(alerts, key=lambda stored: (stored.first_seen_at, stored.id))
    newcomer = Newcomer(
        source=first.alert.source,
        name=first.alert.name,
        group_key=None,
        service=first.service,
        environment=first.environment,
        received_at=now,
        is_split=True,
    )
    title = first.alert.name
    if first.alert.summary:
        title = f"{title}: {first.alert.summary}"[:200]
    opened, _ = uow.incidents.open(
        group_key=group_key_of(newcomer),
        title=title,
        service=first.service,
        environment=first.environment,
        severity=min((one.alert.severity for one in alerts), key=lambda worst: worst.rank),
        team_id=before.team_id,
        now=now,
    )
    return replace(opened, visibility=before.visibility)
