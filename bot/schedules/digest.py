"""The weekly digest for leads. `digest_board` is pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.channels.interrupting import held_back_since
from bot.chat.messages import Board, BoardLine, BoardPart
from bot.drafts.model import Draft
from bot.schedules.expiry import EXPIRED, KEPT_DAYS
from bot.schedules.facts import WEEK, drafts_for, families_without_runbook, numbers_for
from bot.schedules.families import FamilyCount
from bot.schedules.numbers import Numbers
from bot.schedules.telling import (
    counted,
    draft_lines,
    family_lines,
    incidents_of,
    noise_lines,
    number_lines,
)
from bot.uow import UnitOfWork
from knowledge.model import PUBLIC


@dataclass(frozen=True, slots=True)
class Week:
    """What a lead is told of a week. `expired` are drafts that nobody decided on in time."""

    now: datetime
    numbers: Numbers
    drafts: Sequence[Draft] = ()
    families: Sequence[FamilyCount] = ()
    held_back: int = 0
    expired: int = 0


def digest_board(week: Week) -> Board:
    """The digest as a page; it mentions nobody."""
    drafts = list(draft_lines(week.drafts, week.now))
    if week.expired:
        drafts.append(
            BoardLine(
                text=f"{counted(week.expired, 'draft')} expired",
                detail=f"nobody decided on them within {KEPT_DAYS} days",
            )
        )
    parts = (
        BoardPart(heading="The last 7 days", lines=number_lines(week.numbers)),
        BoardPart(heading="Waiting for a word", lines=tuple(drafts)),
        BoardPart(
            heading="Alerts without a runbook, last 30 days",
            lines=family_lines(week.families, incidents_of),
        ),
        BoardPart(
            heading="The bot's own noise",
            lines=noise_lines(week.numbers.noise, WEEK.days, week.held_back),
        ),
    )
    return Board(
        title="Recall's week",
        parts=tuple(part for part in parts if part.lines),
        note="Counted are incidents that everyone may see.",
    )


def week_of(uow: UnitOfWork, now: datetime, noise_limit: int) -> Week:
    """The week for readers of whom nothing is known but that they are leads."""
    return Week(
        now=now,
        numbers=numbers_for(uow, PUBLIC, now, noise_limit),
        drafts=drafts_for(uow, PUBLIC),
        families=families_without_runbook(uow, PUBLIC, now),
        held_back=held_back_since(uow, now - WEEK),
        expired=len(uow.audit.since(EXPIRED, now - WEEK)),
    )
