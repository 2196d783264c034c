"""The KnowledgeSource port: what the projection reads from (and the only thing it writes back).

The database is the truth. Every change of knowledge appends to a log; an index on any machine
is a projection that catches up from there. `knowledge.store` implements this port.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from knowledge.embed.port import Vectors
from knowledge.model import (
    Document,
    DocumentKind,
    Generation,
    Origin,
    Passage,
    Visibility,
)


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One line of the index log: from `seq` on, the passage is in (`added`) or out."""

    seq: int
    passage_id: int
    added: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentCard:
    """What ranking needs of a document without its text."""

    id: str
    kind: DocumentKind
    title: str
    version: int
    origin: Origin
    visibility: Visibility
    services: tuple[str, ...]
    environments: tuple[str, ...]
    alerts: tuple[str, ...]
    tags: tuple[str, ...]
    url: str | None
    cause: str
    started_at: datetime | None


class KnowledgeSource(Protocol):
    """Each call opens and closes its own read; safe to use from several threads."""

    def head(self) -> int:
        """The newest sequence number of the index log; 0 when nothing was ever added."""
        ...

    def changes(self, after: int, limit: int) -> Sequence[LogEntry]:
        """The next `limit` log entries with seq > after, oldest first."""
        ...

    def live_passage_ids(self) -> frozenset[int]:
        """All passages of served documents: what a complete index holds."""
        ...

    def passages(self, ids: Sequence[int]) -> Sequence[Passage]:
        """Those of `ids` that exist, in no particular order."""
        ...

    def cards(self, document_ids: Sequence[str] | None = None) -> Sequence[DocumentCard]:
        """Cards of the served documents (all, or those named)."""
        ...

    def documents(self, document_ids: Sequence[str]) -> Sequence[Document]:
        """Whole served documents, for citing; those that exist."""
        ...

    def vectors(self, hashes: Sequence[str], generation: Generation) -> Mapping[str, Vectors]:
        """Stored vectors by passage hash, each of shape (dimension,); missing ones are absent."""
        ...

    def store_vectors(self, vectors: Mapping[str, Vectors], generation: Generation) -> None:
        """Keep vectors (as fp16); ones that are already there are left alone."""
        ...
