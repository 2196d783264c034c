"""The durable inbox: raw deliveries, kept until a worker has made something of them."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, RowMapping, delete, func, literal, or_, select, update

from bot.clock import Clock
from bot.jobs.ports import InboxItem, InboxKind, InboxState
from bot.store.tables import inbox
from knowledge.store.statements import chunks, insert_into

_HAS_BODY = func.length(inbox.c.body) > 0
_SHOWN = inbox.c.kind != InboxKind.CANARY.value


def _item(row: RowMapping, body: bytes) -> InboxItem:
    return InboxItem(
        id=row["id"],
        kind=InboxKind(row["kind"]),
        source=row["source"],
        body=body,
        content_type=row["content_type"],
        received_at=row["received_at"],
        dedupe_key=row["dedupe_key"],
        state=InboxState(row["state"]),
        attempts=row["attempts"],
        error=row["error"],
        processed_at=row["processed_at"],
    )


class SqlInbox:
    """The Inbox port on one connection. `attempts` counts the tries that came to an end."""

    def __init__(self, connection: Connection, clock: Clock) -> None:
        self._connection = connection
        self._clock = clock

    def add_many(self, items: Sequence[InboxItem]) -> int:
        if not items:
            return 0
        rows = [
            {
                "id": item.id,
                "kind": item.kind.value,
                "source": item.source,
                "body": item.body,
                "content_type": item.content_type,
                "received_at": item.received_at,
                "dedupe_key": item.dedupe_key,
                "state": item.state.value,
                "attempts": item.attempts,
                "error": item.error,
                "not_before": item.received_at,
                "processed_at": item.processed_at,
            }
            for item in items
        ]
        statement = insert_into(self._connection, inbox).on_conflict_do_nothing()
        # RETURNING, because psycopg reports no row count for skipped conflicts
        added = self._connection.execute(statement.returning(inbox.c.id), rows)
        return len(added.all())

    def claim(self, limit: int, now: datetime) -> Sequence[InboxItem]:
        statement = (
            select(inbox)
            .where(inbox.c.state == literal(InboxState.PENDING.value, literal_execute=True))
            .where(inbox.c.not_before <= now)
            .order_by(inbox.c.seq)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        rows = self._connection.execute(statement).mappings()
        return [_item(row, row["body"]) for row in rows]

    def get(self, item_id: str) -> InboxItem | None:
        """One delivery in any state, its body included."""
        statement = select(inbox).where(inbox.c.id == item_id)
        row = self._connection.execute(statement).mappings().first()
        return None if row is None else _item(row, row["body"])

    def mark_done(self, ids: Sequence[str], now: datetime) -> None:
        for some in chunks(ids):
            self._connection.execute(
                update(inbox)
                .where(inbox.c.id.in_(some))
                .values(
                    state=InboxState.DONE.value,
                    attempts=inbox.c.attempts + 1,
                    error="",
                    processed_at=now,
                )
            )

    def mark_failed(self, item_id: str, error: str, now: datetime) -> None:
        self._connection.execute(
            update(inbox)
            .where(inbox.c.id == item_id)
            .values(
                state=InboxState.FAILED.value,
                attempts=inbox.c.attempts + 1,
                error=error,
                processed_at=now,
            )
        )

    def note(self, item_id: str, text: str) -> None:
        self._connection.execute(
            update(inbox)
            .where(inbox.c.id == item_id, inbox.c.state == InboxState.DONE.value)
            .values(error=text)
        )

    def mark_retry(self, item_id: str, not_before: datetime, error: str) -> None:
        self._connection.execute(
            update(inbox)
            .where(inbox.c.id == item_id)
            .values(attempts=inbox.c.attempts + 1, error=error, not_before=not_before)
        )

    def replay(self, item_id: str) -> bool:
        replayed = self._connection.execute(
            update(inbox)
            .where(inbox.c.id == item_id, inbox.c.state == InboxState.FAILED.value, _HAS_BODY)
            .values(
                state=InboxState.PENDING.value,
                not_before=self._clock.now(),
                processed_at=None,
            )
            .returning(inbox.c.id)
        )
        return replayed.first() is not None

    def purge(
        self,
        done_before: datetime,
        failed_before: datetime,
        keys_before: datetime | None = None,
    ) -> int:
        """How many bodies went, with their rows or without."""
        ended = or_(
            (inbox.c.state == InboxState.DONE.value) & (inbox.c.processed_at < done_before),
            (inbox.c.state == InboxState.FAILED.value) & (inbox.c.processed_at < failed_before),
        )
        emptied = 0
        if keys_before is not None:
            is_key = inbox.c.dedupe_key.is_not(None) & (inbox.c.processed_at >= keys_before)
            emptied = self._connection.execute(
                update(inbox).where(ended, is_key, _HAS_BODY).values(body=b"")
            ).rowcount
            ended &= ~is_key
        return emptied + self._connection.execute(delete(inbox).where(ended)).rowcount

    def list(self, state: InboxState | None, limit: int) -> Sequence[InboxItem]:
        shown = [column for column in inbox.c if column.name != "body"]
        statement = select(*shown).where(_SHOWN).order_by(inbox.c.seq.desc()).limit(limit)
        if state is not None:
            statement = statement.where(inbox.c.state == state.value)
        rows = self._connection.execute(statement).mappings()
        return [_item(row, b"") for row in rows]

    def counts(self) -> dict[str, int]:
        """How many there are in each state; every state is named."""
        statement = select(inbox.c.state, func.count()).where(_SHOWN).group_by(inbox.c.state)
        counted = {row[0]: row[1] for row in self._connection.execute(statement)}
        return {state.value: counted.get(state.value, 0) for state in InboxState}
