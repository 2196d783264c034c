"""Putting on record what the configuration is, whenever it is not that of the last start."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from bot.uow import UnitOfWorkFactory

_EVER = datetime(1970, 1, 1, tzinfo=UTC)
_LOOKED_AT = 200


def note_configuration(
    units: UnitOfWorkFactory,
    facts: Mapping[str, Mapping[str, Any]],
    *,
    process: str,
    now: datetime,
) -> list[str]:
    """An event `config.NAME` for each of `facts` that is not what this kind of process noted last;
    gives the names. What is empty and was never noted is not noted."""
    changed: list[str] = []
    with units.begin() as uow:
        for name, value in facts.items():
            action = f"config.{name}"
            events = uow.audit.since(action, _EVER, _LOOKED_AT)
            last = next((one.data for one in events if one.subject == process), None)
            before = dict(last["now"]) if last is not None else None
            if before == dict(value) or (before is None and not any(value.values())):
                continue
            keys = sorted(
                key
                for key in {*value, *(before or {})}
                if (before or {}).get(key) != value.get(key)
            )
            uow.audit.append(
                at=now,
                actor="recall/system",
                action=action,
                subject=process,
                data={"changed": keys, "now": dict(value)},
            )
            changed.append(name)
    return changed
