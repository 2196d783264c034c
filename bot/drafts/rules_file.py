"""Noise rules that leads accepted, as lines of a file and back."""

import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from pydantic import ConfigDict, Field, ValidationError

from bot.drafts.accepted_noise import HOLD_BACK, SILENCE
from bot.drafts.model import Draft, DraftKind, DraftState
from bot.suggestions.model import Value
from bot.uow import UnitOfWork

RULES = "noise.jsonl"
MOST = 10_000
_LONGEST = 1_000


class _Rule(Value):
    model_config = ConfigDict(frozen=True, extra="forbid")

    subject: str = Field(max_length=_LONGEST)
    content: dict[str, Any]
    made_by: str = Field(max_length=_LONGEST)
    made_at: datetime
    decided_by: str = Field(max_length=_LONGEST)
    decided_at: datetime


def lines_of(uow: UnitOfWork) -> bytes:
    """The file: every accepted rule, those that have run out too; one text for one state."""
    rules = [
        _Rule(
            subject=one.subject,
            content=one.content,
            made_by=one.made_by,
            made_at=one.made_at,
            decided_by=one.decided_by or "",
            decided_at=one.decided_at or one.made_at,
        ).model_dump(mode="json")
        for one in uow.drafts.accepted(DraftKind.NOISE_RULE, limit=MOST)
    ]
    texts = sorted(json.dumps(rule, ensure_ascii=False, sort_keys=True) for rule in rules)
    return "".join(f"{text}\n" for text in texts).encode("utf-8", "replace")


def take_in(uow: UnitOfWork, lines: Iterable[bytes]) -> tuple[int, int, list[tuple[int, str]]]:
    """Accept again what a file says: (added, unchanged, lines that cannot be read with why)."""
    there = {_identity(one) for one in uow.drafts.accepted(DraftKind.NOISE_RULE, limit=MOST)}
    added = unchanged = 0
    failed: list[tuple[int, str]] = []
    for number, text in enumerate(lines, 1):
        if not text.strip():
            continue
        try:
            draft = _draft(text)
        except (ValidationError, ValueError, RecursionError):
            failed.append((number, "is no noise rule"))
            continue
        if _identity(draft) in there:
            unchanged += 1
            continue
        there.add(_identity(draft))
        uow.drafts.add(draft)
        added += 1
    return added, unchanged, failed


def _draft(text: bytes) -> Draft:
    rule = _Rule.model_validate(json.loads(text))
    if rule.made_at.tzinfo is None or rule.decided_at.tzinfo is None:
        raise ValueError("a time has no zone")
    alert, what = rule.content.get("alert"), rule.content.get("what")
    if what not in (HOLD_BACK, SILENCE) or not isinstance(alert, str) or not alert:
        raise ValueError("it says not what to hold back")
    return Draft(
        kind=DraftKind.NOISE_RULE,
        state=DraftState.ACCEPTED,
        **rule.model_dump(exclude={"made_at", "decided_at"}),
        made_at=rule.made_at,
        decided_at=rule.decided_at,
    )


def _identity(draft: Draft) -> tuple[str, str, datetime | None]:
    return draft.subject, json.dumps(draft.content, sort_keys=True), draft.decided_at
