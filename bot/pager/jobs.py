"""The job that tells the pager again, where it was away when a person said so."""

import logging
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from bot.clock import Clock
from bot.errors import Retryable
from bot.incidents.model import TimelineEntry, TimelineKind
from bot.jobs.ports import Job
from bot.people.model import SYSTEM
from bot.uow import UnitOfWork, UnitOfWorkFactory

if TYPE_CHECKING:
    from bot.commands.model import Pager

_log = logging.getLogger(__name__)

PAGER = "pager"
"""The kind of this job; its key is `pager:<what>:<incident id>:<revision>`."""
PATIENCE = timedelta(minutes=15)
"""How long it is tried again. Later, whoever is on call has seen the page, and what was said
may not hold any more."""


def tell_later(
    uow: UnitOfWork,
    incident_id: int,
    revision: int,
    what: str,
    references: tuple[str, ...],
    actor: str,
    now: datetime,
) -> None:
    """Have the pager told `what` (acknowledge, resolve) as soon as it answers."""
    payload = {
        "incident_id": incident_id,
        "what": what,
        "references": list(references),
        "actor": actor,
        "until": (now + PATIENCE).isoformat(),
    }
    uow.jobs.add(f"{PAGER}:{what}:{incident_id}:{revision}", PAGER, payload, now)


class PagerJob:
    """Handles one such job; safe to repeat, since telling the pager twice changes nothing.

    What came of it in the end stands in the incident's timeline. Retryable errors come through
    until PATIENCE has run out.
    """

    def __init__(self, units: UnitOfWorkFactory, pager: "Pager", clock: Clock) -> None:
        self._units = units
        self._pager = pager
        self._clock = clock

    def handle(self, job: Job) -> None:
        payload = job.payload
        what, name = str(payload["what"]), self._pager.name
        call = self._pager.acknowledge if what == "acknowledge" else self._pager.resolve
        references = tuple(str(one) for one in payload["references"])
        try:
            problem = call(references, str(payload["actor"]))
        except Retryable as error:
            if self._clock.now() < datetime.fromisoformat(str(payload["until"])):
                raise
            problem = str(error)
        if problem is not None:
            _log.warning("%s could not be told to %s: %s", name, what, problem)
            self._note(payload, f"{name} could not be told to {what}: {problem}")
        else:
            self._note(payload, f"{name} was told to {what}")

    def _note(self, payload: Mapping[str, Any], text: str) -> None:
        with self._units.begin() as uow:
            now = self._clock.now()
            incident = uow.incidents.get(int(payload["incident_id"]))
            if incident is None:
                return
            entry = TimelineEntry(
                at=now, kind=TimelineKind.NOTE, text=text, actor=SYSTEM.key, data={"pager": "told"}
            )
            uow.incidents.add_timeline(incident.id, [entry])
            uow.audit.append(
                at=now,
                actor=str(payload["actor"]),
                action=f"pager.{payload['what']}",
                subject=incident.key,
                data={"result": text},
            )
