"""What changed last: the newest changes of a service, and of what it leans on, shortly before.

That they happened before is all that is said of them. Whether one is the cause is for people to
find out, so none is ranked above another by anything but its time. In a search they are evidence
as neighbouring alerts are: past cases before which the same was changed come first.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from bot.alerts.changes import TOUCHED, Change, KnownChange, WantedChanges
from bot.incidents.model import CHANGE_LINE, Incident, TimelineEntry, TimelineKind
from bot.people.model import SYSTEM
from bot.services.catalogue import Catalogue
from bot.services.labels import environment_word
from bot.suggestions import words
from bot.suggestions.model import Changed
from bot.uow import UnitOfWork

MOST_SHOWN = 3
_LOOKED_AT = 100
"""Most changes of one look, before those of other environments are left out."""

DEFAULT_WINDOW = timedelta(hours=4)


class ChangedLast:
    """Looks for what changed within `window` before a moment; a window of zero finds nothing."""

    def __init__(self, catalogue: Catalogue, window: timedelta = DEFAULT_WINDOW) -> None:
        self._catalogue = catalogue
        self._window = window

    def before(self, uow: UnitOfWork, incident: Incident) -> tuple[Changed, ...]:
        """What changed shortly before the incident opened, newest first, at most MOST_SHOWN."""
        return self._within(
            uow,
            incident.service,
            incident.environment,
            since=incident.opened_at - self._window,
            until=incident.opened_at,
        )

    def until_now(
        self,
        uow: UnitOfWork,
        service: str | None,
        environment: str | None,
        now: datetime,
        opened_at: datetime | None = None,
    ) -> tuple[Changed, ...]:
        """What changed shortly before somebody asked about a service, or, where an incident is
        open on it since `opened_at`, before that and until now."""
        since = (opened_at or now) - self._window
        return self._within(uow, service, environment, since=since, until=now, is_ago=True)

    def concerns(self, incident: Incident, change: Change, at: datetime) -> bool:
        """Whether an incident is to tell of a change that began at `at`, or may have to."""
        if incident.service is None or not is_same_place(change.environment, incident.environment):
            return False
        names = self._names(incident.service, *self._needed(incident.service))
        return change.service in names and at <= incident.opened_at <= at + self._window

    def _within(
        self,
        uow: UnitOfWork,
        service: str | None,
        environment: str | None,
        *,
        since: datetime,
        until: datetime,
        is_ago: bool = False,
    ) -> tuple[Changed, ...]:
        if not service or self._window <= timedelta(0):
            return ()
        needed = self._needed(service)
        wanted = WantedChanges(
            services=tuple(self._names(service, *needed)),
            statuses=TOUCHED,
            since=since,
            until=until,
        )
        found = [
            # One that was going on at that moment counts from when it began.
            (known.began_at if known.at > until else known.at, known)
            for known in uow.changes.find(wanted, _LOOKED_AT)
            if is_same_place(known.change.environment, environment)
        ]
        found.sort(key=lambda pair: pair[0], reverse=True)
        return tuple(
            self._changed(known, at, until - at, service, is_ago)
            for at, known in found[:MOST_SHOWN]
        )

    def _changed(
        self, known: KnownChange, at: datetime, before: timedelta, service: str, is_ago: bool
    ) -> Changed:
        change = known.change
        is_own = change.service in self._names(service)
        return Changed(
            key=change.key,
            service=change.service,
            environment=change.environment,
            version=words.short_version(change.version),
            previous=words.short_version(known.previous),
            status=change.status.value,
            at=at,
            seconds_before=max(0.0, before.total_seconds()),
            is_ago=is_ago,
            actor=change.actor,
            url=next(iter(change.links.values()), None),
            needed_by="" if is_own else service,
        )

    def _needed(self, service: str) -> Sequence[str]:
        declared = self._catalogue.services.get(service)
        return declared.depends_on if declared is not None else ()

    def _names(self, *services: str) -> list[str]:
        """The services by all names that a source may know them by."""
        names: list[str] = []
        for service in services:
            declared = self._catalogue.services.get(service)
            names += [service, *(declared.aliases if declared is not None else ())]
        return names


def is_same_place(changed: str, environment: str | None) -> bool:
    """Whether a change in environment `changed` may have touched `environment`.

    A deployment to "prod" may be one to "prod/eu-1"; where one of the two is unknown, nothing
    tells them apart.
    """
    here, there = environment_word(environment or ""), environment_word(changed)
    if not here or not there or here == there:
        return True
    head, _, cluster = here.partition("/")
    changed_head, _, changed_cluster = there.partition("/")
    return head == changed_head and not (cluster and changed_cluster)


def lines_of(changes: Sequence[Changed]) -> tuple[str, ...]:
    """The changes as a query and a record have them: "deploy vault-agent 2.1.4 → 2.1.5"."""
    return tuple(f"deploy {words.what_changed(change)}" for change in changes)


def note_changes(
    uow: UnitOfWork,
    incident: Incident,
    changes: Sequence[Changed],
    timeline: Sequence[TimelineEntry],
) -> None:
    """Put those that its timeline does not have yet into it, each at its own time."""
    known = {entry.data.get("change") for entry in timeline}
    entries = [
        TimelineEntry(
            at=change.at,
            kind=TimelineKind.CHANGE,
            text=f"happened before: {words.what_changed(change)}",
            actor=SYSTEM.key,
            data={"change": change.key, CHANGE_LINE: line},
        )
        for change, line in zip(changes, lines_of(changes), strict=True)
        if change.key not in known
    ]
    uow.incidents.add_timeline(incident.id, entries)
