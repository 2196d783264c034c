"""The outbox: what is to be said, one row a key, and how far saying it has come.

A row is unsent while its desired revision is newer than the one that was sent or refused.
Within a channel unsent rows go in the order in which they were queued: a new message when it
was first put, an edit when the message first differed from what had been sent. (Going by the
first put alone, a card that changes every second would hold up every newer message.)
"""

import hashlib
import json
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import (
    and_,
    case,
    exists,
    func,
    or_,
    select,
    update,
)

from bot.chat.messages import AnyMessage, message_adapter
from bot.chat.ports import Destination, PendingMessage
from bot.store.locks import Lock
from bot.store.said import SqlSaid
from bot.store.tables import outbox
from knowledge.store.columns import storable_json
from knowledge.store.statements import insert_into, lock_until_commit

_UNSENT = and_(
    outbox.c.desired_revision > outbox.c.sent_revision,
    outbox.c.desired_revision > outbox.c.refused_revision,
)


def _content(message: AnyMessage) -> tuple[object, str]:
    """The JSON form of a message and its SHA-256."""
    content = storable_json(message_adapter.dump_python(message, mode="json"))
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return content, hashlib.sha256(canonical.encode()).hexdigest()


class SqlOutbox(SqlSaid):
    """The Outbox port on one connection.

    `attempted_at` of a claimed message is the first attempt since it was last known to be
    sent: only from then on can a message of unknown fate have been posted.
    """

    def put(
        self,
        key: str,
        to: Destination,
        message: AnyMessage,
        now: datetime,
    ) -> None:
        """Putting what is there already changes nothing. A message that was posted, or may
        have been, stays where it is; one that was not goes to the newest destination."""
        content, digest = _content(message)
        statement = insert_into(self._connection, outbox).values(
            key=key,
            team_id=to.team_id,
            channel=to.channel,
            thread=to.thread,
            message=content,
            message_hash=digest,
            desired_revision=1,
            claimed_revision=0,
            sent_revision=0,
            refused_revision=0,
            queued_at=now,
            not_before=now,
            attempts=0,
            error="",
            first_put_at=now,
            edits=0,
        )
        new = statement.excluded
        was_refused = outbox.c.refused_revision >= outbox.c.desired_revision
        may_move = and_(outbox.c.ref.is_(None), or_(outbox.c.attempted_at.is_(None), was_refused))
        moved = or_(
            outbox.c.team_id != new.team_id,
            outbox.c.channel != new.channel,
            outbox.c.thread.is_distinct_from(new.thread),
        )
        self._connection.execute(
            statement.on_conflict_do_update(
                index_elements=[outbox.c.key],
                set_={
                    "team_id": case((may_move, new.team_id), else_=outbox.c.team_id),
                    "channel": case((may_move, new.channel), else_=outbox.c.channel),
                    "thread": case((may_move, new.thread), else_=outbox.c.thread),
                    "attempted_at": case(
                        (and_(may_move, moved), None), else_=outbox.c.attempted_at
                    ),
                    "message": new.message,
                    "message_hash": new.message_hash,
                    "desired_revision": outbox.c.desired_revision + 1,
                    "queued_at": case((_UNSENT, outbox.c.queued_at), else_=new.queued_at),
                    "not_before": case((_UNSENT, outbox.c.not_before), else_=new.not_before),
                    "attempts": case((_UNSENT, outbox.c.attempts), else_=0),
                },
                where=or_(outbox.c.message_hash != new.message_hash, and_(may_move, moved)),
            )
        )

    def update_if_posted(self, key: str, message: AnyMessage, now: datetime) -> bool:
        destination = self.destination(key)
        if destination is None:
            return False
        self.put(key, destination[0], message, now)
        return True

    def say_again(self, key: str, now: datetime) -> bool:
        statement = (
            update(outbox)
            .where(outbox.c.key == key, outbox.c.refused_revision >= outbox.c.desired_revision)
            .values(
                desired_revision=outbox.c.desired_revision + 1,
                queued_at=now,
                not_before=now,
                attempts=0,
            )
        )
        return self._connection.execute(statement).rowcount > 0

    def speak_in_turn(self) -> None:
        lock_until_commit(self._connection, Lock.SPEAKING)

    def claim(self, now: datetime, lease_seconds: float, limit: int) -> Sequence[PendingMessage]:
        """A channel whose oldest unsent message has to wait, waits with it. Commit the claim
        before posting: only then is the attempt on record whatever happens next."""
        # One claimer at a time: which message is a channel's next depends on several rows.
        lock_until_commit(self._connection, Lock.OUTBOX_CLAIM)
        in_flight = outbox.alias("in_flight")
        turn = (
            select(
                outbox.c.seq,
                func.row_number()
                .over(
                    partition_by=(outbox.c.team_id, outbox.c.channel),
                    order_by=(outbox.c.queued_at, outbox.c.seq),
                )
                .label("place"),
            )
            .where(_UNSENT)
            .subquery()
        )
        due = (
            select(outbox.c.seq, outbox.c.attempted_at)
            .join(turn, turn.c.seq == outbox.c.seq)
            .where(turn.c.place == 1, outbox.c.not_before <= now)
            .where(
                ~exists().where(
                    in_flight.c.team_id == outbox.c.team_id,
                    in_flight.c.channel == outbox.c.channel,
                    in_flight.c.leased_until > now,
                )
            )
            .order_by(outbox.c.queued_at, outbox.c.seq)
            .limit(limit)
        )
        attempted = {row[0]: row[1] for row in self._connection.execute(due)}
        if not attempted:
            return []
        claimed = self._connection.execute(
            update(outbox)
            .where(outbox.c.seq.in_(list(attempted)))
            .values(
                leased_until=now + timedelta(seconds=lease_seconds),
                claimed_revision=outbox.c.desired_revision,
                attempted_at=func.coalesce(outbox.c.attempted_at, now),
                attempts=outbox.c.attempts + 1,
            )
            .returning(outbox)
        ).mappings()
        return [
            PendingMessage(
                key=row["key"],
                to=Destination(
                    team_id=row["team_id"], channel=row["channel"], thread=row["thread"]
                ),
                message=message_adapter.validate_python(row["message"]),
                revision=row["desired_revision"],
                ref=row["ref"],
                attempted_at=attempted[row["seq"]],
                attempts=row["attempts"],
            )
            for row in sorted(claimed, key=lambda row: (row["queued_at"], row["seq"]))
        ]

    def renew(self, keys: Sequence[str], now: datetime, lease_seconds: float) -> None:
        """Hold on to claimed messages; one whose lease has run out is not got back."""
        self._connection.execute(
            update(outbox)
            .where(outbox.c.key.in_(keys), outbox.c.leased_until > now)
            .values(leased_until=now + timedelta(seconds=lease_seconds))
        )

    def mark_sent(self, key: str, revision: int, ref: str, now: datetime) -> None:
        """If newer content was put meanwhile, the message queues again, behind the others."""
        self._connection.execute(
            update(outbox)
            .where(outbox.c.key == key)
            .values(
                sent_revision=case(
                    (outbox.c.sent_revision > revision, outbox.c.sent_revision), else_=revision
                ),
                ref=ref,
                edits=outbox.c.edits + case((outbox.c.ref.is_(None), 0), else_=1),
                sent_at=now,
                queued_at=now,
                not_before=now,
                leased_until=None,
                attempted_at=None,
                attempts=0,
                error="",
            )
        )

    def mark_retry(self, key: str, not_before: datetime, error: str) -> None:
        self._connection.execute(
            update(outbox)
            .where(outbox.c.key == key)
            .values(not_before=not_before, error=error, leased_until=None)
        )

    def mark_refused(self, key: str, error: str, now: datetime) -> None:
        """What was refused is the content that was claimed; newer content gets its own try."""
        self._connection.execute(
            update(outbox)
            .where(outbox.c.key == key)
            .values(
                refused_revision=outbox.c.claimed_revision,
                refused_at=now,
                error=error,
                leased_until=None,
            )
        )

    def release_leases(self) -> int:
        statement = (
            update(outbox).where(outbox.c.leased_until.is_not(None)).values(leased_until=None)
        )
        return self._connection.execute(statement).rowcount
