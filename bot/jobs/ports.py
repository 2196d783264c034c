"""The Inbox and JobQueue ports."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol


class InboxKind(StrEnum):
    ALERT = "alert"
    SLACK_EVENT = "slack_event"
    SLACK_ACTION = "slack_action"
    CANARY = "canary"
    LOGS = "logs"


class InboxState(StrEnum):
    PENDING = "pending"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class InboxItem:
    """One raw delivery, exactly as it came in. Only the inbox ever holds raw bodies.

    `dedupe_key` (for Slack: team id and event id) makes a redelivery a no-op.
    """

    id: str
    kind: InboxKind
    source: str
    body: bytes
    content_type: str
    received_at: datetime
    dedupe_key: str | None = None
    state: InboxState = InboxState.PENDING
    attempts: int = 0
    error: str = ""
    processed_at: datetime | None = None


class InboxAdder(Protocol):
    """The durable inbox, as those see it who take deliveries in."""

    def add(self, item: InboxItem) -> None:
        """Return once `item` is committed; raises DatabaseBusy when it cannot be."""
        ...


class Inbox(Protocol):
    def add_many(self, items: Sequence[InboxItem]) -> int:
        """Insert those whose id and dedupe key are new; returns how many were."""
        ...

    def claim(self, limit: int, now: datetime) -> Sequence[InboxItem]:
        """The oldest pending ones that are due, locked until this transaction ends
        (SKIP LOCKED where there are several workers)."""
        ...

    def get(self, item_id: str) -> InboxItem | None:
        """One item with its body, in whatever state."""
        ...

    def mark_done(self, ids: Sequence[str], now: datetime) -> None: ...

    def mark_failed(self, item_id: str, error: str, now: datetime) -> None: ...

    def note(self, item_id: str, text: str) -> None:
        """Say something of one that is done; it is shown where another's error is."""
        ...

    def mark_retry(self, item_id: str, not_before: datetime, error: str) -> None: ...

    def replay(self, item_id: str) -> bool:
        """Make a failed one pending again; False when there is none, or its body is gone."""
        ...

    def purge(
        self,
        done_before: datetime,
        failed_before: datetime,
        keys_before: datetime | None = None,
    ) -> int:
        """Delete what ended before then. One with a dedupe key that ended after `keys_before`
        loses its body only: the row stays, so that a late redelivery is still known."""
        ...

    def list(self, state: InboxState | None, limit: int) -> Sequence[InboxItem]:
        """Newest first, with empty bodies (raw bodies are never shown), canaries left out."""
        ...

    def counts(self) -> Mapping[str, int]:
        """How many there are in each state, canaries left out."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    key: str
    kind: str
    payload: Mapping[str, Any]
    attempts: int = 0


class JobQueue(Protocol):
    def add(self, key: str, kind: str, payload: Mapping[str, Any], run_at: datetime) -> bool:
        """Enqueue once per key for ever; False when that key was there already."""
        ...

    def claim(
        self, kinds: Sequence[str], now: datetime, lease_seconds: float, limit: int
    ) -> Sequence[Job]: ...

    def is_any_due(self, kinds: Sequence[str], now: datetime) -> bool:
        """Whether `claim` would find something; asked in a unit that only reads."""
        ...

    def renew(self, key: str, attempts: int, now: datetime, lease_seconds: float) -> bool:
        """Hold on to a job that was claimed as its `attempts`-th try; False when it is lost."""
        ...

    def finish(self, key: str, now: datetime) -> None: ...

    def retry(self, key: str, run_at: datetime, error: str) -> None: ...

    def fail(self, key: str, error: str, now: datetime) -> None: ...

    def release_leases(self) -> int: ...

    def purge(self, finished_before: datetime) -> int: ...

    def counts(self) -> Mapping[str, int]: ...


class Marks(Protocol):
    """Small JSON values under a name, for what one process must know of another's time."""

    def get(self, key: str) -> Mapping[str, Any] | None:
        """The value; in a unit that may write it is locked until the unit ends."""
        ...

    def put(self, key: str, value: Mapping[str, Any], now: datetime) -> None: ...

    def under(self, prefix: str) -> Mapping[str, Mapping[str, Any]]:
        """All whose name begins so, the one changed last at the end."""
        ...

    def remove(self, key: str) -> None: ...
