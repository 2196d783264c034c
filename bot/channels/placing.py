"""From an incident to the place where it is spoken of, as things are now."""

import logging
from dataclasses import dataclass
from datetime import timedelta

from bot.alerts.model import Alert
from bot.channels.model import Mode, Placement
from bot.channels.ports import Rooms
from bot.channels.rules import Chosen, choose, is_quiet, mode_of, post_about
from bot.chat.ports import CardRoom, Destination
from bot.chat.troubles import forget_trouble, known_trouble, note_trouble
from bot.clock import Clock
from bot.errors import ChatRefused
from bot.incidents.model import Incident
from bot.uow import UnitOfWork, UnitOfWorkFactory
from knowledge.model import PUBLIC, Audience

_log = logging.getLogger(__name__)

POST_BEFORE = timedelta(minutes=15)
"""How long before the incident opened the alerting tool's post may have come."""


@dataclass(frozen=True, slots=True)
class Where:
    """The place of an incident. `room` None: nothing is said, and the answer is only kept.

    `chosen` is the channel that it belongs to; in shadow mode `room` is another one. `is_refused`
    says that there is such a place, but the platform does not let us find it.
    """

    room: CardRoom | None = None
    mode: Mode = Mode.OFF
    chosen: Chosen | None = None
    is_quiet: bool = False
    is_refused: bool = False

    @property
    def audience(self) -> Audience:
        return self.room.audience if self.room is not None else PUBLIC

    @property
    def is_own(self) -> bool:
        """Whether the channel was made for this incident."""
        return self.chosen is not None and self.chosen.is_own


NOWHERE = Where()


def nowhere(incident: Incident) -> Where:
    """The place of every incident where no chat is configured."""
    return NOWHERE


def in_room(room: CardRoom | None) -> Where:
    """A card in `room`, whatever anybody chose."""
    if room is None:
        return NOWHERE
    return Where(room=room, mode=Mode.CARD)


CARDS = "cards"
"""The place of a trouble with the channel that cards, or answers in shadow, go to."""


class Placing:
    """Knows what the channels chose. May raise ChatUnavailable.

    Where the platform refuses to tell of a channel (it is gone, or closed to the bot), that is
    on record for the administrator until it is found again, and in the log once.
    """

    def __init__(
        self, units: UnitOfWorkFactory, rooms: Rooms, default_mode: Mode, clock: Clock
    ) -> None:
        self._units = units
        self._rooms = rooms
        self._default_mode = default_mode
        self._clock = clock

    def __call__(self, incident: Incident) -> Where:
        try:
            where = self._place(incident)
        except ChatRefused as error:
            self._note(str(error))
            return Where(is_refused=True)
        self._note("")
        return where

    def _note(self, refusal: str) -> None:
        with self._units.read() as uow:
            if known_trouble(uow, CARDS) == refusal:
                return
        with self._units.begin() as uow:
            if refusal:
                note_trouble(uow, "", CARDS, refusal, self._clock.now())
            else:
                forget_trouble(uow, CARDS)
        if refusal:
            _log.error("no card can be posted: %s", refusal)
        else:
            _log.warning("the channel for cards is found again")

    def _place(self, incident: Incident) -> Where:
        default = self._rooms.default()
        with self._units.read() as uow:
            own = uow.placements.channel_of(incident.id)
            team_id = default.to.team_id if default is not None else (own or ("",))[0]
            channels = uow.preferences.channels(team_id)
            heard_in = uow.placements.heard_in(incident.id)
        named = (default.to.team_id, default.to.channel) if default is not None else None
        chosen = choose(incident, channels, named, own, heard_in)
        if chosen is None:
            return NOWHERE
        mode = mode_of(chosen, self._default_mode)
        if mode is Mode.OFF:
            return Where(mode=mode, chosen=chosen)
        if mode is Mode.SHADOW:
            return Where(room=self._shadow(chosen), mode=mode, chosen=chosen)
        room = self._rooms.of(chosen.team_id, chosen.channel)
        quiet = is_quiet(chosen.settings, self._clock.now()) and not chosen.is_own
        return Where(room=room, mode=mode, chosen=chosen, is_quiet=quiet)

    def _shadow(self, chosen: Chosen) -> CardRoom | None:
        if chosen.settings.shadow_channel:
            return self._rooms.of(chosen.team_id, chosen.settings.shadow_channel)
        return self._rooms.shadow()


def first_place(
    uow: UnitOfWork, where: Where, incident: Incident, alerts: list[Alert]
) -> Destination | None:
    """Where the first message of an incident goes: the channel, or in thread mode the thread
    under the alerting tool's post; None while there is none of those."""
    if where.room is None or where.is_quiet:
        return None
    if where.mode is not Mode.THREAD:
        return where.room.to
    to = where.room.to
    posts = uow.placements.posts(to.team_id, to.channel, incident.opened_at - POST_BEFORE)
    post = post_about(posts, alerts)
    return None if post is None else Destination(to.team_id, to.channel, post.ts)


def remember(uow: UnitOfWork, where: Where, incident: Incident, clock: Clock) -> None:
    """Keep where the incident was placed, for the shadow week's numbers and for commands."""
    if where.room is None:
        return
    chosen = where.chosen
    to = where.room.to
    uow.placements.place(
        Placement(
            incident_id=incident.id,
            team_id=chosen.team_id if chosen is not None else to.team_id,
            channel=chosen.channel if chosen is not None else to.channel,
            mode=where.mode,
            at=clock.now(),
        )
    )
