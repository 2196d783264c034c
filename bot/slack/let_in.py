"""The bot is in a channel again that had refused it: cards that could not be said are said."""

import logging
from collections.abc import Callable

from bot.channels.ports import Rooms
from bot.chat.cards import card_key, room_card_key
from bot.chat.troubles import is_in_trouble
from bot.clock import Clock
from bot.errors import ChatRefused
from bot.uow import UnitOfWorkFactory

_log = logging.getLogger(__name__)

LetIn = Callable[[str, str], None]
"""From a team's and a channel's id."""


class SayAgain:
    """Has the refused cards of open incidents tried once more, in the channel alone that let the
    bot in. What is over, and what was no card, is old by now and stays unsaid.

    May raise ChatUnavailable.
    """

    def __init__(self, units: UnitOfWorkFactory, rooms: Rooms, clock: Clock) -> None:
        self._units = units
        self._rooms = rooms
        self._clock = clock

    def __call__(self, team_id: str, channel: str) -> None:
        with self._units.read() as uow:
            if not is_in_trouble(uow, team_id, channel):
                return
        try:
            room = self._rooms.of(team_id, channel)
        except ChatRefused as error:
            _log.info("still closed to the bot: %s", error)
            return
        if room.is_shared:
            return  # the cards were made for other readers
        with self._units.begin() as uow:
            now = self._clock.now()
            for incident in uow.incidents.active():
                for key in (card_key(incident), room_card_key(incident, channel)):
                    there = uow.outbox.destination(key)
                    if there is not None and there[0].channel_key == room.to.channel_key:
                        uow.outbox.say_again(key, now)
