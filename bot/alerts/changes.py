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


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One deployment as its source reported it last.

    `key` is typed and versioned like an alert's fingerprint: all reports of one deployment have
    the same. `version` is the commit, tag or number that was deployed. `at` is when it came into
    this state, in UTC.
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
