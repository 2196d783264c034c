"""AuditEvent and the AuditLog port. Each event carries the hash of the one before it."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

GENESIS = "0" * 64
"""What the first event names as the hash before it."""


_CANONICAL = json.JSONEncoder(
    sort_keys=True, separators=(",", ":"), ensure_ascii=False, check_circular=False
).encode
_TEXT = json.encoder.encode_basestring
"""A text as JSON, as the encoder above writes it; called directly, it takes half the time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEvent:
    seq: int
    at: datetime
    actor: str
    action: str
    subject: str
    data: Mapping[str, Any] = field(default_factory=dict)
    previous_hash: str
    hash: str


AuditRow = tuple[int, datetime, str, str, str, str, str, str]
"""An event's fields in their order, its data as the JSON text that is stored."""


def row_of(event: AuditEvent) -> AuditRow:
    return (
        event.seq,
        event.at,
        event.actor,
        event.action,
        event.subject,
        _CANONICAL(event.data),
        event.previous_hash,
        event.hash,
    )


def event_hash(
    *,
    seq: int,
    at: datetime,
    actor: str,
    action: str,
    subject: str,
    data: Mapping[str, Any],
    previous_hash: str,
) -> str:
    """SHA-256 hex over a canonical JSON form of everything but the hash itself."""
    return hash_of_parts(seq, at, actor, action, subject, _CANONICAL(data), previous_hash)


def hash_of_parts(
    seq: int,
    at: datetime,
    actor: str,
    action: str,
    subject: str,
    data: str,
    previous_hash: str,
) -> str:
    """As `event_hash`, for data that is JSON text already: right if it is the canonical text."""
    text = _TEXT
    canonical = (
        f'[{seq},"{at.isoformat()}",{text(actor)},{text(action)},{text(subject)},'
        f"{data},{text(previous_hash)}]"
    )
    return hashlib.sha256(canonical.encode()).hexdigest()


def first_broken(events: Iterable[AuditEvent], previous_hash: str = GENESIS) -> int | None:
    """The seq of the first event that does not fit the chain, or None when all do."""
    for event in events:
        expected = event_hash(
            seq=event.seq,
            at=event.at,
            actor=event.actor,
            action=event.action,
            subject=event.subject,
            data=event.data,
            previous_hash=previous_hash,
        )
        if event.previous_hash != previous_hash or event.hash != expected:
            return event.seq
        previous_hash = event.hash
    return None


class AuditLog(Protocol):
    def append(
        self, *, at: datetime, actor: str, action: str, subject: str, data: Mapping[str, Any]
    ) -> AuditEvent:
        """Add one event to the chain, in the transaction that changes the state."""
        ...

    def rows(self, after: int = 0, limit: int = 1000) -> Sequence[AuditRow]:
        """As `list`, as bare tuples: a million of them are read to verify the chain."""
        ...

    def forget(self, through: int) -> int:
        """Take out all events up to that number; how many. Whoever does it has said so in the
        chain, in the same transaction."""
        ...

    def list(self, after: int = 0, limit: int = 1000) -> Sequence[AuditEvent]: ...

    def since(self, action: str, at: datetime, limit: int = 5_000) -> Sequence[AuditEvent]:
        """Events of that action at `at` or later, newest first."""
        ...
