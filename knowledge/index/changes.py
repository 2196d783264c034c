"""What the database says is to be in an index: passages with their cards, vectors and words."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from knowledge.embed.port import Embedder, Vectors
from knowledge.index.catalogue import Catalogue
from knowledge.index.embedding import vectors_of
from knowledge.index.port import Ids, scrambled
from knowledge.index.source import DocumentCard, KnowledgeSource
from knowledge.model import Passage

BATCH = 512


@dataclass(frozen=True, slots=True)
class Change:
    """The state that some passages are to be brought into: `kept` are in, `gone` are out.

    `cards` are those of all documents concerned, None for one that is not served any more.
    """

    kept: tuple[Passage, ...]
    gone: tuple[int, ...]
    cards: Mapping[str, DocumentCard | None]

    @property
    def ids(self) -> list[int]:
        """Of the passages that are in."""
        return [one.id for one in self.kept]

    @property
    def owners(self) -> dict[int, str]:
        """The documents of the passages that are in, by passage id."""
        return {one.id: one.document_id for one in self.kept}

    @property
    def rows(self) -> dict[int, dict[str, str]]:
        """The lexical fields of the passages that are in, by id."""
        return {one.id: _row(one, self.cards[one.document_id]) for one in self.kept}


def change_of(wanted: Mapping[int, bool], source: KnowledgeSource, catalogue: Catalogue) -> Change:
    """What the database has now of the passages of log entries (id -> added)."""
    found = source.passages([i for i, added in wanted.items() if added])
    documents = {one.document_id for one in found} | catalogue.documents_of(wanted)
    cards: dict[str, DocumentCard | None] = dict.fromkeys(documents)
    cards.update({card.id: card for card in source.cards(sorted(documents))})
    kept = tuple(one for one in found if cards[one.document_id] is not None)
    gone = tuple(sorted(set(wanted) - {one.id for one in kept}))
    return Change(kept, gone, cards)


def live_ids(source: KnowledgeSource) -> Ids:
    """All passages of served documents."""
    live = source.live_passage_ids()
    return np.sort(np.fromiter(live, dtype=np.int64, count=len(live)))


def public_sample(ids: Ids, most: int, source: KnowledgeSource, embedder: Embedder) -> Vectors:
    """Vectors of at most `most` of the passages, of those that everyone may see.

    Drawn in the order of the ids scrambled, so that what is not public changes nothing in which
    public ones are drawn; shape (n, dimension).
    """
    chosen = ids[np.argsort(scrambled(ids), kind="stable")]
    found = [np.zeros((0, embedder.generation.dimension), dtype=np.float32)]
    for start in range(0, len(chosen), BATCH):
        passages = source.passages(chosen[start : start + BATCH].tolist())
        cards = source.cards(sorted({one.document_id for one in passages}))
        public = {card.id for card in cards if card.visibility.is_everyone}
        kept = [one for one in passages if one.document_id in public]
        found.append(vectors_of(kept, source, embedder))
        if sum(map(len, found)) >= most:
            break
    return np.concatenate(found)[:most]


def _row(passage: Passage, card: DocumentCard | None) -> dict[str, str]:
    """The lexical fields of a passage. The body is unmasked: versions, ticket numbers and ports
    that two texts share are evidence, and values that mean nothing match nothing."""
    return {
        "title": " ".join(passage.title_path),
        "alerts": " ".join(card.alerts) if card else "",
        "services": " ".join(card.services) if card else "",
        "body": passage.text,
    }
