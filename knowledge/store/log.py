"""The index log: which passages are in and out, in the order in which that became true."""

from collections.abc import Sequence

from sqlalchemy import Connection, func, insert, select

from knowledge.index.source import LogEntry
from knowledge.store.statements import INDEX_LOG_LOCK, lock_until_commit
from knowledge.store.tables import index_log


def append(connection: Connection, *, removed: Sequence[int], added: Sequence[int]) -> None:
    """Say that passages went out and came in; those that went out are said first.

    Saying `added` again for a passage that is in tells readers to look at it afresh.

    Numbers must become visible in their order, or a reader that has seen 8 would never look
    for a 7 that commits later. So writers append one after the other, up to their commit.
    """
    rows = [{"passage_id": each, "added": False} for each in sorted(removed)]
    rows += [{"passage_id": each, "added": True} for each in sorted(added)]
    if rows:
        lock_until_commit(connection, INDEX_LOG_LOCK)
        connection.execute(insert(index_log), rows)


def head(connection: Connection) -> int:
    newest = connection.execute(select(func.max(index_log.c.seq))).scalar_one()
    return newest or 0


def changes(connection: Connection, after: int, limit: int) -> list[LogEntry]:
    statement = (
        select(index_log.c.seq, index_log.c.passage_id, index_log.c.added)
        .where(index_log.c.seq > after)
        .order_by(index_log.c.seq)
        .limit(limit)
    )
    return [LogEntry(*row) for row in connection.execute(statement)]
