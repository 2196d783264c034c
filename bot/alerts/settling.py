"""Settling: what becomes of alerts and incidents by the mere passing of time.

An alert that has not turned for a while flaps no more; an incident whose alerts have all stayed
ended is resolved. A tick adds a job under a time-bucket key, and the job looks at how things are
when it runs, so replicas and restarts change nothing.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from bot.alerts.flapping import FlapRule, at_rest, spoken
from bot.alerts.ledger import IncidentLedger
from bot.alerts.merge import MergeReason
from bot.alerts.model import AlertStatus, StoredAlert
from bot.clock import Clock
from bot.incidents.grouping import Newcomer
from bot.incidents.lifecycle import Holds
from bot.incidents.telling import telling
from bot.incidents.traces import namespace_of, node_of, words_of
from bot.jobs.ports import Job
from bot.services.catalogue import Catalogue
from bot.uow import UnitOfWork, UnitOfWorkFactory

SETTLE = "settle"
"""The kind of the job; its key is `settle:<number of the tick>`."""
TICK_SECONDS = 5
_AT_ONCE = 500
"""Most alerts and incidents that one job settles; the next tick finds the others."""


class Settling:
    """The use case behind the tick and its job; both are safe to repeat."""

    def __init__(
        self,
        units: UnitOfWorkFactory,
        catalogue: Catalogue,
        clock: Clock,
        *,
        flapping: FlapRule,
        resolve_after_seconds: float,
        resolve_alone_after_seconds: float | None = None,
        group_window_seconds: float = 300,
        team_id: str = "",
    ) -> None:
        self._units = units
        self._catalogue = catalogue
        self._clock = clock
        self._flapping = flapping
        self._holds = Holds.of_seconds(resolve_after_seconds, resolve_alone_after_seconds)
        self._window = timedelta(seconds=group_window_seconds)
        self._team_id = team_id

    def tick(self) -> bool:
        """Add the job where there is something to settle; whether it did. Raises DatabaseBusy."""
        now = self._clock.now()
        with self._units.read() as uow:
            is_due = bool(self._quiet(uow, now, 1)) or bool(
                uow.alerts.resting(now - self._flapping.quiet, 1)
            )
        if not is_due:
            return False
        with self._units.begin() as uow:
            key = f"{SETTLE}:{int(now.timestamp()) // TICK_SECONDS}"
            return uow.jobs.add(key, SETTLE, {}, now)

    def handle(self, job: Job) -> None:
        """Settle what is due by now."""
        with self._units.begin() as uow:
            now = self._clock.now()
            resting = uow.alerts.resting(now - self._flapping.quiet, _AT_ONCE)
            ledger = IncidentLedger(
                uow,
                seen_at=now,
                run_at=now,
                window=self._window,
                depends=self._catalogue.depends,
                team_id=self._team_id,
                holds=self._holds,
            )
            for stored in resting:
                self._rest(uow, ledger, stored)
            for incident_id in self._quiet(uow, now, _AT_ONCE):
                ledger.look_whether_quiet(incident_id)
            ledger.close()

    def _quiet(self, uow: UnitOfWork, now: datetime, limit: int) -> Sequence[int]:
        holds = self._holds
        return uow.incidents.quiet(now - holds.usual, limit, alone_before=now - holds.alone)

    def _rest(self, uow: UnitOfWork, ledger: IncidentLedger, stored: StoredAlert) -> None:
        uow.alerts.turn(stored.id, at_rest(stored.turning))
        if stored.incident_id is None or stored.turning.turned_at is None:
            return
        note = f"It has kept still for {spoken(self._flapping.quiet)}"
        ledger.comes_to_rest(stored.incident_id, stored.alert, note, stored.turning.turned_at)
        if stored.alert.status is not AlertStatus.FIRING:
            return
        if ledger.uncovered(stored.incident_id, stored.alert, self._clock.now()) is None:
            return
        # A person ended its incident while it flapped, and now it fires for good.
        newcomer = _newcomer(stored, self._clock)
        opened = ledger.fired(newcomer, stored.alert, MergeReason.STILL_FIRES)
        uow.alerts.move([stored.id], opened)


def _newcomer(stored: StoredAlert, clock: Clock) -> Newcomer:
    alert = stored.alert
    return Newcomer(
        source=alert.source,
        name=alert.name,
        group_key=alert.group_key,
        service=stored.service,
        environment=stored.environment,
        received_at=clock.now(),
        known_incident=stored.incident_id,
        node=node_of(alert.labels),
        namespace=namespace_of(alert.labels),
        words=words_of(alert.name, alert.summary),
        telling=telling(alert.name),
    )
