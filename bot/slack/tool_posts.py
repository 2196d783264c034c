"""Posts of other apps, kept for a while so that an answer can stand in the thread under one."""

from collections.abc import Callable

from bot.channels.model import Mode, ToolPost
from bot.channels.ports import Rooms
from bot.channels.rules import post_about
from bot.chat.cards import card_key
from bot.clock import Clock
from bot.slack.room_payloads import Posted, moment_of
from bot.suggestions.jobs import look_again
from bot.uow import UnitOfWork, UnitOfWorkFactory


class ToolPosts:
    """Keeps what other apps post where the bot answers in threads, and nowhere else."""

    def __init__(
        self,
        units: UnitOfWorkFactory,
        rooms: Rooms,
        default_mode: Mode,
        redact: Callable[[str], str],
        clock: Clock,
    ) -> None:
        self._units = units
        self._rooms = rooms
        self._default_mode = default_mode
        self._redact = redact
        self._clock = clock

    def posted(self, event: Posted) -> None:
        """May raise ChatUnavailable."""
        if not self._is_wanted(event):
            return
        now = self._clock.now()
        post = ToolPost(
            team_id=event.team_id,
            channel=event.channel,
            ts=event.ts,
            text=self._redact(event.text),
            at=moment_of(event.ts, now),
        )
        with self._units.begin() as uow:
            if uow.placements.add_post(post):
                self._answer_under(uow, post)

    def _is_wanted(self, event: Posted) -> bool:
        with self._units.read() as uow:
            chosen = uow.preferences.channel(event.team_id, event.channel).mode
        if chosen is not None:
            return chosen is Mode.THREAD
        if self._default_mode is not Mode.THREAD:
            return False
        default = self._rooms.default()
        return default is not None and default.to.channel == event.channel

    def _answer_under(self, uow: UnitOfWork, post: ToolPost) -> None:
        """The alert may have been first: then its answer has waited for this post."""
        for incident in uow.incidents.active():
            if uow.outbox.destination(card_key(incident)) is not None:
                continue
            alerts = [stored.alert for stored in uow.alerts.of_incident(incident.id)]
            if post_about([post], alerts) is not None:
                look_again(uow, incident, f"post:{post.channel}:{post.ts}", self._clock)
