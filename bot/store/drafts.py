"""Drafts: what was proposed and waits for a word."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, select, update

from bot.drafts.model import Draft, DraftKind, DraftState
from bot.store import tables


class SqlDrafts:
    """The DraftRepository port on one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, draft: Draft) -> Draft:
        values = draft.model_dump(exclude={"id"})
        values |= {"kind": draft.kind.value, "state": draft.state.value}
        statement = insert(tables.drafts).values(**values).returning(tables.drafts.c.id)
        draft_id: int = self._connection.execute(statement).scalar_one()
        return draft.model_copy(update={"id": draft_id})

    def get(self, draft_id: int) -> Draft | None:
        statement = select(tables.drafts).where(tables.drafts.c.id == draft_id)
        row = self._connection.execute(statement).mappings().first()
        return None if row is None else Draft.model_validate(dict(row))

    def waiting(
        self, kind: DraftKind | None = None, subject: str | None = None, *, limit: int = 100
    ) -> Sequence[Draft]:
        table = tables.drafts
        statement = (
            select(table)
            .where(table.c.state == DraftState.WAITING.value)
            .order_by(table.c.made_at, table.c.id)
            .limit(limit)
        )
        if kind is not None:
            statement = statement.where(table.c.kind == kind.value)
        if subject is not None:
            statement = statement.where(table.c.subject == subject)
        rows = self._connection.execute(statement).mappings()
        return [Draft.model_validate(dict(row)) for row in rows]

    def accepted(
        self, kind: DraftKind, subject: str | None = None, *, limit: int = 100
    ) -> Sequence[Draft]:
        table = tables.drafts
        statement = (
            select(table)
            .where(table.c.state == DraftState.ACCEPTED.value, table.c.kind == kind.value)
            .order_by(table.c.id.desc())
            .limit(limit)
        )
        if subject is not None:
            statement = statement.where(table.c.subject == subject)
        rows = self._connection.execute(statement).mappings()
        return [Draft.model_validate(dict(row)) for row in rows]

    def about(self, kind: DraftKind, subject: str, *, limit: int = 100) -> Sequence[Draft]:
        table = tables.drafts
        statement = (
            select(table)
            .where(table.c.subject == subject, table.c.kind == kind.value)
            .order_by(table.c.id.desc())
            .limit(limit)
        )
        rows = self._connection.execute(statement).mappings()
        return [Draft.model_validate(dict(row)) for row in rows]

    def of_kind(self, kind: DraftKind, *, limit: int = 100) -> Sequence[Draft]:
        table = tables.drafts
        statement = (
            select(table).where(table.c.kind == kind.value).order_by(table.c.id.desc()).limit(limit)
        )
        rows = self._connection.execute(statement).mappings()
        return [Draft.model_validate(dict(row)) for row in rows]

    def edit(self, draft_id: int, content: dict[str, Any]) -> bool:
        return self._change(draft_id, {"content": content})

    def decide(self, draft_id: int, state: DraftState, *, actor: str, now: datetime) -> bool:
        changed = {"state": state.value, "decided_by": actor, "decided_at": now}
        return self._change(draft_id, changed)

    def withdraw(self, draft_id: int, *, actor: str, now: datetime) -> bool:
        changed = {"state": DraftState.REJECTED.value, "decided_by": actor, "decided_at": now}
        return self._change(draft_id, changed, DraftState.ACCEPTED)

    def _change(
        self, draft_id: int, values: dict[str, Any], before: DraftState = DraftState.WAITING
    ) -> bool:
        table = tables.drafts
        statement = (
            update(table)
            .where(table.c.id == draft_id, table.c.state == before.value)
            .values(**values)
            .returning(table.c.id)
        )
        return self._connection.execute(statement).first() is not None
