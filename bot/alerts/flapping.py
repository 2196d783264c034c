"""When an alert that comes and goes is flapping, and when it has come to rest. Pure.

Hysteresis: it takes several ends within a while to be called flapping, and a time without any turn
to be done with it. A turn is a change of status as it was accepted by `merge`, so late and
repeated deliveries are none.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.alerts.merge import MergeReason
from bot.alerts.model import AlertStatus, StoredAlert, Turning


@dataclass(frozen=True, slots=True)
class FlapRule:
    """An alert that ended `ends` times within three times `quiet` is flapping, until it has not
    turned for `quiet`. Zero: no alert ever is."""

    quiet: timedelta = timedelta(minutes=15)
    ends: int = 2

    @property
    def within(self) -> timedelta:
        return 3 * self.quiet


DEFAULT_RULE = FlapRule()


def is_at_rest(turning: Turning, now: datetime, rule: FlapRule) -> bool:
    """Whether it has not turned for so long that it is flapping no more (or never was)."""
    if turning.flapping_since is None or turning.turned_at is None or not rule.quiet:
        return True
    return now - turning.turned_at >= rule.quiet


def at_rest(turning: Turning) -> Turning:
    """The same, flapping no more; what it did before counts for nothing from now on."""
    return replace(turning, ends=(), flapping_since=None)


def turned(before: Turning, reason: MergeReason, at: datetime, rule: FlapRule) -> Turning:
    """How it turned lately, once a report merged for that reason was received at `at`.

    Whether it flapped is judged at its ends only, so that the incident that is held open for it
    is one that is open.
    """
    if reason not in _TURNS:
        return before
    # Two workers may take their batches in the other order than they were received in.
    at = max(at, before.turned_at or at)
    if before.is_flapping and is_at_rest(before, at, rule):
        before = at_rest(before)
    if reason is not MergeReason.RESOLVED:
        return replace(before, turned_at=at)
    if not rule.quiet:
        return Turning(turned_at=at)
    recent = tuple(end for end in (*before.ends, at) if at - end <= rule.within)[-rule.ends :]
    flaps = before.flapping_since or (at if len(recent) >= rule.ends else None)
    return Turning(turned_at=at, ends=recent, flapping_since=flaps)


def seen_status(stored: StoredAlert) -> AlertStatus:
    """Its status as an incident has to take it: one that flaps has not ended."""
    return AlertStatus.FIRING if stored.turning.is_flapping else stored.alert.status


def held_until_rest(rule: FlapRule) -> str:
    """What the rule does with an alert that flaps, for people."""
    ended = f"ended {rule.ends} times within {spoken(rule.within)}"
    return f"{ended}; its turns are held until it has kept still for {spoken(rule.quiet)}"


def spoken(length: timedelta) -> str:
    """A length of time for people, in whole minutes or else in seconds."""
    seconds = round(length.total_seconds())
    return f"{seconds} s" if seconds < 60 or seconds % 60 else f"{seconds // 60} min"


_TURNS = frozenset(
    {
        MergeReason.FIRST_SEEN,
        MergeReason.FIRES_AGAIN,
        MergeReason.RESOLVED,
        MergeReason.RESOLVED_UNSEEN,
    }
)
