"""Posts of other apps: the alerts in them are taken in, and where the bot answers in threads they
are kept for a while, so that an answer can stand under one."""

from collections.abc import Callable

from bot.channels.model import Mode, ToolPost
from bot.channels.ports import Rooms
from bot.channels.rules import post_about
from bot.channels.watching import watched_as
from bot.chat.cards import card_key
from bot.clock import Clock
from bot.slack.post_alerts import PostAlerts
from bot.slack.room_payloads import Posted, moment_of
from bot.suggestions.jobs import look_again
from bot.uow import UnitOfWork, UnitOfWorkFactory


class ToolPosts:
    """Looks at what other apps post in watched channels, and nowhere else."""

    def __init__(
        self,
        units: UnitOfWorkFactory,
        rooms: Rooms,
        default_mode: Mode,
        redact: Callable[[str], str],
        clock: Clock,
        alerts: PostAlerts,
    ) -> None:
        self._units = units
        self._rooms = rooms
        self._default_mode = default_mode
        self._redact = redact
        self._clock = clock
        self._alerts = alerts

    def posted(self, event: Posted) -> None:
        """May raise ChatUnavailable."""
        mode = self._watched_as(event)
        if mode is Mode.OFF:
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
            is_new = mode is Mode.THREAD and uow.placements.add_post(post)
            self._alerts.take_in(uow, event)
            if is_new:
                self._answer_under(uow, post)

    def _watched_as(self, event: Posted) -> Mode:
        with self._units.read() as uow:
            chosen = uow.preferences.channel(event.team_id, event.channel)
        if chosen.mode is not None or self._default_mode is Mode.OFF:
            return watched_as(chosen, self._default_mode, is_default=False)
        default = self._rooms.default()
        is_default = default is not None and default.to.channel == event.channel
        return watched_as(chosen, self._default_mode, is_default=is_default)

    def _answer_under(self, uow: UnitOfWork, post: ToolPost) -> None:
        """The alert may have been first: then its answer has waited for this post."""
        for incident in uow.incidents.active():
            if uow.outbox.destination(card_key(incident)) is not None:
                continue
            alerts = [stored.alert for stored in uow.alerts.of_incident(incident.id)]
            if post_about([post], alerts) is not None:
                look_again(uow, incident, f"post:{post.channel}:{post.ts}", self._clock)
