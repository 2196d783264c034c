"""SecondLook: moves what was placed before its cause had spoken to where it belongs."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from bot.alerts.family import family_of
from bot.alerts.model import AlertStatus, StoredAlert
from bot.alerts.page import Page, title_of
from bot.incidents import lifecycle
from bot.incidents.bindings import Binding, ties_of
from bot.incidents.grouping import DECLARED_PREFIX, Newcomer, group_key_of
from bot.incidents.model import Incident, IncidentState, TimelineEntry, TimelineKind
from bot.incidents.origins import YOUNG, Move, moves
from bot.incidents.traces import Depends, Trace
from bot.uow import UnitOfWork

Hold = Callable[[int], Page | None]
"""The page of an incident, read again and locked; None where it is over by now."""


class SecondLook:
    """Looks once more at the young incidents of the environments that a batch concerned.

    Nothing leaves an incident that a person has touched, or by what people said belongs there.
    """

    def __init__(
        self, uow: UnitOfWork, now: datetime, depends: Depends, bindings: Sequence[Binding]
    ) -> None:
        self._uow = uow
        self._now = now
        self._depends = depends
        self._bindings = bindings

    def at(self, pages: Collection[Page], hold: Hold) -> None:
        """Move what belongs elsewhere, in the store and on the pages."""
        by_id = {page.incident.id: page for page in pages}
        for young in self._young(pages):
            shown: dict[int, list[Trace]] = defaultdict(list)
            for number, trace in self._uow.alerts.beginnings(young, self._now - YOUNG):
                shown[number].append(trace)
            for move in self._wanted(shown, by_id):
                self._go(move, hold)

    def _young(self, pages: Iterable[Page]) -> list[list[int]]:
        """The incidents of each environment in which something began to fire, where there are
        several that began to show anything lately."""
        stirred: set[str] = set()
        found: dict[str, list[int]] = defaultdict(list)
        for page in pages:
            place = page.incident.environment
            if place is None or page.incident.state.is_over:
                continue
            found[place].append(page.incident.id)
            if any(entry.kind is TimelineKind.ALERT_FIRED for entry in page.entries):
                stirred.add(place)
        return [
            numbers for place, numbers in found.items() if place in stirred and len(numbers) > 1
        ]

    def _wanted(
        self, shown: Mapping[int, Sequence[Trace]], pages: Mapping[int, Page]
    ) -> list[Move]:
        if len(shown) < 2:
            return []
        giving = {n for n in shown if self._may_give(pages[n].incident)}
        giving -= self._uow.incidents.touched(sorted(giving)) if giving else frozenset()
        services = {one.service for some in shown.values() for one in some if one.service}
        told = self._uow.alerts.told_calls(services)
        return moves(
            shown,
            giving,
            now=self._now,
            depends=self._depends,
            told=lambda one, other: (one, other) in told,
        )

    def _may_give(self, incident: Incident) -> bool:
        return (
            incident.state is IncidentState.OPEN
            and incident.owner is None
            and incident.snoozed_until is None
            and not incident.group_key.startswith(DECLARED_PREFIX)
            and self._now - incident.opened_at <= YOUNG
        )

    def _go(self, move: Move, hold: Hold) -> None:
        # In one order for everybody: two workers cannot wait for each other.
        held = {number: hold(number) for number in sorted((move.leaves, move.joins))}
        leaves, joins = held[move.leaves], held[move.joins]
        if leaves is None or joins is None or not self._may_give(leaves.incident):
            return
        members = self._uow.alerts.of_incident(move.leaves)
        moving = [one for one in members if one.service == move.service]
        staying = [one for one in members if one.service != move.service]
        if not moving or any(self._is_bound(one) for one in moving):
            return
        self._uow.alerts.move([one.id for one in moving], move.joins)
        self._arrive(joins, moving, leaves.incident, move)
        self._depart(leaves, moving, staying, joins.incident, move)

    def _is_bound(self, stored: StoredAlert) -> bool:
        family = family_of(stored.alert.name, stored.service, stored.environment).key
        return bool(ties_of(family, self._bindings))

    def _arrive(
        self, page: Page, moving: Sequence[StoredAlert], before: Incident, move: Move
    ) -> None:
        """Each alert as if it had come here at once, with the reason."""
        for one in moving:
            if one.alert.status is not AlertStatus.FIRING:
                continue
            page.entries.append(
                TimelineEntry(
                    at=self._now,
                    kind=TimelineKind.ALERT_FIRED,
                    text=f"{one.alert.name}: moved from {before.key} (joined because: {move.text})",
                    data={
                        "fingerprint": one.alert.fingerprint,
                        "alert": one.alert.name,
                        "severity": one.alert.severity.value,
                        "summary": one.alert.summary,
                        "reason": f"moved from {before.key}",
                        "joined_because": move.text,
                        "moved_from": before.key,
                    },
                )
            )
            page.go(lifecycle.worsen(page.incident, one.alert.severity, self._now))
        page.news = True

    def _depart(
        self,
        page: Page,
        moving: Sequence[StoredAlert],
        staying: Sequence[StoredAlert],
        to: Incident,
        move: Move,
    ) -> None:
        many = "its alert" if len(moving) == 1 else f"its {len(moving)} alerts"
        page.entries.append(
            TimelineEntry(
                at=self._now,
                kind=TimelineKind.NOTE,
                text=f"{move.service}: {many} moved to {to.key} ({move.text})",
                data={"moved_to": to.key, "service": move.service},
            )
        )
        page.news = True
        if not staying:
            page.go(lifecycle.absorb(page.incident, to.key, self._now))
            return
        page.had_resolve = True
        if page.incident.service == move.service:
            called = _called_after(page.incident, staying)
            taken = {one.group_key for one in self._uow.incidents.active()}
            # Two that are open cannot share a key; then it keeps the one that it has.
            key = page.incident.group_key if called.group_key in taken else called.group_key
            page.incident = replace(called, group_key=key)


def _called_after(incident: Incident, staying: Sequence[StoredAlert]) -> Incident:
    """The incident, named after the alert that came first of those that are left."""
    first = min(staying, key=lambda stored: (stored.first_seen_at, stored.id))
    key = group_key_of(
        Newcomer(
            source=first.alert.source,
            name=first.alert.name,
            group_key=first.alert.group_key,
            service=first.service,
            environment=first.environment,
            received_at=first.first_seen_at,
        )
    )
    return replace(
        incident,
        title=title_of(first.alert),
        service=first.service,
        group_key=key,
        revision=incident.revision + 1,
    )
