"""A file and an edit made here that do not fit each other: a proposal for a lead to decide on."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot.drafts.model import Draft, DraftKind
from bot.uow import UnitOfWork


@dataclass(frozen=True, slots=True)
class Conflict:
    """`text` is the whole page with both sides between marks, made of `base_version`."""

    document_id: str
    base_version: int
    text: str
    reason: str
    source: str


def propose(uow: UnitOfWork, conflict: Conflict, *, actor: str, now: datetime) -> None:
    """Let the page wait in the review queue; a later state of the same file takes the place of an
    earlier one that nobody decided on."""
    content: dict[str, Any] = {
        "problem": f"From {conflict.source}: {conflict.reason}",
        "text": conflict.text,
        "whole_page": True,
        "base_version": conflict.base_version,
        "source": conflict.source,
    }
    for draft in uow.drafts.waiting(DraftKind.RUNBOOK_EDIT, conflict.document_id):
        if draft.content.get("source") == conflict.source:
            uow.drafts.edit(draft.id, content)
            return
    uow.drafts.add(
        Draft(
            kind=DraftKind.RUNBOOK_EDIT,
            subject=conflict.document_id,
            content=content,
            made_by=actor,
            made_at=now,
        )
    )
