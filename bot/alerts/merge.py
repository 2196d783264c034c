"""What a new report of an alert means, given what is known of it. Pure: values and time in."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from bot.alerts.model import Alert, AlertStatus, StoredAlert
from knowledge.text.masking import mask

LATE_WITHIN = timedelta(minutes=5)
"""How long after a resolve the same episode, reported as firing, is a straggler.

Senders retry for about that long, and Alertmanager speaks again no sooner (its group_interval
is five minutes). After it the alert really fires: a sender that restarted reports the old start.
"""
CLOCK_SKEW = timedelta(days=1)
"""A start further ahead than this is no start; it would make every later report look old."""


class MergeReason(StrEnum):
    FIRST_SEEN = "first seen"
    FIRES_AGAIN = "fires again"
    CHANGED = "changed while firing"
    REPEAT = "repeat"
    STILL_FIRES = "still fires, though its incident was ended"
    RESOLVED = "resolved"
    RESOLVED_UNSEEN = "resolved, and never seen firing"
    LATE = "late: older than what is known"


@dataclass(frozen=True, slots=True)
class MergeResult:
    """`alert` is what is known from now on; for LATE that is what was known before."""

    alert: Alert
    reason: MergeReason

    @property
    def is_news(self) -> bool:
        """Whether an incident must show it."""
        return self.reason in _NEWS

    @property
    def is_kept(self) -> bool:
        """Whether the report counts as seen and is stored."""
        return self.reason is not MergeReason.LATE


_NEWS = frozenset(
    {
        MergeReason.FIRST_SEEN,
        MergeReason.FIRES_AGAIN,
        MergeReason.CHANGED,
        MergeReason.RESOLVED,
    }
)


def merge(previous: StoredAlert | None, incoming: Alert, now: datetime) -> MergeResult:
    """Fold `incoming`, received at `now`, into what is known of its fingerprint."""
    incoming = _sane(incoming if previous is None else _filled(incoming, previous.alert), now)
    firing = incoming.status is AlertStatus.FIRING
    if previous is None:
        return MergeResult(
            incoming, MergeReason.FIRST_SEEN if firing else MergeReason.RESOLVED_UNSEEN
        )
    known = previous.alert
    if _is_late(previous, incoming, now):
        return MergeResult(known, MergeReason.LATE)
    was_firing = known.status is AlertStatus.FIRING
    if firing and not was_firing:
        return MergeResult(incoming, MergeReason.FIRES_AGAIN)
    merged = replace(incoming, starts_at=incoming.starts_at or known.starts_at)
    if not firing:
        return MergeResult(merged, MergeReason.RESOLVED if was_firing else MergeReason.REPEAT)
    same = _telling(known) == _telling(merged)
    return MergeResult(merged, MergeReason.REPEAT if same else MergeReason.CHANGED)


def _sane(alert: Alert, now: datetime) -> Alert:
    starts_at = alert.starts_at
    if starts_at is not None and starts_at > now + CLOCK_SKEW:
        starts_at = None
    ends_at = alert.ends_at
    if alert.status is AlertStatus.RESOLVED and (ends_at is None or ends_at > now):
        ends_at = now
    if starts_at == alert.starts_at and ends_at == alert.ends_at:
        return alert
    return replace(alert, starts_at=starts_at, ends_at=ends_at)


def _filled(incoming: Alert, known: Alert) -> Alert:
    """A resolve that names no more than its alert's key, with what is known of the alert."""
    if incoming.status is not AlertStatus.RESOLVED or incoming.labels or incoming.summary:
        return incoming
    return replace(known, status=incoming.status, ends_at=incoming.ends_at)


def _is_late(previous: StoredAlert, incoming: Alert, now: datetime) -> bool:
    known = previous.alert
    if known.starts_at is None or incoming.starts_at is None:
        return False
    if incoming.starts_at < known.starts_at:
        return True
    return (
        incoming.starts_at == known.starts_at
        and incoming.status is AlertStatus.FIRING
        and known.status is AlertStatus.RESOLVED
        and now - previous.last_seen_at < LATE_WITHIN
    )


def _telling(alert: Alert) -> tuple[object, ...]:
    """What makes a repeat worth showing: not the current value in the text, but its words."""
    texts = (alert.summary, alert.description)
    return (alert.name, alert.severity, alert.runbook_url, *(mask(text) for text in texts))
