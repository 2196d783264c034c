"""What a shadow week says: how often the bot would have been right, and how often heard. Pure."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.channels.model import Placement
from bot.suggestions.ports import Feedback

RIGHT, WRONG, NOISE = "graded_right", "graded_wrong", "graded_noise"
GRADE_WORDS = (RIGHT, WRONG, NOISE)
WEEK = timedelta(days=7)
ENOUGH = 20
"""Graded answers below which no advice is given: the interval is too wide to mean anything."""
GOOD = 0.8
"""The lower end of the precision's interval from which going on is advised."""
_Z95 = 1.959964


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One channel over a time. An answer is right when more graders said so than not."""

    days: float
    posts: int
    graded: int
    right: int
    noise: int

    @property
    def precision(self) -> float | None:
        return self.right / self.graded if self.graded else None

    @property
    def interval(self) -> tuple[float, float]:
        """95 % interval of the precision (Wilson's)."""
        return wilson(self.right, self.graded)

    @property
    def posts_a_day(self) -> float:
        return self.posts / self.days if self.days else 0.0

    @property
    def advice(self) -> str:
        """What the numbers speak for; never more than they carry."""
        if self.graded < ENOUGH:
            return f"Too few to go by: grade at least {ENOUGH} answers ({self.graded} so far)."
        low, high = self.interval
        if low >= GOOD:
            return "The numbers speak for going on to thread or card."
        if high < GOOD:
            return "The numbers speak for staying in shadow: import more past incidents first."
        return "Not clear yet: grade more answers, or go on with thread, the quieter of the two."


def wilson(successes: int, trials: int) -> tuple[float, float]:
    """Wilson's 95 % score interval; (0, 1) where nothing was tried."""
    if trials == 0:
        return 0.0, 1.0
    share = successes / trials
    spread = _Z95 * math.sqrt(share * (1 - share) / trials + (_Z95 / (2 * trials)) ** 2)
    centre = share + _Z95**2 / (2 * trials)
    scale = 1 + _Z95**2 / trials
    return max(0.0, (centre - spread) / scale), min(1.0, (centre + spread) / scale)


def report(
    placements: Sequence[Placement], grades: Iterable[Feedback], *, since: datetime, now: datetime
) -> Report:
    """The report over `placements` of one channel from `since` on and what graders said.

    The days count from the first incident that was placed, when that was later than `since`:
    a week that has only begun must not look quieter than it is.
    """
    shown = [one for one in placements if one.at >= since]
    by_answer: dict[str, list[str]] = {}
    there = {placement.incident_id for placement in shown}
    for word in grades:
        if word.incident_id in there and word.verdict in GRADE_WORDS:
            by_answer.setdefault(word.suggestion_id, []).append(word.verdict)
    first = min((one.at for one in shown), default=since)
    days = max((now - first) / timedelta(days=1), 1.0)
    return Report(
        days=days,
        posts=len(shown),
        graded=len(by_answer),
        right=sum(1 for words in by_answer.values() if 2 * words.count(RIGHT) > len(words)),
        noise=sum(1 for words in by_answer.values() if 2 * words.count(NOISE) > len(words)),
    )
