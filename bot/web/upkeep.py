"""What the bot knows of its own well-being, out of the database, for /healthz and /metrics."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bot.canary.model import JUDGED, Verdict
from bot.chat.troubles import troubles
from bot.jobs.marks import LAST_GAP
from bot.uow import UnitOfWork


@dataclass(frozen=True, slots=True)
class Upkeep:
    """`canary` is the mark of the newest judgement, `last_gap` that of the last deafness."""

    canary: Mapping[str, Any] | None
    troubles: tuple[Mapping[str, Any], ...]
    last_gap: Mapping[str, Any] | None


def upkeep(uow: UnitOfWork) -> Upkeep:
    found = [
        {
            "channel": one.channel,
            "since": one.since.isoformat(),
            "messages": one.messages,
            "error": one.error,
        }
        for one in troubles(uow)
    ]
    return Upkeep(uow.marks.get(JUDGED), tuple(found), uow.marks.get(LAST_GAP))


def canary_part(mark: Mapping[str, Any] | None) -> Mapping[str, Any]:
    """How the last canary fared; well where none has been judged yet."""
    if mark is None:
        return {"ok": True, "verdict": None}
    shown = {name: mark[name] for name in ("verdict", "seconds", "up_to", "at")}
    return {"ok": Verdict(mark["verdict"]).is_well, **shown}
