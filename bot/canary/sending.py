"""The front's part: putting a canary into the inbox, the way every delivery goes."""

import logging

from bot.canary.model import SENT, Plan, is_due, item
from bot.clock import Clock
from bot.errors import DatabaseBusy
from bot.jobs.ports import InboxAdder
from bot.uow import UnitOfWorkFactory

_log = logging.getLogger(__name__)


class CanarySender:
    """`send` is for a tick, each interval."""

    def __init__(
        self, units: UnitOfWorkFactory, inbox: InboxAdder, plan: Plan, clock: Clock
    ) -> None:
        self._units = units
        self._inbox = inbox
        self._plan = plan
        self._clock = clock

    def send(self) -> None:
        """Never raises for a database that is away: that no canary came is noticed as well."""
        canary = item(self._clock.now())
        try:
            with self._units.begin() as uow:
                if not is_due(uow.marks.get(SENT), self._plan, canary.received_at):
                    return
                mark = {"id": canary.id, "at": canary.received_at.isoformat()}
                uow.marks.put(SENT, mark, canary.received_at)
            self._inbox.add(canary)
        except DatabaseBusy as error:
            _log.warning("a canary could not be sent: %s", error)
