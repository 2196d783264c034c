"""What people said about cases: a row a person, incident and document; constraints apart from
weights."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime

from sqlalchemy import Connection, RowMapping, or_, select, update

from bot.store import tables
from bot.suggestions.corrections import Correction, Word
from knowledge.store.statements import insert_into

_KEY = ("incident_id", "document_id", "actor", "is_constraint")


def _correction(row: RowMapping) -> Correction:
    values = {**row, "word": Word(row["word"])}
    del values["is_constraint"]
    return Correction(**values)


class SqlCorrections:
    """The CorrectionRepository port on one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def say(self, correction: Correction) -> bool:
        table = tables.corrections
        word = correction.word
        values = {**asdict(correction), "word": word.value, "is_constraint": word.is_constraint}
        del values["id"]
        statement = insert_into(self._connection, table).values(values)
        new = {name: statement.excluded[name] for name in values if name not in _KEY}
        changed = self._connection.execute(
            statement.on_conflict_do_update(
                index_elements=[table.c[name] for name in _KEY],
                set_=new,
                where=or_(
                    table.c.word != statement.excluded.word,
                    table.c.is_lead != statement.excluded.is_lead,
                    table.c.revoked_at.is_not(None),
                ),
            ).returning(table.c.id)
        )
        return changed.first() is not None

    def in_force(self, incident_id: int | None, family: str) -> Sequence[Correction]:
        table = tables.corrections
        about = []
        if incident_id is not None:
            about.append(table.c.incident_id == incident_id)
        if family:
            about.append(table.c.family == family)
        if not about:
            return []
        statement = (
            select(table)
            .where(or_(*about), table.c.revoked_at.is_(None))
            .order_by(table.c.at, table.c.id)
        )
        return [_correction(row) for row in self._connection.execute(statement).mappings()]

    def list(self, limit: int, incident_id: int | None = None) -> Sequence[Correction]:
        table = tables.corrections
        statement = select(table).order_by(table.c.at.desc(), table.c.id.desc()).limit(limit)
        if incident_id is not None:
            statement = statement.where(table.c.incident_id == incident_id)
        return [_correction(row) for row in self._connection.execute(statement).mappings()]

    def revoke(self, correction_id: int, *, actor: str, now: datetime) -> Correction | None:
        table = tables.corrections
        statement = (
            update(table)
            .where(table.c.id == correction_id, table.c.revoked_at.is_(None))
            .values(revoked_at=now, revoked_by=actor)
            .returning(table)
        )
        row = self._connection.execute(statement).mappings().first()
        return None if row is None else _correction(row)
