"""Which columns of a table people chose, remembered for the next file that has the same ones."""

from collections.abc import Mapping

from bot.clock import Clock
from bot.uow import UnitOfWorkFactory
from knowledge.loaders.incidents import IncidentFile

_MARK = "mapping:"


def chosen_columns(
    units: UnitOfWorkFactory, source: IncidentFile, chosen: Mapping[str, str], *, fresh: bool
) -> Mapping[str, str]:
    """Our field to their column: `chosen` where something is, else what was chosen the last time
    for a file with the same columns; {} with `fresh`."""
    if chosen or fresh:
        return chosen
    with units.read() as uow:
        kept = uow.marks.get(f"{_MARK}{source.signature}")
    return {str(field): str(column) for field, column in (kept or {}).items()}


def keep_columns(
    units: UnitOfWorkFactory, clock: Clock, source: IncidentFile, chosen: Mapping[str, str]
) -> None:
    """Remember them, in place of what was remembered; {} forgets it."""
    key = f"{_MARK}{source.signature}"
    with units.begin() as uow:
        before = uow.marks.get(key)
        if chosen and chosen != before:
            uow.marks.put(key, dict(chosen), clock.now())
        elif not chosen and before is not None:
            uow.marks.remove(key)
