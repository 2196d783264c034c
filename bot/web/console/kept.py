"""What takes long to count, kept for a while in this process and then counted again."""

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Counted(Generic[T]):
    at: datetime
    value: T


class Kept(Generic[T]):
    """Values by key, none older than `longest`. Safe to use from several threads: two that come
    at once both count, and agree. Losing it loses nothing: all of it can be counted again.
    """

    def __init__(self, longest: timedelta) -> None:
        self._longest = longest
        self._known: dict[Hashable, Counted[T]] = {}

    def of(
        self, key: Hashable, now: datetime, count: Callable[[], T], *, fresh: bool = False
    ) -> Counted[T]:
        """The value and when it was counted; counted anew where it is too old, or on `fresh`."""
        kept = self._known.get(key)
        if kept is not None and not fresh and kept.at <= now < kept.at + self._longest:
            return kept
        counted = Counted(now, count())
        young = {at: one for at, one in self._known.items() if now < one.at + self._longest}
        self._known = {**young, key: counted}
        return counted
