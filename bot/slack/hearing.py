"""Since when the bot has been deaf: told by a mark that outlives the process.

While Slack can reach us, the mark says so every few seconds. Whoever comes back and finds it
old knows the gap, whatever the reason: sockets down, sockets stale, or nobody at home. Of
several fronts any one keeps the mark fresh, for Slack needs to reach but one.
"""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol, Self

from bot.canary.model import MESSAGE_KEY
from bot.clock import Clock
from bot.errors import Retryable
from bot.jobs.marks import HEARD
from bot.slack.echo import DELIVERED, Echo, listen
from bot.uow import UnitOfWork, UnitOfWorkFactory

_log = logging.getLogger(__name__)

GAP_JOB = "gap"
BEAT_SECONDS = 3.0
SILENT_SECONDS = 8.0
"""A mark that moves by more than this was still for too long: two beats and a late one."""
MARGIN_SECONDS = 5.0
"""How far Slack's clock may be from ours, and a message be under way; overlaps do no harm."""
LONGEST_GAP = timedelta(hours=24)
"""What is older is not read back: by then people have found other help."""


@dataclass(frozen=True, slots=True)
class Gap:
    """A time in which Slack could not reach the bot."""

    since: datetime
    until: datetime


def gap_between(before: datetime | None, heard: datetime, *, was_away: bool) -> Gap | None:
    """The gap that ends with `heard`, if there is one.

    `before` is the mark: None at the very first start, which misses nothing. `was_away` says
    that a connection was lost just before: then the shortest silence counts.
    """
    if before is None or heard <= before:
        return None
    silent = (heard - before).total_seconds()
    return Gap(before, heard) if was_away or silent > SILENT_SECONDS else None


class Sockets(Protocol):
    """What connections know of themselves."""

    def heard_at(self) -> datetime | None: ...
    def delivered_at(self) -> datetime | None: ...
    def replace(self) -> None: ...


class Hearing:
    """Keeps the mark, in a thread of its own; enqueues the repair of each gap, once.

    `heard_at` says when Slack was last known to reach us, None while it cannot. `delivered_at`
    is when an event came last, and `replace` gives connections up that deliver none (see echo).
    """

    def __init__(
        self,
        units: UnitOfWorkFactory,
        clock: Clock,
        heard_at: Callable[[], datetime | None],
        *,
        delivered_at: Callable[[], datetime | None] = lambda: None,
        replace: Callable[[], None] = lambda: None,
    ) -> None:
        self._units = units
        self._clock = clock
        self._heard_at = heard_at
        self._delivered_at = delivered_at
        self._replace = replace
        self._was_away = True
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="slack-hearing", daemon=True)

    @classmethod
    def over(cls, units: UnitOfWorkFactory, clock: Clock, sockets: Sockets) -> Self:
        """Hearing through Socket Mode."""
        return cls(
            units,
            clock,
            sockets.heard_at,
            delivered_at=sockets.delivered_at,
            replace=sockets.replace,
        )

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join(10.0)

    def lost(self) -> None:
        """A connection was lost, and nobody knows whether another one carried what came then:
        from now on the time since the last sign of life counts as a gap. Returns at once."""
        self._was_away = True
        self._wake.set()

    def look(self) -> None:
        """Something has changed; the mark is moved now and not at the next beat."""
        self._wake.set()

    def beat(self) -> Gap | None:
        """Move the mark; the gap that has just ended, if one has. Raises DatabaseBusy."""
        heard = self._heard_at()
        if heard is None:
            self._was_away = True
            return None
        was_away, self._was_away = self._was_away, False
        try:
            gap, is_deaf = self._mark(heard, was_away)
        except BaseException:
            self._was_away = self._was_away or was_away
            raise
        if gap is not None:
            _log.info("Slack reaches us again; what was missed is looked for")
        if is_deaf:
            _log.warning("connections answer pings and deliver nothing; they are replaced")
            self._replace()
        return gap

    def _mark(self, heard: datetime, was_away: bool) -> tuple[Gap | None, bool]:
        """The gap that has just ended, and whether the connections are deaf."""
        with self._units.begin() as uow:
            now = self._clock.now()
            found = uow.marks.get(HEARD)
            before = datetime.fromisoformat(found["at"]) if found is not None else None
            echo, is_deaf = self._listen(uow, now)
            if is_deaf and echo is not None:
                before, was_away = echo.at, True  # nothing has come since then
            elif before is not None and heard <= before:
                return None, False  # another front has heard later than we did
            gap = gap_between(before, heard, was_away=was_away)
            uow.marks.put(HEARD, {"at": heard.isoformat()}, now)
            if gap is not None:
                times = {"since": gap.since.isoformat(), "until": gap.until.isoformat()}
                key = f"{GAP_JOB}:{times['since']}"
                uow.jobs.add(f"{key}:0", GAP_JOB, {"gap": key, **times, "step": 0}, now)
        return gap, is_deaf

    def _listen(self, uow: UnitOfWork, now: datetime) -> tuple[Echo | None, bool]:
        canary = uow.outbox.progress(MESSAGE_KEY)
        before = Echo.of(uow.marks.get(DELIVERED))
        said_at = canary.sent_at if canary is not None else None
        echo, is_deaf = listen(before, self._delivered_at(), said_at, now)
        if echo is not None and echo != before:
            uow.marks.put(DELIVERED, echo.mark(), now)
        return echo, is_deaf

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._wake.clear()
            try:
                self.beat()
            except Retryable as error:
                _log.info("the mark of being reachable could not be moved: %s", error)
            except Exception:  # noqa: BLE001 - the thread must live on; logged whole
                _log.exception("the mark of being reachable could not be moved")
            self._wake.wait(BEAT_SECONDS)
