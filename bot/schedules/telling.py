"""Numbers, drafts and families in lines, with what they mean. Pure."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

from bot.chat.budget import Noise
from bot.chat.lines import spoken_length
from bot.chat.messages import BoardLine
from bot.drafts.model import Draft, DraftKind
from bot.schedules.families import FamilyCount
from bot.schedules.numbers import Numbers

MOST = 8
"""Lines of one kind; what is beyond is counted."""
_DRAFTS = {
    DraftKind.RECORD: "Record of",
    DraftKind.RUNBOOK_EDIT: "Edit of runbook",
    DraftKind.NOISE_RULE: "Noise rule about",
    DraftKind.PAGE_GONE: "Gone from its source:",
    DraftKind.DUPLICATE: "Duplicate page:",
    DraftKind.LEARNED_LINK: "One person's word on",
    DraftKind.MERGE: "Looks like a part of another incident:",
    DraftKind.SPLIT: "Looks like two incidents:",
}


def number_lines(numbers: Numbers) -> tuple[BoardLine, ...]:
    """How much came in and what became of it."""
    if not numbers.incidents:
        return (BoardLine(text="No incident opened"),)
    lines = [
        BoardLine(
            text=counted(numbers.incidents, "incident"),
            detail=f"the channel heard nothing of {numbers.silent}: nothing was close enough, "
            "or it wanted quiet"
            if numbers.silent
            else "the channels heard of all",
        )
    ]
    share = numbers.answered_share
    if share is not None:
        detail = f"something on record was close enough for {numbers.answered} of "
        lines.append(
            BoardLine(text=f"{share:.0%} answered", detail=f"{detail}{numbers.searched} searched")
        )
    if numbers.to_card is not None:
        lines.append(
            BoardLine(
                text=f"{spoken_length(numbers.to_card)} to the card",
                detail="from the first alert, in the median",
            )
        )
    return (*lines, opinion_line(numbers))


def opinion_line(numbers: Numbers) -> BoardLine:
    """What people said of the answers."""
    share = numbers.unwelcome_share
    if share is None:
        return BoardLine(text="Nobody said whether it helped", detail="the buttons do")
    return BoardLine(
        text=f"{numbers.helpful} helpful, {numbers.not_helpful} not, "
        f"{numbers.better_silent} better silent",
        detail=f"{share:.0%} of what people said was that it did not help",
    )


def noise_lines(noise: Noise, days: int, held_back: int) -> tuple[BoardLine, ...]:
    """What the bot said by itself, and whether that is within the limit."""
    state = (
        f"over the limit of {noise.limit} in {counted(noise.over, 'channel')}"
        if noise.is_over
        else f"within the limit of {noise.limit} a day and channel"
    )
    return (
        BoardLine(
            text=f"{noise.unasked / days:.1f} posts a day that nobody asked for",
            detail=f"{noise.busiest} on the busiest day of one channel, {state}",
        ),
        BoardLine(
            text=f"{counted(noise.posts, 'message')} and {counted(noise.edits, 'edit')}",
            detail=f"answers included; {counted(noise.pings, 'mention')} of people",
        ),
        BoardLine(
            text=f"{held_back} held back",
            detail="came later or not at all, because a channel had heard enough",
        ),
    )


def draft_lines(drafts: Sequence[Draft], now: datetime) -> tuple[BoardLine, ...]:
    """What waits for somebody's word, oldest first."""
    lines = [
        BoardLine(
            text=f"{_DRAFTS[draft.kind]} {draft.about}",
            detail=f"waits for {spoken_length((now - draft.made_at).total_seconds())}",
        )
        for draft in drafts[:MOST]
    ]
    return with_rest(lines, len(drafts))


def family_lines(
    families: Sequence[FamilyCount], said: Callable[[int], str]
) -> tuple[BoardLine, ...]:
    """Families with how often they were seen; `said` puts that number into words."""
    lines = [
        BoardLine(
            text=family.alert,
            detail=", ".join(part for part in (family.where, said(family.times)) if part),
        )
        for family in families[:MOST]
    ]
    return with_rest(lines, len(families))


def with_rest(lines: Iterable[BoardLine], total: int) -> tuple[BoardLine, ...]:
    """The lines, and a last one for those that were left out."""
    kept = tuple(lines)
    rest = total - len(kept)
    return (*kept, BoardLine(text=f"and {rest} more")) if rest > 0 else kept


def incidents_of(number: int) -> str:
    return counted(number, "incident")


def fired_this_week(number: int) -> str:
    return f"fired {counted(number, 'time')} in 7 days"


def counted(number: int, what: str) -> str:
    """`1 edit`, `2 edits`."""
    return f"{number} {what}{'' if number == 1 else 's'}"
