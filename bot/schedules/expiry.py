"""Drafts that nobody decides on go away by themselves after a while."""

from datetime import datetime, timedelta

from bot.drafts.model import DraftKind, DraftState
from bot.people.model import SYSTEM
from bot.uow import UnitOfWork

KEPT_DAYS = 90
EXPIRED = "draft.expired"
"""The audit action; the digest counts it."""
_KINDS = (DraftKind.NOISE_RULE, DraftKind.RUNBOOK_EDIT, DraftKind.MERGE, DraftKind.SPLIT)
"""Records of incidents do not expire: what was learnt in them is learnt once only."""


def expire(uow: UnitOfWork, now: datetime) -> int:
    """Let what waited too long go, each on the audit record; returns how many."""
    done = 0
    for kind in _KINDS:
        for draft in uow.drafts.waiting(kind, limit=1_000):
            if now - draft.made_at < timedelta(days=KEPT_DAYS):
                break  # they come oldest first
            if uow.drafts.decide(draft.id, DraftState.EXPIRED, actor=SYSTEM.key, now=now):
                done += 1
                uow.audit.append(
                    at=now,
                    actor=SYSTEM.key,
                    action=EXPIRED,
                    subject=draft.subject,
                    data={"draft_id": draft.id, "kind": kind.value},
                )
    return done
