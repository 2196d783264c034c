"""The index log: which passages are in and out, in the order in which that became true."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, func, insert, select

from knowledge.index.source import LogEntry
from knowledge.store.statements import INDEX_LOG_LOCK, lock_until_commit
from knowledge.store.tables import index_log


@dataclass(frozen=True, slots=True)
class Entry:
    """A passage that goes in or out, and the version of the document that it belongs to."""

    passage_id: int
    document_id: str
    document_version: int


def append(
    connection: Connection, *, removed: Sequence[Entry] = (), added: Sequence[Entry] = ()
) -> None:
    """Say that passages went out and came in; those that went out are said first.

    Saying `added` again for a passage that is in tells readers to look at it afresh.

    Numbers must become visible in their order, or a reader that has seen 8 would never look
    for a 7 that commits later. So writers append one after the other, up to their commit.
    """
    rows = [
        {
            "passage_id": each.passage_id,
            "added": is_in,
            "document_id": each.document_id,
            "document_version": each.document_version,
        }
        for entries, is_in in ((removed, False), (added, True))
        for each in sorted(entries, key=lambda each: each.passage_id)
    ]
    if rows:
        lock_until_commit(connection, INDEX_LOG_LOCK)
        connection.execute(insert(index_log), rows)


def served_at(connection: Connection, revision: int) -> dict[str, int]:
    """The documents that were served after log entry `revision`: id -> version.

    LookupError when the log does not say which document an entry was about.
    """
    served: dict[str, int] = {}
    statement = (
        select(index_log.c.document_id, index_log.c.document_version, index_log.c.added)
        .where(index_log.c.seq <= revision)
        .order_by(index_log.c.seq)
    )
    for document_id, version, added in connection.execute(statement):
        if document_id is None:
            raise LookupError(
                "the log does not name the documents of that time: it was written by a version "
                "of Recall that did not keep them"
            )
        if added:
            served[document_id] = version
        else:
            served.pop(document_id, None)
    return served


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
