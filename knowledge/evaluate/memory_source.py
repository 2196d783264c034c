"""A KnowledgeSource that lives in memory: for measuring, and for tests of what stands on it."""

import dataclasses
from collections.abc import Callable, Iterable, Mapping, Sequence

from knowledge.embed.port import Vectors
from knowledge.index.source import DocumentCard, LogEntry
from knowledge.model import Document, Generation, Passage, PastIncident
from knowledge.text.passages import passages_of

KnownVectors = Callable[[Sequence[str], Generation], Mapping[str, Vectors]]


class MemorySource:
    """Holds documents and their passages; `put` and `withdraw` append to the log as a store does.

    Writes must not run at the same time as reads.
    """

    def __init__(
        self, documents: Iterable[Document] = (), known: KnownVectors | None = None
    ) -> None:
        """`known` is asked for vectors that were not stored here, such as a database's."""
        self._known = known
        self._documents: dict[str, Document] = {}
        self._passages: dict[int, Passage] = {}
        self._of: dict[str, tuple[int, ...]] = {}
        self._log: list[LogEntry] = []
        self._vectors: dict[tuple[str, str], Vectors] = {}
        for document in documents:
            self.put(document)

    def put(self, document: Document) -> None:
        """Add a document or replace the one of its id."""
        self.withdraw(document.id)
        self._documents[document.id] = document
        if not document.state.is_served:
            return
        numbers: list[int] = []
        for passage in passages_of(document):
            number = len(self._log) + 1
            self._passages[number] = dataclasses.replace(passage, id=number)
            self._log.append(LogEntry(number, number, added=True))
            numbers.append(number)
        self._of[document.id] = tuple(numbers)

    def withdraw(self, document_id: str) -> None:
        """Take a document out; unknown ids are no error."""
        self._documents.pop(document_id, None)
        for number in self._of.pop(document_id, ()):
            del self._passages[number]
            self._log.append(LogEntry(len(self._log) + 1, number, added=False))

    def head(self) -> int:
        return len(self._log)

    def changes(self, after: int, limit: int) -> Sequence[LogEntry]:
        return self._log[after : after + limit]

    def live_passage_ids(self) -> frozenset[int]:
        return frozenset(self._passages)

    def passages(self, ids: Sequence[int]) -> Sequence[Passage]:
        return [self._passages[number] for number in ids if number in self._passages]

    def cards(self, document_ids: Sequence[str] | None = None) -> Sequence[DocumentCard]:
        wanted = self._documents if document_ids is None else document_ids
        return [card_of(self._documents[one]) for one in wanted if one in self._of]

    def documents(self, document_ids: Sequence[str]) -> Sequence[Document]:
        return [self._documents[one] for one in document_ids if one in self._of]

    def vectors(self, hashes: Sequence[str], generation: Generation) -> Mapping[str, Vectors]:
        keyed = ((one, self._vectors.get((generation.name, one))) for one in hashes)
        found = {one: vector for one, vector in keyed if vector is not None}
        missing = [one for one in hashes if one not in found]
        if missing and self._known is not None:
            found.update(self._known(missing, generation))
        return found

    def store_vectors(self, vectors: Mapping[str, Vectors], generation: Generation) -> None:
        for one, vector in vectors.items():
            self._vectors.setdefault((generation.name, one), vector)


def card_of(document: Document) -> DocumentCard:
    """The card of a document, as a store would give it."""
    past = document if isinstance(document, PastIncident) else None
    return DocumentCard(
        id=document.id,
        kind=document.kind,
        title=document.title,
        version=document.version,
        origin=document.origin,
        visibility=document.visibility,
        services=document.services,
        environments=document.environments,
        alerts=document.alerts,
        tags=document.tags,
        url=document.url,
        cause=past.cause if past else "",
        started_at=past.started_at if past else None,
    )
