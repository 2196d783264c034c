"""Sealed secrets of sources; none of them is opened here."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Connection, RowMapping, select

from bot.secrets.model import KeptSecrets, SealedSecret
from bot.store.console_tables import source_secrets
from knowledge.store.statements import insert_into


class SqlSecrets:
    """The SecretRepository port on one connection."""

    def __init__(self, connection: Connection, *, writing: bool) -> None:
        self._connection = connection
        self._writing = writing

    def of(self, source: str) -> KeptSecrets | None:
        statement = select(source_secrets).where(source_secrets.c.source == source)
        if self._writing:
            statement = statement.with_for_update()
        row = self._connection.execute(statement).mappings().first()
        return None if row is None else _kept(row)

    def claim(self, source: str, actor: str, now: datetime) -> KeptSecrets:
        statement = insert_into(self._connection, source_secrets).values(
            source=source, sealed=[], changed_by=actor, changed_at=now
        )
        self._connection.execute(statement.on_conflict_do_nothing())
        kept = self.of(source)
        assert kept is not None
        return kept

    def everything(self) -> Mapping[str, KeptSecrets]:
        statement = select(source_secrets).order_by(source_secrets.c.source)
        if self._writing:
            statement = statement.with_for_update()
        rows = self._connection.execute(statement).mappings()
        return {row["source"]: _kept(row) for row in rows}

    def put(self, kept: KeptSecrets) -> None:
        values = {
            "sealed": [[one.sign, one.sealed] for one in kept.secrets],
            "changed_by": kept.changed_by,
            "changed_at": kept.changed_at,
        }
        statement = insert_into(self._connection, source_secrets).values(
            source=kept.source, **values
        )
        self._connection.execute(
            statement.on_conflict_do_update(index_elements=[source_secrets.c.source], set_=values)
        )


def _kept(row: RowMapping) -> KeptSecrets:
    return KeptSecrets(
        source=row["source"],
        secrets=tuple(SealedSecret(sign, sealed) for sign, sealed in row["sealed"]),
        changed_by=row["changed_by"],
        changed_at=row["changed_at"],
    )
