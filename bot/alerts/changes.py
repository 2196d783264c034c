"""Change: something that was deployed, and how that went. What changed is the first question that
people ask when an alert fires; a change is no alert and opens no incident."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol


class ChangeStatus(StrEnum):
    PENDING = "pending"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    INACTIVE = "inactive"
    """It was in place and is not any more: another one took its place."""


TOUCHED = (ChangeStatus.RUNNING, ChangeStatus.SUCCEEDED, ChangeStatus.FAILED)
"""States of a change that has done something to its service; one that waits, or that was called
off, has not, and one that was replaced is told by what replaced it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One deployment as its source reported it last.

    `key` is typed and versioned like an alert's fingerprint: all reports of one deployment have
    the same. `version` is the commit, tag or number that was deployed, `previous` the one that was
    in place until then, where the source tells it. `at` is when it came into this state, in UTC.
    """

    source: str
    key: str
    service: str
    environment: str
    version: str
    status: ChangeStatus
    at: datetime | None = None
    actor: str = ""
    summary: str = ""
    links: Mapping[str, str] = field(default_factory=dict)
    previous: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownChange:
    """A change as it is kept. `began_at` is when it was first heard of, by its source's clock;
    `previous` the version that was in place: as the source tells it, else that of the newest
    earlier change of the service and environment that succeeded, "" where there is none."""

    change: Change
    at: datetime
    began_at: datetime
    previous: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedChanges:
    """Which changes are looked for; what is empty does not matter. `environments` are
    names in lower case, for any case. `since` is the earliest time
    at which they came into their state, `until` the latest at which they began. `before` is the
    (at, key) of the last of the page before."""

    services: tuple[str, ...] = ()
    environments: tuple[str, ...] = ()
    statuses: tuple[ChangeStatus, ...] = ()
    since: datetime | None = None
    until: datetime | None = None
    before: tuple[datetime, str] | None = None


class ChangeRepository(Protocol):
    """The changes as they were reported last, one a key."""

    def save(self, changes: Sequence[Change], seen_at: datetime) -> None:
        """Insert or replace; a report that is older than what is known changes nothing."""
        ...

    def recent(
        self, since: datetime, limit: int, *, service: str | None = None
    ) -> Sequence[Change]:
        """Those that came into their state at or after `since`, newest first."""
        ...

    def find(self, wanted: WantedChanges, limit: int) -> Sequence[KnownChange]:
        """Those that `wanted` describes, newest first."""
        ...

    def purge(self, before: datetime, limit: int) -> int:
        """Delete at most `limit` that came into their state before then; how many. The newest that
        was in place in each service and environment stays: the next one is told against it."""
        ...
