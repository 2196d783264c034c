"""Sockets that answer pings and deliver nothing: found out by the bot's own voice.

Slack tells the bot of its own messages too. A canary's message that stands in its channel, and
of which no event comes, means that the connections are deaf however alive they look.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

DELIVERED = "slack:delivered"
"""The mark: when an event came last, and whether one ever came after a canary."""
ECHO_SECONDS = 20.0
_EARLY = timedelta(seconds=5)
"""The event may be here before the call that posted the message has returned."""


@dataclass(frozen=True, slots=True)
class Echo:
    """What is known: when an event came last, whether canaries are echoed here at all (events
    of the canary's channel may not be subscribed), for which canary connections were replaced."""

    at: datetime
    is_heard: bool = False
    replaced_for: str = ""

    @classmethod
    def of(cls, mark: Mapping[str, Any] | None) -> "Echo | None":
        if mark is None:
            return None
        return cls(datetime.fromisoformat(mark["at"]), mark["is_heard"], mark["replaced_for"])

    def mark(self) -> Mapping[str, Any]:
        return {
            "at": self.at.isoformat(),
            "is_heard": self.is_heard,
            "replaced_for": self.replaced_for,
        }


def listen(
    before: Echo | None, delivered: datetime | None, canary: datetime | None, now: datetime
) -> tuple[Echo | None, bool]:
    """What is known from now on, and whether the connections must be replaced: once a canary.

    `delivered` is when this front got its last event, `canary` when the newest canary was said.
    """
    times = [at for at in (delivered, before.at if before else None) if at is not None]
    if not times:
        return None, False
    known = before or Echo(max(times))
    echo = Echo(max(times), known.is_heard, known.replaced_for)
    if canary is None:
        return echo, False
    if echo.at >= canary - _EARLY:
        return Echo(echo.at, True, echo.replaced_for), False
    name = canary.isoformat()
    is_deaf = (now - canary).total_seconds() > ECHO_SECONDS
    if not (is_deaf and echo.is_heard) or echo.replaced_for == name:
        return echo, False
    return Echo(echo.at, echo.is_heard, name), True
