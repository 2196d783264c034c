"""How often the bot may speak up by itself. Pure.

A channel has two buckets of tokens: as many as it allows posts an hour, and as many as the
deployment allows a channel a day. A message that nobody asked for takes one of each, which are back
an hour and a day later; so within any hour, and any day, there are never more of them. Edits take
none, nor do answers to people. What is in a bucket follows from what was said within that time,
which is on record: replicas agree without a counter.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.chat.ports import SaidMessage

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
A_DAY = 50
"""Posts that nobody asked for, a day and channel, where nothing else was set."""
PINGS_AN_HOUR = 3
"""How often one person may be mentioned within an hour, over all channels."""

UNASKED = ("card:", "handover:", "reminder:", "digest:", "storm:", "cue:")
"""Beginnings of the keys of messages that the bot says by itself."""


def is_unasked(key: str) -> bool:
    """Whether the message of that key is one that nobody asked for."""
    return key.startswith(UNASKED)


def tokens(
    spent: Iterable[datetime], capacity: int, now: datetime, within: timedelta = HOUR
) -> int:
    """How many are left; below 0 where what is urgent spoke although none was. Each is back
    `within` after it was spent."""
    return capacity - sum(now < at + within for at in spent)


def next_token(
    spent: Sequence[datetime],
    capacity: int,
    now: datetime,
    waiting: int = 0,
    within: timedelta = HOUR,
) -> datetime:
    """When there is one for whoever stands behind `waiting` others: `now`, or later.

    Never more than `within` from now: past a whole bucket of others it is worth asking again
    then, because some of them may not want to speak any more. ValueError for a bucket that
    never holds one.
    """
    if capacity < 1:
        raise ValueError("a bucket without tokens lets nothing through, ever")
    back = sorted(at + within for at in spent if now < at + within)
    missing = len(back) + min(waiting, capacity - 1) + 1 - capacity
    return now if missing <= 0 else back[missing - 1]


@dataclass(frozen=True, slots=True)
class Noise:
    """What the bot said over some days. `unasked` of the `posts` were asked for by nobody.

    `busiest` is the most that one channel got unasked within one day, `over` in how many
    channels that was more than `limit`.
    """

    posts: int
    unasked: int
    edits: int
    pings: int
    busiest: int
    over: int
    limit: int

    @property
    def is_over(self) -> bool:
        return self.over > 0


def noise_of(said: Iterable[SaidMessage], now: datetime, limit: int) -> Noise:
    """The noise in what was said. Days are counted back from `now`, 24 hours each."""
    posts = edits = pings = unasked = 0
    days: Counter[tuple[str, int]] = Counter()
    for message in said:
        posts += 1
        edits += message.edits
        pings += len(message.people)
        if is_unasked(message.key):
            unasked += 1
            days[message.to.channel_key, (now - message.at) // DAY] += 1
    most: dict[str, int] = {}
    for (channel, _), number in days.items():
        most[channel] = max(number, most.get(channel, 0))
    return Noise(
        posts=posts,
        unasked=unasked,
        edits=edits,
        pings=pings,
        busiest=max(most.values(), default=0),
        over=sum(number > limit for number in most.values()),
        limit=limit,
    )
