"""Noise rules that leads accepted, as rules in force beside those of the team's file."""

from dataclasses import replace
from datetime import datetime, timedelta
from glob import escape

from bot.alerts.noise import Matcher, Minimum, NoiseRules, Silence
from bot.drafts.model import Draft, DraftKind
from bot.drafts.ports import DraftRepository

HOLD_BACK, SILENCE = "hold_back", "silence"
TWICE = 2
WITHIN = timedelta(minutes=10)
"""What is held back is told once it is reported this often within this time."""
_MOST = 1_000


def with_accepted(rules: NoiseRules, drafts: DraftRepository, now: datetime) -> NoiseRules:
    """`rules`, followed by the accepted ones that have not run out; the very same where there
    are none."""
    accepted = [
        one for one in drafts.accepted(DraftKind.NOISE_RULE, limit=_MOST) if in_force(one, now)
    ]
    if not accepted:
        return rules
    oldest_first = sorted(accepted, key=lambda one: one.id)
    silences = [_silence(one) for one in oldest_first if one.content.get("what") == SILENCE]
    minimums = [
        Minimum(about=_about(one), count=TWICE, within=WITHIN)
        for one in oldest_first
        if one.content.get("what") == HOLD_BACK
    ]
    return replace(
        rules,
        silences=(*rules.silences, *silences),
        minimums=(*rules.minimums, *minimums),
    )


def in_force(draft: Draft, now: datetime) -> bool:
    """Whether an accepted rule names an alert and has not run out."""
    until = ends_at(draft)
    return bool(draft.content.get("alert")) and (until is None or now < until)


def ends_at(draft: Draft) -> datetime | None:
    """When the rule runs out, counted from when it was accepted; None for never."""
    seconds = draft.content.get("seconds")
    if not isinstance(seconds, int) or draft.decided_at is None:
        return None
    return draft.decided_at + timedelta(seconds=seconds)


def _silence(draft: Draft) -> Silence:
    reason = " ".join(str(draft.content.get("why") or "a lead accepted it").split())[:200]
    return Silence(about=_about(draft), reason=reason, until=ends_at(draft))


def _about(draft: Draft) -> Matcher:
    """The very names that were proposed: what is a pattern's sign in them means itself."""
    return Matcher(
        name=escape(str(draft.content.get("alert") or "")),
        service=escape(str(draft.content.get("service") or "")),
        environment=escape(str(draft.content.get("environment") or "")),
    )
