"""Which alert families people said belong together, or never do."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, select, update

from bot.incidents.bindings import Binding
from bot.store.tables import bindings
from knowledge.store.statements import insert_into


class SqlBindings:
    """The BindingRepository port on one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def say(self, binding: Binding) -> bool:
        one, other = sorted((binding.one, binding.other))
        values = binding.model_dump(exclude={"id"}) | {"one": one, "other": other}
        statement = insert_into(self._connection, bindings).values(**values)
        new = {name: statement.excluded[name] for name in values if name not in ("one", "other")}
        changed = self._connection.execute(
            statement.on_conflict_do_update(
                index_elements=[bindings.c.one, bindings.c.other],
                set_=new,
                where=(bindings.c.together != statement.excluded.together)
                | bindings.c.revoked_at.is_not(None),
            ).returning(bindings.c.id)
        )
        return changed.first() is not None

    def in_force(self) -> Sequence[Binding]:
        statement = (
            select(bindings)
            .where(bindings.c.revoked_at.is_(None))
            .order_by(bindings.c.at, bindings.c.id)
        )
        rows = self._connection.execute(statement).mappings()
        return [Binding.model_validate(dict(row)) for row in rows]

    def revoke(self, binding_id: int, *, actor: str, now: datetime) -> Binding | None:
        statement = (
            update(bindings)
            .where(bindings.c.id == binding_id, bindings.c.revoked_at.is_(None))
            .values(revoked_at=now, revoked_by=actor)
            .returning(bindings)
        )
        row = self._connection.execute(statement).mappings().first()
        return None if row is None else Binding.model_validate(dict(row))
