"""Which passages belong to which document, and who may not see them. Held in memory."""

from collections import OrderedDict
from collections.abc import Iterable, Mapping
from types import MappingProxyType

from knowledge.index.source import DocumentCard
from knowledge.model import Audience

_AUDIENCES_KEPT = 64


class Catalogue:
    """Cards and passage ids of the indexed documents. Not thread-safe."""

    def __init__(self) -> None:
        self._cards: dict[str, DocumentCard] = {}
        self._document_of: dict[int, str] = {}
        self._passages_of: dict[str, frozenset[int]] = {}
        self._hidden: OrderedDict[tuple[Audience, frozenset[str]], frozenset[int]] = OrderedDict()

    @property
    def cards(self) -> Mapping[str, DocumentCard]:
        """A view that does not change; a later change makes a new one."""
        return MappingProxyType(self._cards)

    def ids(self) -> frozenset[int]:
        return frozenset(self._document_of)

    def document_of(self, passage_id: int) -> str:
        """Raises KeyError for a passage that is not indexed."""
        return self._document_of[passage_id]

    def passage_ids_of(self, document_id: str) -> frozenset[int]:
        return self._passages_of.get(document_id, frozenset())

    def documents_of(self, passage_ids: Iterable[int]) -> set[str]:
        """The documents of those passages that are indexed."""
        return {self._document_of[i] for i in passage_ids if i in self._document_of}

    def hidden_from(self, audience: Audience, excluded: frozenset[str]) -> frozenset[int]:
        """The passages that must behave as if they did not exist for these readers."""
        key = (audience, excluded)
        if key not in self._hidden:
            self._hidden[key] = frozenset(
                passage_id
                for document_id, card in self._cards.items()
                if document_id in excluded or not audience.may_see(card.visibility)
                for passage_id in self.passage_ids_of(document_id)
            )
            if len(self._hidden) > _AUDIENCES_KEPT:
                self._hidden.popitem(last=False)
        return self._hidden[key]

    def change(
        self,
        added: Mapping[int, str],
        removed: Iterable[int],
        cards: Mapping[str, DocumentCard | None],
    ) -> None:
        """Passages in (id -> document) and out, and the new cards; None drops a card."""
        self._hidden.clear()
        touched: dict[str, set[int]] = {}

        def own(document_id: str) -> set[int]:
            return touched.setdefault(document_id, set(self.passage_ids_of(document_id)))

        for passage_id in removed:
            document_id = self._document_of.pop(passage_id, None)
            if document_id is not None:
                own(document_id).discard(passage_id)
        for passage_id, document_id in added.items():
            before = self._document_of.get(passage_id)
            if before is not None and before != document_id:
                own(before).discard(passage_id)
            self._document_of[passage_id] = document_id
            own(document_id).add(passage_id)
        for document_id, ids in touched.items():
            if ids:
                self._passages_of[document_id] = frozenset(ids)
            else:
                self._passages_of.pop(document_id, None)
        new_cards = dict(self._cards)
        for document_id, card in cards.items():
            if card is None:
                new_cards.pop(document_id, None)
            else:
                new_cards[document_id] = card
        self._cards = new_cards
