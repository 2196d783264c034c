"""The job queue: work under a key that is done at least once, and once if nothing breaks."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Select, delete, func, literal, or_, select, update

from bot.clock import Clock
from bot.jobs.ports import Job
from bot.store.tables import jobs
from knowledge.store.statements import insert_into

PENDING = "pending"
FINISHED = "finished"
FAILED = "failed"

_IS_PENDING = jobs.c.state == literal(PENDING, literal_execute=True)


def _due(kinds: Sequence[str], now: datetime) -> Select[tuple[int]]:
    return (
        select(jobs.c.seq)
        .where(_IS_PENDING, jobs.c.kind.in_(kinds), jobs.c.run_at <= now)
        .where(or_(jobs.c.leased_until.is_(None), jobs.c.leased_until <= now))
    )


class SqlJobQueue:
    """The JobQueue port on one connection.

    A claimed job stays pending under a lease; when the lease runs out (its worker died), it can
    be claimed again. `attempts` counts claims, the present one included, so that a job that
    kills its worker shows up as one that was tried many times.
    """

    def __init__(self, connection: Connection, clock: Clock) -> None:
        self._connection = connection
        self._clock = clock

    def add(self, key: str, kind: str, payload: Mapping[str, Any], run_at: datetime) -> bool:
        statement = (
            insert_into(self._connection, jobs)
            .values(
                key=key,
                kind=kind,
                payload=payload,
                state=PENDING,
                run_at=run_at,
                attempts=0,
                error="",
                created_at=self._clock.now(),
            )
            .on_conflict_do_nothing()
            .returning(jobs.c.seq)
        )
        return self._connection.execute(statement).first() is not None

    def claim(
        self, kinds: Sequence[str], now: datetime, lease_seconds: float, limit: int
    ) -> Sequence[Job]:
        """The due jobs that waited longest; oldest first."""
        due = (
            _due(kinds, now)
            .order_by(jobs.c.run_at, jobs.c.seq)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        chosen = [seq for (seq,) in self._connection.execute(due)]
        if not chosen:
            return []
        claimed = self._connection.execute(
            update(jobs)
            .where(jobs.c.seq.in_(chosen))
            .values(
                leased_until=now + timedelta(seconds=lease_seconds),
                attempts=jobs.c.attempts + 1,
            )
            .returning(jobs)
        ).mappings()
        rows = sorted(claimed, key=lambda row: (row["run_at"], row["seq"]))
        return [
            Job(
                key=row["key"],
                kind=row["kind"],
                payload=row["payload"],
                attempts=row["attempts"],
            )
            for row in rows
        ]

    def is_any_due(self, kinds: Sequence[str], now: datetime) -> bool:
        return self._connection.execute(_due(kinds, now).limit(1)).first() is not None

    def renew(self, key: str, attempts: int, now: datetime, lease_seconds: float) -> bool:
        """Only before the lease has run out: afterwards somebody else may have the job."""
        statement = (
            update(jobs)
            .where(jobs.c.key == key, jobs.c.attempts == attempts, _IS_PENDING)
            .where(jobs.c.leased_until > now)
            .values(leased_until=now + timedelta(seconds=lease_seconds))
            .returning(jobs.c.seq)
        )
        return self._connection.execute(statement).first() is not None

    def finish(self, key: str, now: datetime) -> None:
        self._end(key, FINISHED, "", now)

    def retry(self, key: str, run_at: datetime, error: str) -> None:
        self._connection.execute(
            update(jobs)
            .where(jobs.c.key == key, _IS_PENDING)
            .values(run_at=run_at, error=error, leased_until=None)
        )

    def fail(self, key: str, error: str, now: datetime) -> None:
        self._end(key, FAILED, error, now)

    def _end(self, key: str, state: str, error: str, now: datetime) -> None:
        """A job ends once: a worker that comes late, after its lease, changes nothing."""
        self._connection.execute(
            update(jobs)
            .where(jobs.c.key == key, _IS_PENDING)
            .values(state=state, error=error, leased_until=None, ended_at=now)
        )

    def release_leases(self) -> int:
        """Make all leased jobs claimable now; only right when no worker can be alive."""
        statement = (update(jobs).where(_IS_PENDING, jobs.c.leased_until.is_not(None))).values(
            leased_until=None
        )
        return self._connection.execute(statement).rowcount

    def purge(self, finished_before: datetime) -> int:
        """Forget jobs that ended before then, and with them that their keys were used."""
        statement = delete(jobs).where(
            jobs.c.state.in_((FINISHED, FAILED)), jobs.c.ended_at < finished_before
        )
        return self._connection.execute(statement).rowcount

    def counts(self) -> dict[str, int]:
        """How many there are in each state; every state is named."""
        statement = select(jobs.c.state, func.count()).group_by(jobs.c.state)
        counted = {row[0]: row[1] for row in self._connection.execute(statement)}
        return {state: counted.get(state, 0) for state in (PENDING, FINISHED, FAILED)}
