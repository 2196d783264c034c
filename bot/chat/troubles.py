"""What the platform refuses us, where, and since when: for the administrator.

What could not be said is in the outbox; what could not be read is kept as marks.
"""

from collections.abc import Sequence
from datetime import datetime

from bot.chat.ports import Trouble
from bot.uow import UnitOfWork

_PREFIX = "trouble:"
_SHOWN = 20
_LOOKED_AT = 200


def troubles(uow: UnitOfWork, limit: int = _SHOWN) -> Sequence[Trouble]:
    """Both kinds, those of messages first; a success in the same place ends a trouble."""
    marks = uow.marks.under(_PREFIX).values()
    unread = [
        Trouble(
            team_id=mark["team_id"],
            channel=mark["channel"],
            since=datetime.fromisoformat(mark["since"]),
            messages=0,
            error=mark["error"],
        )
        for mark in marks
    ]
    return [*uow.outbox.troubles(limit), *unread][:limit]


def is_in_trouble(uow: UnitOfWork, team_id: str, channel: str) -> bool:
    """Whether what was said last in the channel was refused."""
    there = (team_id, channel)
    return any((one.team_id, one.channel) == there for one in uow.outbox.troubles(_LOOKED_AT))


def note_trouble(uow: UnitOfWork, team_id: str, channel: str, error: str, now: datetime) -> None:
    """It cannot be read (again): since when is kept from the first time."""
    key = f"{_PREFIX}{channel}"
    before = uow.marks.get(key)
    since = before["since"] if before is not None else now.isoformat()
    mark = {"team_id": team_id, "channel": channel, "since": since, "error": error}
    uow.marks.put(key, mark, now)


def known_trouble(uow: UnitOfWork, channel: str) -> str:
    """What was noted of that place last; "" for nothing."""
    mark = uow.marks.get(f"{_PREFIX}{channel}")
    return str(mark["error"]) if mark is not None else ""


def forget_trouble(uow: UnitOfWork, channel: str) -> None:
    uow.marks.remove(f"{_PREFIX}{channel}")
