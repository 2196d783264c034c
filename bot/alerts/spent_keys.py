"""Spent keys: a group whose alerts have all ended takes in nothing by its name alone.

An incident may stay open for hours after most of it is over: an alert flaps, a chronic one joined
it. When the same group then begins anew, with alerts that the incident has never seen, that is
another problem; so the incident gives its group key away, and a fresh one opens under it.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from bot.alerts.model import AlertStatus, StoredAlert
from bot.alerts.page import Page
from bot.incidents.grouping import Newcomer, group_key_of
from bot.incidents.model import Incident, IncidentState
from bot.incidents.traces import Trace
from bot.uow import UnitOfWork

SPENT_PREFIX = "spent:1:"
"""Begins the group key of an incident that gave its own away; its number follows."""


class SpentKeys:
    """The group keys that incidents gave away in one batch; `at` is when its last delivery came.

    A key is spent where nothing of the newcomer's service fires in the incident, and nothing of it
    has turned `within` that time. What a person has taken keeps its key: they know what it is
    about.
    """

    def __init__(self, uow: UnitOfWork, at: datetime, within: timedelta) -> None:
        self._uow = uow
        self._at = at
        self._within = within
        self._before: dict[str, Incident] = {}

    def let_go(
        self,
        newcomers: Iterable[Newcomer],
        pages: Mapping[int, Page],
        traces: Mapping[int, Sequence[Trace]],
        hold: Callable[[int], Page | None],
    ) -> None:
        """Take the spent keys from the incidents of `pages`, in the store as well: two that are
        open cannot share one. `hold` gives an incident's page, read again and locked."""
        by_key = {page.incident.group_key: number for number, page in pages.items()}
        looked_at: set[str] = set()
        for newcomer in newcomers:
            key = group_key_of(newcomer)  # its service is part of it
            number = by_key.get(key)
            if number is None or newcomer.known_incident == number or key in looked_at:
                continue
            looked_at.add(key)
            if any(_is_of(newcomer, trace.service) for trace in traces.get(number, ())):
                continue  # it fires there: what costs no look at all of its alerts
            if any(self._goes_on(newcomer, one) for one in self._uow.alerts.of_incident(number)):
                continue
            page = hold(number)
            if page is None or _is_taken(page.incident) or page.incident.group_key != key:
                continue
            self._before[key] = page.incident
            page.incident = replace(page.incident, group_key=f"{SPENT_PREFIX}{page.incident.id}")
            self._uow.incidents.save(page.incident)

    def before(self, key: str) -> Incident | None:
        """The incident that had the key until this batch."""
        return self._before.get(key)

    def _goes_on(self, newcomer: Newcomer, stored: StoredAlert) -> bool:
        if not _is_of(newcomer, stored.service):
            return False
        if stored.alert.status is AlertStatus.FIRING:
            return True
        return self._at - (stored.turning.turned_at or stored.last_seen_at) <= self._within


def _is_of(newcomer: Newcomer, service: str | None) -> bool:
    """Whether an alert of `service` may be of the same group: where one is not known, it may."""
    return newcomer.service is None or service is None or service == newcomer.service


def _is_taken(incident: Incident) -> bool:
    return incident.owner is not None or incident.state is IncidentState.ACKNOWLEDGED
