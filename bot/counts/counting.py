"""Counting before anybody asks. The engine's tick does it; the console reads what it left.

A page never waits for a count that is there, however old: it says when it was made. Where there is
none at all, or one so old that no engine can be counting, whoever asks counts.
"""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta

from pydantic import TypeAdapter

from bot.clock import Clock
from bot.counts.keeping import Counted, Kept
from bot.counts.looked import Besides, Looked, for_everyone, look
from bot.counts.weeks import Span, begins_of_weeks, is_over, span_of
from bot.drafts.coverage import Gaps
from bot.errors import DataError, Retryable
from bot.uow import UnitOfWorkFactory
from knowledge.errors import KnowledgeError

_log = logging.getLogger(__name__)

EVERY = timedelta(minutes=10)
"""How often coverage is counted."""
WEEKS_EVERY = timedelta(hours=1)
"""How often weeks that are over are: a word on an old answer still comes now and then."""
OLDEST = timedelta(hours=3)
"""A count that is older was left by an engine that is gone."""
TICK_SECONDS = 60.0

_LOOKED = "looked"
_looked_form = TypeAdapter(Looked)
_span_form = TypeAdapter(Span)

Tick = tuple[float, str, Callable[[], None]]


class Counts:
    """`noise_limit` is how many unasked posts a day and channel are too many."""

    def __init__(
        self,
        units: UnitOfWorkFactory,
        clock: Clock,
        gaps: Gaps,
        beside: Besides,
        noise_limit: int,
    ) -> None:
        self._units = units
        self._clock = clock
        self._gaps = gaps
        self._beside = beside
        self._noise_limit = noise_limit
        self._looked = Kept("counted:", _looked_form)
        self._weeks = Kept("counted:week:", _span_form)

    def coverage(self, *, fresh: bool = False) -> Counted[Looked]:
        """Coverage and staleness as they were counted last; counted now on `fresh`. Raises
        DataError and BadDocument where a file that is compared with cannot be read."""
        if not fresh:
            with self._units.read() as uow:
                kept = self._looked.get(uow, _LOOKED)
                if kept is not None and self._is_young(kept, OLDEST):
                    return Counted(kept.at, for_everyone(uow, kept.value))
        return self._look()

    def weeks(self) -> list[Span]:
        """The last weeks, the one that still goes on first. Those that are not over are counted
        now."""
        now = self._clock.now()
        new: dict[datetime, Span] = {}
        spans = []
        with self._units.read() as uow:
            known = self._weeks.everything(uow)
            for begins in begins_of_weeks(now):
                kept = known.get(_name(begins))
                if kept is not None and is_over(begins, kept.at) and self._is_young(kept, OLDEST):
                    spans.append(kept.value)
                    continue
                span = span_of(uow, begins, self._noise_limit)
                spans.append(span)
                if is_over(begins, now):
                    new[begins] = span
        if new:
            with self._units.begin() as uow:
                for begins, span in new.items():
                    self._weeks.put(uow, _name(begins), span, now)
        return spans

    def keep_up(self) -> bool:
        """Count what is due; whether something was. Safe to be done by several replicas at once:
        they count the same."""
        with self._units.read() as uow:
            looked = self._looked.get(uow, _LOOKED)
        is_due = looked is None or not self._is_young(looked, EVERY)
        if is_due:
            self._look()
        return self._keep_up_weeks() or is_due

    def _keep_up_weeks(self) -> bool:
        """One transaction a week: none of them lasts."""
        now = self._clock.now()
        wanted = {_name(begins): begins for begins in begins_of_weeks(now) if is_over(begins, now)}
        with self._units.read() as uow:
            known = self._weeks.everything(uow)
        due = [
            (name, begins)
            for name, begins in wanted.items()
            if name not in known or not self._is_young(known[name], WEEKS_EVERY)
        ]
        for name, begins in due:
            with self._units.read() as uow:
                span = span_of(uow, begins, self._noise_limit)
            with self._units.begin() as uow:
                self._weeks.put(uow, name, span, now)
        gone = known.keys() - wanted.keys()
        if gone:
            with self._units.begin() as uow:
                for name in gone:
                    self._weeks.remove(uow, name)
        return bool(due)

    def _look(self) -> Counted[Looked]:
        now = self._clock.now()
        looked = look(self._gaps, self._beside())
        with self._units.begin() as uow:
            return self._looked.put(uow, _LOOKED, looked, now)

    def _is_young(self, kept: Counted[Looked] | Counted[Span], longest: timedelta) -> bool:
        return kept.at <= self._clock.now() < kept.at + longest


def counting_tick(counts: Counts) -> Tick:
    """What the engine has to do every so many seconds. A file that cannot be read is told in the
    log, and on the page by whoever asks it to count."""

    def keep_up() -> None:
        try:
            counts.keep_up()
        except (Retryable, DataError, KnowledgeError) as error:
            _log.warning("counting: %s; the next tick tries again", error)

    return (TICK_SECONDS, "counting", keep_up)


def _name(begins: datetime) -> str:
    return f"{begins:%Y-%m-%d}"
