"""Held alerts: what noise rules held back, a row for each alert, rule and minute."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection, delete, func, select

from bot.alerts.noise import HeldAlert
from bot.store import tables
from knowledge.store.statements import insert_into


class SqlHeld:
    """The HeldRepository port on one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def save(self, held: Sequence[HeldAlert]) -> None:
        table = tables.held_alerts
        rows: dict[tuple[str, str, datetime], dict[str, object]] = {}
        for one in sorted(held, key=lambda each: (each.fingerprint, each.rule, each.at)):
            minute = one.at.replace(second=0, microsecond=0)
            known = rows.get((one.fingerprint, one.rule, minute))
            rows[one.fingerprint, one.rule, minute] = {
                "fingerprint": one.fingerprint,
                "rule": one.rule,
                "minute": minute,
                "name": one.name,
                "service": one.service,
                "environment": one.environment,
                "held_by": one.by,
                "reason": one.reason,
                "at": one.at,
                "times": one.times + (int(str(known["times"])) if known is not None else 0),
            }
        if not rows:
            return
        statement = insert_into(self._connection, table)
        new = statement.excluded
        self._connection.execute(
            statement.on_conflict_do_update(
                index_elements=[table.c.fingerprint, table.c.rule, table.c.minute],
                set_={"at": new.at, "reason": new.reason, "times": table.c.times + new.times},
            ),
            list(rows.values()),
        )

    def count(self, rule: str, since: datetime) -> int:
        table = tables.held_alerts
        statement = select(func.coalesce(func.sum(table.c.times), 0)).where(
            table.c.rule == rule, table.c.at >= since
        )
        return int(self._connection.execute(statement).scalar_one())

    def list(self, limit: int) -> Sequence[HeldAlert]:
        table = tables.held_alerts
        statement = (
            select(table).order_by(table.c.at.desc(), table.c.fingerprint, table.c.rule)
        ).limit(limit)
        return [
            HeldAlert(
                fingerprint=row["fingerprint"],
                name=row["name"],
                service=row["service"],
                environment=row["environment"],
                by=row["held_by"],
                reason=row["reason"],
                rule=row["rule"],
                at=row["at"],
                times=row["times"],
            )
            for row in self._connection.execute(statement).mappings()
        ]

    def totals(self, since: datetime, until: datetime | None = None) -> Mapping[str, int]:
        table = tables.held_alerts
        statement = (
            select(table.c.held_by, func.sum(table.c.times))
            .where(table.c.at >= since)
            .group_by(table.c.held_by)
        )
        if until is not None:
            statement = statement.where(table.c.at < until)
        return {by: int(times) for by, times in self._connection.execute(statement)}

    def purge(self, before: datetime) -> int:
        table = tables.held_alerts
        return self._connection.execute(delete(table).where(table.c.at < before)).rowcount
