"""The watch: judges the newest canary, warns once when one is late, and beats the heart.

A dead bot cannot warn of itself. So each canary that comes through in time pings an address
outside, and one that is late or lost does not: whoever listens there raises the alarm.
"""

import logging
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from bot.canary.heartbeat import Heartbeat
from bot.canary.model import (
    JUDGED,
    MESSAGE_KEY,
    RUN,
    SENT,
    Judgement,
    Plan,
    Run,
    Verdict,
    judge,
    run_of,
)
from bot.chat.messages import Notice
from bot.chat.ports import CardRoom, Destination
from bot.clock import Clock
from bot.errors import RecallError
from bot.uow import UnitOfWork, UnitOfWorkFactory

_log = logging.getLogger(__name__)

WATCH_SECONDS = 5.0
_WARNING = "canary:warning:"


class CanaryWatch:
    """`look` is for a tick of the engine. `room` is where the bot tells of itself.

    Of several engines each looks; the judgement is made in one transaction, so one of them
    warns and one of them pings.
    """

    def __init__(
        self,
        units: UnitOfWorkFactory,
        plan: Plan,
        room: Callable[[], CardRoom | None],
        heartbeat: Heartbeat,
        clock: Clock,
    ) -> None:
        self._units = units
        self._plan = plan
        self._room = room
        self._heartbeat = heartbeat
        self._clock = clock
        self._since = clock.now()

    def look(self) -> None:
        """Never raises for a database or a chat that is away: the next look comes soon."""
        try:
            if self._judge():
                self._heartbeat.beat()
        except RecallError as error:
            _log.warning("the canary could not be judged: %s", error)

    def _judge(self) -> bool:
        """Whether a canary has just been found to be in time."""
        with self._units.read() as uow:
            run, before = _newest(uow), uow.marks.get(JUDGED)
        found = judge(run, self._plan, self._clock.now(), self._since)
        if not _is_news(found, run, before):
            return False
        room = None if found.verdict.is_well else self._where()
        with self._units.begin() as uow:
            run, before = _newest(uow), uow.marks.get(JUDGED)
            now = self._clock.now()
            found = judge(run, self._plan, now, self._since)
            if not _is_news(found, run, before):
                return False
            self._keep(uow, found, run, before, room, now)
        return found.verdict is Verdict.IN_TIME

    def _where(self) -> Destination | None:
        try:
            room = self._room()
        except RecallError as error:
            _log.warning("there is no channel to warn in: %s", error)
            return None
        return room.to if room is not None else None

    def _keep(
        self,
        uow: UnitOfWork,
        found: Judgement,
        run: Run | None,
        before: Mapping[str, Any] | None,
        to: Destination | None,
        now: datetime,
    ) -> None:
        """Note it; the first bad one of a row opens an episode, and a good one ends it."""
        episode = _episode(before)
        if found.verdict.is_well:
            if episode:
                text = f"The canary is in time again since {now:%H:%M} UTC ({_took(found)})."
                _log.warning("%s", text)
                uow.outbox.update_if_posted(f"{_WARNING}{episode}", Notice(text=text), now)
            episode = ""
        else:
            is_first = not episode
            episode = episode or now.isoformat()
            text = f"Recall is slow or stuck: {_told(found, self._plan)}"
            if is_first:
                _log.warning("%s", text)
            if to is not None:
                uow.outbox.put(f"{_WARNING}{episode}", to, Notice(text=text), now)
        mark = {
            "id": run.id if run is not None else None,
            "verdict": found.verdict.value,
            "seconds": found.seconds,
            "up_to": run.up_to if run is not None else None,
            "at": now.isoformat(),
            "episode": episode,
        }
        uow.marks.put(JUDGED, mark, now)


def _newest(uow: UnitOfWork) -> Run | None:
    progress = uow.outbox.progress(MESSAGE_KEY)
    return run_of(
        uow.marks.get(SENT),
        uow.marks.get(RUN),
        progress.sent if progress is not None else 0,
        progress.sent_at if progress is not None else None,
    )


def _is_news(found: Judgement, run: Run | None, before: Mapping[str, Any] | None) -> bool:
    """A canary is judged for good once; after that only the silence that follows is news."""
    if found.verdict is Verdict.WAITING:
        return False
    if before is None or before["id"] != (run.id if run is not None else None):
        return True
    known = Verdict(before["verdict"])
    if known is Verdict.OVERDUE:
        return found.verdict is not Verdict.OVERDUE
    return found.verdict is Verdict.SILENT and known is not Verdict.SILENT


def _episode(before: Mapping[str, Any] | None) -> str:
    """When the present row of late canaries began; empty while all is well."""
    return str(before["episode"]) if before is not None else ""


def _took(found: Judgement) -> str:
    return f"{found.seconds:.1f} s from alert to card" if found.seconds is not None else ""


def _told(found: Judgement, plan: Plan) -> str:
    limit = f"the limit is {plan.limit.total_seconds():.0f} s"
    if found.verdict is Verdict.SILENT:
        minutes = plan.silence.total_seconds() / 60
        return f"no canary alert was sent for {minutes:.0f} minutes. Run `recall doctor`."
    if found.verdict is Verdict.OVERDUE:
        return (
            f"the canary alert has not come through ({limit}). "
            "Run `recall doctor`, and look at /healthz."
        )
    return f"the canary alert took {_took(found)} ({limit}). Look at /healthz and the load."
