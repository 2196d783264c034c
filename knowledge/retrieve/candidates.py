"""From scored passages to candidate documents: the union of dense, lexical and structural finds."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from itertools import islice
from typing import Protocol

from knowledge.embed.port import Vectors
from knowledge.index.port import Scored
from knowledge.index.source import DocumentCard
from knowledge.model import Audience, DocumentKind, Generation, Query
from knowledge.retrieve.reading import Reading
from knowledge.retrieve.weights import Limits

BODY_WEIGHTS: Mapping[str, float] = {"body": 1.0}
MOST_BY_STRUCTURE = 50
"""Documents taken in for carrying the alert's own name when their text was not found."""


class SearchIndex(Protocol):
    """What ranking needs of `knowledge.index.projection.Projection`."""

    @property
    def revision(self) -> int: ...

    @property
    def generation(self) -> Generation: ...

    @property
    def cards(self) -> Mapping[str, DocumentCard]: ...

    def reading(self) -> AbstractContextManager[int]:
        """One revision, which it gives, for all calls inside."""
        ...

    def embed(self, texts: Sequence[str]) -> Vectors: ...

    def vector_search(
        self, query: str | Vectors, k: int, without: frozenset[int] = frozenset()
    ) -> list[Scored]: ...

    def lexical_search(
        self,
        text: str,
        k: int,
        weights: Mapping[str, float],
        without: frozenset[int] = frozenset(),
    ) -> list[Scored]: ...

    def document_of(self, passage_id: int) -> str: ...

    def passage_ids_of(self, document_id: str) -> tuple[int, ...]: ...

    def named(self, alert_name: str) -> Sequence[DocumentCard]:
        """Cards of the documents that name this alert."""
        ...

    def pages_at(self, link: str) -> Sequence[DocumentCard]:
        """Cards of the documents that a link means."""
        ...

    def hidden_from(self, audience: Audience, excluded: frozenset[str]) -> frozenset[int]: ...


@dataclass(slots=True)
class Candidate:
    """One document that may be the answer, with its best score a search.

    A search that did not find it left nothing: its score counts as that search's lowest.
    `passages` maps the ids that were found to their best cosine or, failing that, 0.
    """

    card: DocumentCard
    dense: float | None = None
    logs_dense: float | None = None
    body: float | None = None
    passages: dict[int, float] = field(default_factory=dict)

    def best_passages(self, most: int = 5) -> tuple[int, ...]:
        """Ids of the passages found, best first; ties by id."""
        ranked = sorted(self.passages.items(), key=lambda item: (-item[1], item[0]))
        return tuple(passage for passage, _ in ranked[:most])


def embed_reading(index: SearchIndex, reading: Reading) -> Mapping[str, Vectors]:
    """The vectors of the query's texts, in one call of the model."""
    texts = [text for text in (reading.prose, reading.log_text) if text]
    return dict(zip(texts, index.embed(texts), strict=True)) if texts else {}


def gather(
    index: SearchIndex,
    query: Query,
    reading: Reading,
    vectors: Mapping[str, Vectors],
    limits: Limits,
) -> dict[str, Candidate]:
    """Candidates by document id. What the reader may not see takes part in nothing."""
    without = index.hidden_from(query.audience, query.excluded)
    found: dict[str, Candidate] = {}
    k = limits.passages_per_search
    if reading.prose:
        dense = index.vector_search(vectors[reading.prose], k, without)
        for candidate, passage, score in _by_document(index, found, dense):
            candidate.dense = max(score, candidate.dense or -1.0)
            candidate.passages[passage] = max(score, candidate.passages.get(passage, 0.0))
    if reading.log_text:
        for candidate, passage, score in _by_document(
            index, found, index.vector_search(vectors[reading.log_text], k, without)
        ):
            candidate.logs_dense = max(score, candidate.logs_dense or -1.0)
            candidate.passages[passage] = max(score, candidate.passages.get(passage, 0.0))
    if reading.lexical:
        for candidate, passage, score in _by_document(
            index, found, index.lexical_search(reading.lexical, k, BODY_WEIGHTS, without)
        ):
            candidate.body = max(score, candidate.body or 0.0)
            candidate.passages.setdefault(passage, 0.0)
    for card in _by_structure(index, query, without):
        found.setdefault(card.id, Candidate(card))
    return found


def _by_document(
    index: SearchIndex, found: dict[str, Candidate], scored: Iterable[Scored]
) -> Iterable[tuple[Candidate, int, float]]:
    cards = index.cards
    for passage, score in scored:
        card = card_of(index, cards, passage)
        if card is None:
            continue
        candidate = found.get(card.id)
        if candidate is None:
            candidate = found[card.id] = Candidate(card)
        yield candidate, passage, score


def card_of(
    index: SearchIndex, cards: Mapping[str, DocumentCard], passage: int
) -> DocumentCard | None:
    """The card of a passage's document; None when it went away since it was found."""
    try:
        return cards.get(index.document_of(passage))
    except KeyError:
        return None


def _by_structure(
    index: SearchIndex, query: Query, without: frozenset[int]
) -> Iterator[DocumentCard]:
    """Visible documents that people linked, that are the alert's own page, or that name it; of the
    last the newest incidents."""
    cards = index.cards
    for linked in sorted(query.linked):
        if linked in cards and is_visible(index, linked, without):
            yield cards[linked]
    if query.runbook_url:
        for card in index.pages_at(query.runbook_url):
            if is_visible(index, card.id, without):
                yield card
    if query.alert_name:
        named = sorted(index.named(query.alert_name), key=_runbooks_then_newest)
        visible = (card for card in named if is_visible(index, card.id, without))
        yield from islice(visible, MOST_BY_STRUCTURE)


def _runbooks_then_newest(card: DocumentCard) -> tuple[bool, float, str]:
    started = card.started_at.timestamp() if card.started_at else 0.0
    return card.kind is not DocumentKind.RUNBOOK, -started, card.id


def is_visible(index: SearchIndex, document_id: str, without: frozenset[int]) -> bool:
    """Whether a document has passages that are not hidden."""
    passages = index.passage_ids_of(document_id)
    return bool(passages) and not without.issuperset(passages)
