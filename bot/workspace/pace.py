"""Slack's limit of about one message a second and channel, for those who want to feel it."""

import math
from collections.abc import Callable

from bot.workspace.errors import SlackError


class Pace:
    """Lets the app post in a channel every `interval` seconds, or always when that is None."""

    def __init__(self, clock: Callable[[], float], interval: float | None) -> None:
        self._clock = clock
        self._interval = interval
        self._last: dict[str, float] = {}

    def check(self, channel: str) -> None:
        """Count a message. Raises SlackError (ratelimited) with `retry_after` in seconds."""
        if self._interval is None:
            return
        now = self._clock()
        wait = self._last.get(channel, -math.inf) + self._interval - now
        if wait > 0:
            raise SlackError("ratelimited", retry_after=math.ceil(wait))
        self._last[channel] = now
