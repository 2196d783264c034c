"""What the outbox tells of what was said, and where: questions that change nothing."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import JSON, Connection, and_, exists, func, or_, select, type_coerce

from bot.chat.messages import AnyMessage, message_adapter
from bot.chat.ports import Destination, Progress, SaidMessage, Trouble
from bot.store.tables import outbox


class SqlSaid:
    """The reading half of the Outbox port, on one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def destination(self, key: str) -> tuple[Destination, str | None] | None:
        statement = select(outbox.c.team_id, outbox.c.channel, outbox.c.thread, outbox.c.ref).where(
            outbox.c.key == key
        )
        row = self._connection.execute(statement).first()
        if row is None:
            return None
        team_id, channel, thread, ref = row
        return Destination(team_id=team_id, channel=channel, thread=thread), ref

    def key_of(self, team_id: str, channel: str, ref: str) -> str | None:
        statement = select(outbox.c.key).where(
            outbox.c.team_id == team_id, outbox.c.channel == channel, outbox.c.ref == ref
        )
        return self._connection.execute(statement).scalars().first()

    def posted(
        self, team_id: str, channel: str, prefix: str, since: datetime, limit: int
    ) -> Sequence[str]:
        statement = (
            select(outbox.c.ref)
            .where(outbox.c.team_id == team_id, outbox.c.channel == channel)
            .where(outbox.c.ref.is_not(None), outbox.c.sent_at >= since)
            .where(outbox.c.key.startswith(prefix, autoescape=True))
            .order_by(outbox.c.sent_at.desc(), outbox.c.seq.desc())
            .limit(limit)
        )
        return list(self._connection.execute(statement).scalars())

    def progress(self, key: str) -> Progress | None:
        statement = select(
            outbox.c.desired_revision, outbox.c.sent_revision, outbox.c.sent_at
        ).where(outbox.c.key == key)
        row = self._connection.execute(statement).first()
        return None if row is None else Progress(desired=row[0], sent=row[1], sent_at=row[2])

    def troubles(self, limit: int) -> Sequence[Trouble]:
        place = (outbox.c.team_id, outbox.c.channel)
        well = outbox.alias("well")
        # Asked of each refused message, of which there are few, and not of every channel.
        there = and_(well.c.team_id == place[0], well.c.channel == place[1])
        heard_since = exists().where(there, well.c.sent_at >= outbox.c.refused_at)
        refused = (
            select(
                *place,
                outbox.c.error,
                func.min(outbox.c.refused_at).over(partition_by=place).label("since"),
                func.count().over(partition_by=place).label("messages"),
                func.row_number()
                .over(partition_by=place, order_by=(outbox.c.refused_at.desc(), outbox.c.seq))
                .label("turn"),
            )
            .where(outbox.c.refused_revision >= outbox.c.desired_revision, ~heard_since)
            .subquery("refused")
        )
        statement = (
            select(refused)
            .where(refused.c.turn == 1)
            .order_by(refused.c.since, refused.c.channel)
            .limit(limit)
        )
        return [
            Trouble(
                team_id=row["team_id"],
                channel=row["channel"],
                since=row["since"],
                messages=row["messages"],
                error=row["error"],
            )
            for row in self._connection.execute(statement).mappings()
        ]

    def said_since(
        self,
        at: datetime,
        team_id: str | None = None,
        channel: str | None = None,
        until: datetime | None = None,
    ) -> Sequence[SaidMessage]:
        never_said = and_(
            outbox.c.ref.is_(None), outbox.c.refused_revision >= outbox.c.desired_revision
        )
        statement = (
            select(
                outbox.c.key,
                outbox.c.team_id,
                outbox.c.channel,
                outbox.c.thread,
                outbox.c.first_put_at,
                outbox.c.edits,
                type_coerce(outbox.c.message, JSON)["people"].label("people"),
            )
            .where(outbox.c.first_put_at >= at, ~never_said)
            .order_by(outbox.c.first_put_at, outbox.c.seq)
        )
        if team_id is not None:
            statement = statement.where(outbox.c.team_id == team_id)
        if channel is not None:
            statement = statement.where(outbox.c.channel == channel)
        if until is not None:
            statement = statement.where(outbox.c.first_put_at < until)
        return [
            SaidMessage(
                key=row["key"],
                to=Destination(
                    team_id=row["team_id"], channel=row["channel"], thread=row["thread"]
                ),
                at=row["first_put_at"],
                people=tuple(row["people"] or ()),
                edits=row["edits"],
            )
            for row in self._connection.execute(statement).mappings()
        ]

    def keys_in_thread(self, team_id: str, channel: str, thread: str) -> Sequence[str]:
        statement = (
            select(outbox.c.key)
            .where(
                outbox.c.team_id == team_id, outbox.c.channel == channel, outbox.c.thread == thread
            )
            .order_by(outbox.c.seq)
        )
        return list(self._connection.execute(statement).scalars())

    def message(self, key: str) -> AnyMessage | None:
        content = self._connection.execute(
            select(outbox.c.message).where(outbox.c.key == key)
        ).scalar_one_or_none()
        return None if content is None else message_adapter.validate_python(content)

    def in_thread(
        self, team_id: str, channel: str, thread: str, limit: int
    ) -> Sequence[tuple[str, AnyMessage]]:
        statement = (
            select(outbox.c.key, outbox.c.message)
            .where(
                outbox.c.team_id == team_id,
                outbox.c.channel == channel,
                or_(outbox.c.thread == thread, outbox.c.ref == thread),
            )
            .order_by(outbox.c.seq.desc())
            .limit(limit)
        )
        rows = self._connection.execute(statement).all()
        return [(key, message_adapter.validate_python(content)) for key, content in reversed(rows)]

    def last_thread(self, team_id: str, channel: str, since: datetime) -> str | None:
        statement = (
            select(outbox.c.thread)
            .where(
                outbox.c.team_id == team_id,
                outbox.c.channel == channel,
                outbox.c.thread.is_not(None),
                outbox.c.queued_at >= since,
            )
            .order_by(outbox.c.queued_at.desc(), outbox.c.seq.desc())
            .limit(1)
        )
        return self._connection.execute(statement).scalars().first()
