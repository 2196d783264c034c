"""The knowledge store, as a source of its own and as a part of somebody's transaction."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime

from sqlalchemy import Connection

from knowledge.curate.model import (
    ImportedPage,
    RecordLine,
    RunbookLine,
    ShelfLine,
    Version,
    VersionLine,
)
from knowledge.embed.port import Vectors
from knowledge.index.source import DocumentCard, LogEntry
from knowledge.model import Document, DocumentKind, DocumentState, Generation, Passage
from knowledge.store import history, imported, log, reading, writing
from knowledge.store import vectors as stored_vectors
from knowledge.store.statements import CURATING_LOCK, lock_until_commit
from knowledge.store.writing import Row, Stored

Connect = Callable[[], AbstractContextManager[Connection]]
"""Opens a transaction; leaving it commits, or rolls back after an error."""


class KnowledgeRepository:
    """Documents on the connection of a unit of work."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def upsert(
        self, rows: Sequence[Row], *, actor: str, now: datetime
    ) -> Sequence[tuple[str, str]]:
        """(document id, "added" | "changed" | "same") for each row, in order."""
        stored = writing.upsert(self._connection, rows, actor=actor, now=now)
        return [(each.id, each.change) for each in stored]

    def get(self, document_id: str) -> Document | None:
        """In any state."""
        return reading.get(self._connection, document_id)

    def everything(self) -> Sequence[Document]:
        """All documents in any state, by id."""
        return reading.list_documents(self._connection, None, None)

    def imported(self, document_ids: Sequence[str]) -> Mapping[str, ImportedPage]:
        """What the files of these pages said at their last import, by document id."""
        return imported.load(self._connection, document_ids)

    def keep_imported(self, pages: Mapping[str, ImportedPage], now: datetime) -> None:
        """Keep what the files said; the documents must be there."""
        imported.keep(self._connection, pages, now)

    def forget_imported(self, document_ids: Sequence[str]) -> None:
        """The pages belong to no source any more."""
        imported.forget(self._connection, document_ids)

    def imported_digests(self, source: str) -> Mapping[str, str]:
        """The digests of the files that came from a source last, by document id; without those of
        drafts."""
        return imported.digests(self._connection, source)

    def imported_from(self, source: str) -> Sequence[str]:
        """The ids of all pages that came from a source last, in order."""
        return imported.of_source(self._connection, source)

    def restricted(self, document_ids: Sequence[str]) -> frozenset[str]:
        """Those that not everyone may see, in any state."""
        return reading.restricted(self._connection, document_ids)

    def set_state(
        self, document_id: str, state: DocumentState, *, actor: str, now: datetime
    ) -> None:
        """LookupError for an unknown document, ValueError for a move that is not allowed."""
        writing.set_state(self._connection, document_id, state, actor=actor, now=now)

    def counts(self) -> Mapping[str, int]:
        return reading.counts(self._connection)

    def claim_curating(self) -> None:
        """Wait until nobody else publishes; held until the transaction ends."""
        lock_until_commit(self._connection, CURATING_LOCK)

    def runbooks(self, ids: Sequence[str] | None = None) -> Sequence[RunbookLine]:
        """In any state, by id; those of `ids`, all where None."""
        return history.runbooks(self._connection, ids)

    def shelf(self, *, retired: bool = False, whole: bool = False) -> Sequence[ShelfLine]:
        """What runbooks are found by; see `knowledge.store.history.shelf`."""
        return history.shelf(self._connection, retired=retired, whole=whole)

    def records(self) -> Sequence[RecordLine]:
        """Past incidents in any state, by id."""
        return history.records(self._connection)

    def versions(self, document_id: str) -> Sequence[VersionLine]:
        """Of a runbook, the newest first."""
        return history.versions(self._connection, document_id)

    def version(self, document_id: str, version: int) -> Version | None:
        return history.version(self._connection, document_id, version)


class KnowledgeStore:
    """The KnowledgeSource port, and changes that need no wider transaction.

    Every call opens its own short transaction through `read` or `write`, so it is safe to use
    from several threads, and must not be used inside a unit of work that writes.
    """

    def __init__(self, *, read: Connect, write: Connect) -> None:
        self._read = read
        self._write = write

    def head(self) -> int:
        with self._read() as connection:
            return log.head(connection)

    def changes(self, after: int, limit: int) -> Sequence[LogEntry]:
        with self._read() as connection:
            return log.changes(connection, after, limit)

    def live_passage_ids(self) -> frozenset[int]:
        with self._read() as connection:
            return reading.live_passage_ids(connection)

    def passages(self, ids: Sequence[int]) -> Sequence[Passage]:
        with self._read() as connection:
            return reading.passages_by_id(connection, ids)

    def cards(self, document_ids: Sequence[str] | None = None) -> Sequence[DocumentCard]:
        with self._read() as connection:
            return reading.cards(connection, document_ids)

    def documents(self, document_ids: Sequence[str]) -> Sequence[Document]:
        with self._read() as connection:
            return reading.served_documents(connection, document_ids)

    def served_at(self, revision: int) -> Sequence[Document]:
        """The documents as they were served at a revision; LookupError when it cannot be told."""
        with self._read() as connection:
            return reading.served_at(connection, revision)

    def vectors(self, hashes: Sequence[str], generation: Generation) -> Mapping[str, Vectors]:
        with self._read() as connection:
            return stored_vectors.load(connection, hashes, generation)

    def store_vectors(self, vectors: Mapping[str, Vectors], generation: Generation) -> None:
        with self._write() as connection:
            stored_vectors.store(connection, vectors, generation)

    def upsert(self, rows: Sequence[Row], *, actor: str, now: datetime) -> list[Stored]:
        """Store documents with their passages; see `knowledge.store.writing.upsert`."""
        with self._write() as connection:
            return writing.upsert(connection, rows, actor=actor, now=now)

    def set_state(
        self, document_id: str, state: DocumentState, *, actor: str, now: datetime
    ) -> None:
        """LookupError for an unknown document, ValueError for a move that is not allowed."""
        with self._write() as connection:
            writing.set_state(connection, document_id, state, actor=actor, now=now)

    def remove(self, document_id: str) -> bool:
        """Forget a document for good; False when it was not there."""
        with self._write() as connection:
            return writing.remove(connection, document_id)

    def get(self, document_id: str) -> Document | None:
        """In any state."""
        with self._read() as connection:
            return reading.get(connection, document_id)

    def list(
        self, kind: DocumentKind | None = None, state: DocumentState | None = None
    ) -> Sequence[Document]:
        """In any state, by id."""
        with self._read() as connection:
            return reading.list_documents(connection, kind, state)

    def counts(self) -> Mapping[str, int]:
        """Documents, passages, and documents by kind, state and origin."""
        with self._read() as connection:
            return reading.counts(connection)
