"""A draft, and what becomes of it."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from bot.suggestions.model import Value


class DraftKind(StrEnum):
    RECORD = "record"
    RUNBOOK_EDIT = "runbook_edit"
    NOISE_RULE = "noise_rule"
    PAGE_GONE = "page_gone"
    """A page that is gone from the source it came from: retire it, or keep it here?"""

    DUPLICATE = "duplicate"
    """Two pages that say nearly the same: retire the other one?"""
    LEARNED_LINK = "learned_link"
    """One person's word on a case: should it hold for all alerts of the kind?"""

    MERGE = "merge"
    """An incident that looks like a part of another one."""
    SPLIT = "split"
    """Alerts that have nothing in common with the others of their incident."""


class DraftState(StrEnum):
    WAITING = "waiting"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    REPLACED = "replaced"
    EXPIRED = "expired"


class Draft(Value):
    """Something proposed. `subject` names what it is about (an incident's key, a document id);
    `content` is a JSON object whose shape follows from the kind. People are actor keys."""

    id: int = 0
    kind: DraftKind
    subject: str
    content: dict[str, Any]
    state: DraftState = DraftState.WAITING
    made_by: str
    made_at: datetime
    decided_by: str | None = None
    decided_at: datetime | None = None

    @property
    def about(self) -> str:
        """What it is about, for people: a noise rule's subject is the key of a family of alerts,
        which tells nobody anything."""
        alert = self.content.get("alert")
        if self.kind is not DraftKind.NOISE_RULE or not alert:
            return self.subject
        where = [self.content.get(name) for name in ("service", "environment")]
        told = ", ".join(str(one) for one in where if one)
        return f"{alert} ({told})" if told else str(alert)
