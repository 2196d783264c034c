"""Which events of channels are kept at all: decided in front of the inbox, and cheaply.

Most of a channel's talk concerns nobody here and must not be put on record, not even for a day;
so what could matter by its shape is looked up before it is kept.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

from bot.channels.model import Mode
from bot.channels.watching import watched_as
from bot.chat.troubles import is_in_trouble
from bot.errors import DatabaseBusy
from bot.incidents.model import source_key
from bot.slack.post_alerts import tells_of_alerts
from bot.slack.room_payloads import (
    Changed,
    Pasted,
    Posted,
    Reacted,
    RoomBack,
    RoomClosed,
    RoomOpened,
    cued,
    room_event,
)
from bot.uow import UnitOfWork, UnitOfWorkFactory


class RoomWants:
    """`pattern` is of incident channels' names, None where there are none."""

    def __init__(
        self, units: UnitOfWorkFactory, pattern: re.Pattern[str] | None, default_mode: Mode
    ) -> None:
        self._units = units
        self._pattern = pattern
        self._default_mode = default_mode

    def __call__(self, body: Mapping[str, Any]) -> bool:
        event = room_event(body)
        match event:
            case RoomOpened(name=str(name)):
                return self._pattern is not None and self._pattern.search(name) is not None
            case RoomOpened() | RoomBack():
                return self._pattern is not None or self._look(
                    lambda uow: is_in_trouble(uow, event.team_id, event.channel)
                )
            case RoomClosed():
                return self._pattern is not None
            case Reacted():
                return True
            case Changed():
                # An edit can overtake what it edits, so threads are not looked up.
                return event.thread_ts is not None or self._look(
                    lambda uow: bool(
                        uow.placements.incident_of(event.team_id, event.channel) is not None
                        or uow.incidents.entries_about(
                            source_key(event.team_id, event.channel, event.ts)
                        )
                    )
                )
            case Posted():
                return self._look(lambda uow: self._is_looked_at(uow, event))
            case Pasted(said):
                return self._is_of_incident(said.team_id, said.channel)
        said_so = cued(body) if self._pattern is not None else None
        return said_so is not None and self._is_of_incident(said_so.team_id, said_so.channel)

    def _is_of_incident(self, team_id: str, channel: str) -> bool:
        return self._look(lambda uow: uow.placements.incident_of(team_id, channel) is not None)

    def wants_post(self, body: Mapping[str, Any]) -> bool:
        """Whether the body is of another app's post, or of an edit of one, that is looked at."""
        return isinstance(room_event(body), Posted) and self(body)

    def _is_looked_at(self, uow: UnitOfWork, event: Posted) -> bool:
        """Which channel is the default one is known to the engine, so here any can be it."""
        chosen = uow.preferences.channel(event.team_id, event.channel)
        mode = watched_as(chosen, self._default_mode, is_default=True)
        if mode in (Mode.OFF, Mode.THREAD):
            return mode is Mode.THREAD
        if tells_of_alerts(event):
            return True
        return event.is_edit and bool(uow.placements.told(event.team_id, event.channel, event.ts))

    def _look(self, question: Callable[[UnitOfWork], bool]) -> bool:
        try:
            with self._units.read() as uow:
                return question(uow)
        except DatabaseBusy:
            return True  # the engine looks again
