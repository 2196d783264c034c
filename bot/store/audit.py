"""The audit record: an append-only chain of events, each holding the hash of the one before."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Text, cast, delete, insert, select

from bot.audit.model import GENESIS, AuditEvent, AuditRow, event_hash
from bot.store.locks import Lock
from bot.store.tables import audit
from knowledge.store.columns import storable, storable_json
from knowledge.store.statements import lock_until_commit


class SqlAuditLog:
    """The AuditLog port on one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def append(
        self, *, at: datetime, actor: str, action: str, subject: str, data: Mapping[str, Any]
    ) -> AuditEvent:
        """ValueError when `data` has no JSON form or `at` has no zone."""
        if at.tzinfo is None:
            raise ValueError(f"the time {at.isoformat()} has no time zone")
        # Held until the commit: otherwise two writers could both follow the same event.
        lock_until_commit(self._connection, Lock.AUDIT_CHAIN)
        last = self._connection.execute(
            select(audit.c.seq, audit.c.hash).order_by(audit.c.seq.desc()).limit(1)
        ).first()
        seq, previous_hash = (1, GENESIS) if last is None else (last[0] + 1, last[1])
        # The hash is made over exactly what will be read back, or the chain would look broken.
        facts: dict[str, Any] = {
            "seq": seq,
            "at": at.astimezone(UTC),
            "actor": storable(actor),
            "action": storable(action),
            "subject": storable(subject),
            # Sorted, so that the stored text is the canonical one where it is all ASCII.
            "data": json.loads(json.dumps(storable_json(data), allow_nan=False, sort_keys=True)),
            "previous_hash": previous_hash,
        }
        event = AuditEvent(**facts, hash=event_hash(**facts))
        self._connection.execute(insert(audit).values(**facts, hash=event.hash))
        return event

    def list(self, after: int = 0, limit: int = 1000) -> Sequence[AuditEvent]:
        """Oldest first, those with a seq above `after`."""
        statement = select(audit).where(audit.c.seq > after).order_by(audit.c.seq).limit(limit)
        return [AuditEvent(**row) for row in self._connection.execute(statement).mappings()]

    def forget(self, through: int) -> int:
        return self._connection.execute(delete(audit).where(audit.c.seq <= through)).rowcount

    def since(self, action: str, at: datetime, limit: int = 5_000) -> Sequence[AuditEvent]:
        statement = (
            select(audit)
            .where(audit.c.action == action, audit.c.at >= at)
            .order_by(audit.c.seq.desc())
            .limit(limit)
        )
        return [AuditEvent(**row) for row in self._connection.execute(statement).mappings()]

    def rows(self, after: int = 0, limit: int = 1000) -> Sequence[AuditRow]:
        """As `list`, as bare tuples with the data as the text that is stored."""
        table = audit.c
        columns = (
            table.seq,
            table.at,
            table.actor,
            table.action,
            table.subject,
            cast(table.data, Text),
            table.previous_hash,
            table.hash,
        )
        statement = select(*columns).where(table.seq > after).order_by(table.seq).limit(limit)
        return self._connection.execute(statement).all()
