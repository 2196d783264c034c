"""Storm mode at work: incidents that get no card of their own, and the message that they are in.

The storm is seen whenever an incident's card is looked at, and by a tick while it lasts. Its
message is put by a job under a time-bucket key, so that several replicas edit it once. In a unit
an incident's row is locked before the storm's; the job locks the storm and no incident.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from bot.chat.ports import Destination
from bot.clock import Clock
from bot.incidents.model import Incident
from bot.jobs.ports import Job
from bot.storms.model import MINUTE, Channel, Storm, StormRule, look, over, waits_for_storm
from bot.storms.state import forget, load, save
from bot.storms.telling import storm_message
from bot.uow import UnitOfWork, UnitOfWorkFactory

STORM = "storm"
"""The kind of the job; its key is `storm:<number of the tick>`, or names storm and channel."""
TICK_SECONDS = 5

LookAgain = Callable[[UnitOfWork, Incident, str, Clock], None]


class Storms:
    """The use cases. `edit_every` is the least time between two edits of one message,
    `look_again` has an incident's card looked at once more."""

    def __init__(
        self,
        units: UnitOfWorkFactory,
        clock: Clock,
        rule: StormRule,
        *,
        edit_every: timedelta = MINUTE,
        look_again: LookAgain,
    ) -> None:
        self._units = units
        self._clock = clock
        self._rule = rule
        self._edit_every = edit_every
        self._look_again = look_again

    # -- asked whenever a card is looked at ---------------------------------------------------

    def takes(self, uow: UnitOfWork, incident: Incident, to: Destination, now: datetime) -> bool:
        """Whether the incident is part of a storm, so that it is told of in the storm's message
        in that channel and gets no card of its own for now."""
        storm = self._now(uow, now)
        if storm is None or not storm.covers(incident) or incident.state.is_over:
            return False
        channel = Channel(to.team_id, to.channel, to.thread, ())
        with_it = storm.with_incident(incident.id, channel)
        if with_it != storm:
            save(uow, with_it, now)
        key = f"{storm.key}:{to.channel_key}"
        uow.jobs.add(key, STORM, {}, now)
        return True

    def waits(self, uow: UnitOfWork, incident: Incident, now: datetime) -> datetime | None:
        """Until when a first card should wait, since a storm may be building up."""
        begun = uow.alerts.begun_since(now - MINUTE) if self._rule.alerts else ()
        return waits_for_storm(incident, begun, self._rule, now)

    def _now(self, uow: UnitOfWork, now: datetime) -> Storm | None:
        before = load(uow)
        if before is None and not self._rule.alerts:
            return None
        storm = look(before, uow.alerts.begun_since(now - MINUTE), self._rule, now)
        if storm is not None and storm != before:
            save(uow, storm, now)
        return storm

    # -- by the clock -------------------------------------------------------------------------

    def tick(self) -> bool:
        """Add the job while there is a storm; whether it did. Raises DatabaseBusy."""
        with self._units.read() as uow:
            if load(uow) is None:
                return False
        now = self._clock.now()
        with self._units.begin() as uow:
            return uow.jobs.add(f"{STORM}:{int(now.timestamp()) // TICK_SECONDS}", STORM, {}, now)

    def handle(self, job: Job) -> None:
        """Tell of the storm as it is now, where that is due; end it when it is over."""
        incidents = self._incidents()
        with self._units.begin() as uow:
            now = self._clock.now()
            storm = self._now(uow, now)
            if storm is None:
                return
            storm = over(storm, incidents.values(), now)
            channels = tuple(self._tell(uow, storm, one, incidents, now) for one in storm.channels)
            storm = replace(storm, channels=channels)
            if storm.over_at is None or not all(one.is_told_of_end for one in channels):
                save(uow, storm, now)
                return
            forget(uow)
            for channel in channels:
                for number in channel.incidents:
                    incident = incidents.get(number)
                    if incident is not None and not incident.state.is_over:
                        self._look_again(uow, incident, storm.key, self._clock)

    def _incidents(self) -> dict[int, Incident]:
        """Those of the storm, read without locking them."""
        with self._units.read() as uow:
            storm = load(uow)
            numbers = storm.incidents if storm is not None else ()
            found = [uow.incidents.get(number) for number in sorted(numbers)]
        return {one.id: one for one in found if one is not None}

    def _tell(
        self,
        uow: UnitOfWork,
        storm: Storm,
        channel: Channel,
        incidents: dict[int, Incident],
        now: datetime,
    ) -> Channel:
        """The channel afterwards: told, unless its message was changed too short a time ago."""
        if channel.told_at is not None and now - channel.told_at < self._edit_every:
            return channel
        key = storm.message_key(channel)
        told = storm_message(storm, channel, incidents, uow.alerts.tally(channel.incidents))
        is_over = storm.over_at is not None
        if told == uow.outbox.message(key):
            return replace(channel, is_told_of_end=is_over)
        to = Destination(channel.team_id, channel.channel, channel.thread)
        uow.outbox.put(key, to, told, now)
        return replace(channel, told_at=now, is_told_of_end=is_over)
