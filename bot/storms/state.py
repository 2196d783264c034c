"""The storm that is on, as it is kept among the marks: it must outlive every process."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from bot.storms.model import Channel, Storm
from bot.uow import UnitOfWork

MARK = "storm"


def load(uow: UnitOfWork) -> Storm | None:
    """The storm, locked in a unit that may write. None while there is none."""
    value = uow.marks.get(MARK)
    return None if value is None else _storm(value)


def save(uow: UnitOfWork, storm: Storm, now: datetime) -> None:
    uow.marks.put(MARK, _value(storm), now)


def forget(uow: UnitOfWork) -> None:
    uow.marks.remove(MARK)


def _value(storm: Storm) -> Mapping[str, Any]:
    return {
        "began_at": storm.began_at.isoformat(),
        "last_at": storm.last_at.isoformat(),
        "over_at": _spelled(storm.over_at),
        "places": sorted(list(place) for place in storm.places),
        "incidents": sorted(storm.incidents),
        "channels": [
            {
                "team_id": one.team_id,
                "channel": one.channel,
                "thread": one.thread,
                "incidents": list(one.incidents),
                "told_at": _spelled(one.told_at),
                "is_told_of_end": one.is_told_of_end,
            }
            for one in storm.channels
        ],
    }


def _storm(value: Mapping[str, Any]) -> Storm:
    return Storm(
        began_at=datetime.fromisoformat(value["began_at"]),
        last_at=datetime.fromisoformat(value["last_at"]),
        over_at=_read(value["over_at"]),
        places=frozenset((service, environment) for service, environment in value["places"]),
        incidents=frozenset(value["incidents"]),
        channels=tuple(
            Channel(
                team_id=one["team_id"],
                channel=one["channel"],
                thread=one["thread"],
                incidents=tuple(one["incidents"]),
                told_at=_read(one["told_at"]),
                is_told_of_end=one["is_told_of_end"],
            )
            for one in value["channels"]
        ),
    )


def _spelled(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment is not None else None


def _read(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text is not None else None
