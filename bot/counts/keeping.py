"""Counts kept in the database, each with the moment it was made."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

from pydantic import TypeAdapter, ValidationError

from bot.uow import UnitOfWork

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Counted(Generic[T]):
    at: datetime
    value: T


class Kept(Generic[T]):
    """Values of one type by name. What another version of the bot kept, in a form that this one
    cannot read, is as if it were not there: all of it can be counted again."""

    def __init__(self, prefix: str, form: TypeAdapter[T]) -> None:
        self._prefix = prefix
        self._form = form

    def get(self, uow: UnitOfWork, name: str) -> Counted[T] | None:
        return self._read(uow.marks.get(f"{self._prefix}{name}"))

    def everything(self, uow: UnitOfWork) -> Mapping[str, Counted[T]]:
        """By name, what can be read."""
        found = {
            key.removeprefix(self._prefix): self._read(value)
            for key, value in uow.marks.under(self._prefix).items()
        }
        return {name: counted for name, counted in found.items() if counted is not None}

    def put(self, uow: UnitOfWork, name: str, value: T, now: datetime) -> Counted[T]:
        kept = {"at": now.isoformat(), "value": self._form.dump_python(value, mode="json")}
        uow.marks.put(f"{self._prefix}{name}", kept, now)
        return Counted(now, value)

    def remove(self, uow: UnitOfWork, name: str) -> None:
        uow.marks.remove(f"{self._prefix}{name}")

    def _read(self, kept: Mapping[str, Any] | None) -> Counted[T] | None:
        if kept is None:
            return None
        try:
            at = datetime.fromisoformat(kept["at"])
            return Counted(at, self._form.validate_python(kept["value"]))
        except (KeyError, ValidationError):
            return None
