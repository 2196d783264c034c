"""Which passages belong to which document, and who may not see them."""

from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import numpy as np

from knowledge.index.keys import family, keys_of, page_key, slug_of
from knowledge.index.port import Ids
from knowledge.index.source import DocumentCard
from knowledge.index.stored_catalogue import StoredCatalogue
from knowledge.model import Audience

_AUDIENCES_KEPT = 64
_CHANGED_MOST = 1_000
_CHANGED_SHARE = 0.02
"""A save writes all anew once more than so many documents, and this share, changed."""


class Catalogue:
    """Cards and passage ids of the indexed documents: stored ones, and the changes since.

    Changes must not run at the same time as anything else.
    """

    def __init__(self, stored: StoredCatalogue | None = None) -> None:
        self._stored = stored or StoredCatalogue()
        self._gone: set[str] = set()
        """Stored documents that were removed or are among the changed."""

        self._cards: dict[str, DocumentCard] = {}
        self._passages_of: dict[str, tuple[int, ...]] = {}
        self._document_of: dict[int, str] = {}
        self._keyed: dict[str, set[str]] = {}
        self._hidden: OrderedDict[tuple[Audience, frozenset[str]], frozenset[int]] = OrderedDict()
        self._restricted = set(self._stored.restricted())

    @property
    def seq(self) -> int:
        """The log position of what is stored."""
        return self._stored.seq

    @property
    def cards(self) -> Mapping[str, DocumentCard]:
        """All cards by document id, read when they are asked for."""
        return _Cards(self)

    def ids(self) -> Ids:
        later = np.fromiter(self._document_of, dtype=np.int64, count=len(self._document_of))
        stored = self._stored.passages()
        gone = [i for one in self._gone for i in self._stored.passage_ids_of(one)]
        if gone:
            stored = stored[~np.isin(stored, np.array(gone, dtype=np.int64))]
        return np.sort(np.concatenate([stored, later]))

    def holds(self, ids: Ids) -> bool:
        """Whether exactly these are in it."""
        return np.array_equal(self.ids(), ids)

    def document_of(self, passage_id: int) -> str:
        """Raises KeyError for a passage that is not indexed."""
        found = self._document_of.get(passage_id)
        if found is None:
            found = self._stored.document_of(passage_id)
            if found is None or found in self._gone:
                raise KeyError(passage_id)
        return found

    def passage_ids_of(self, document_id: str) -> tuple[int, ...]:
        """In ascending order; empty for a document that is not indexed."""
        if document_id in self._passages_of:
            return self._passages_of[document_id]
        return () if document_id in self._gone else self._stored.passage_ids_of(document_id)

    def documents_of(self, passage_ids: Iterable[int]) -> set[str]:
        """The documents of those passages that are indexed."""
        found = set()
        for passage_id in passage_ids:
            try:
                found.add(self.document_of(passage_id))
            except KeyError:
                continue
        return found

    def named(self, alert_name: str) -> list[DocumentCard]:
        """Cards of the documents that name this alert, by id."""
        name = family(alert_name)
        return self._having(f"name:{name}") if name else []

    def pages_at(self, link: str) -> list[DocumentCard]:
        """Cards of the documents that a link means (`keys.is_own_page`), by id."""
        page = page_key(link)
        if not page:
            return []
        found = {card.id: card for card in self._having(f"page:{page}")}
        slug = slug_of(page)
        if slug:
            found.update((card.id, card) for card in self._having(f"slug:{slug}"))
        return [found[one] for one in sorted(found)]

    def _having(self, key: str) -> list[DocumentCard]:
        """Cards of the documents that have a key (`keys.keys_of`), by id."""
        ids = {one for one in self._stored.keyed(key) if one not in self._gone}
        cards = (self.cards[one] for one in sorted(ids | self._keyed.get(key, set())))
        return [card for card in cards if key in keys_of(card)]

    def hidden_from(self, audience: Audience, excluded: frozenset[str]) -> frozenset[int]:
        """The passages that must behave as if they did not exist for these readers."""
        key = (audience, excluded)
        if key not in self._hidden:
            self._hidden[key] = frozenset(self._hidden_passages(audience, excluded))
            if len(self._hidden) > _AUDIENCES_KEPT:
                self._hidden.popitem(last=False)
        return self._hidden[key]

    def public_ids(self) -> Ids:
        """The passages that every reader may see."""
        hidden = [i for one in self._restricted for i in self.passage_ids_of(one)]
        ids = self.ids()
        return ids[~np.isin(ids, np.array(hidden, dtype=np.int64))] if hidden else ids

    def change(
        self,
        added: Mapping[int, str],
        removed: Iterable[int],
        cards: Mapping[str, DocumentCard | None],
    ) -> None:
        """Passages in (id -> document) and out, and the new cards; None drops a card."""
        passages: dict[str, set[int]] = {}

        def own(document_id: str) -> set[int]:
            if document_id not in passages:
                passages[document_id] = set(self.passage_ids_of(document_id))
            return passages[document_id]

        for passage_id in removed:
            for document_id in self.documents_of([passage_id]):
                own(document_id).discard(passage_id)
        for passage_id, document_id in added.items():
            for before in self.documents_of([passage_id]):
                own(before).discard(passage_id)
            own(document_id).add(passage_id)
        changed: dict[str, DocumentCard | None] = {
            one: self.cards.get(one) for one in passages if one not in cards
        }
        for document_id, card in {**changed, **cards}.items():
            self._replace(document_id, card, own(document_id))

    def saved(self, folder: Path, seq: int) -> "Catalogue":
        """Write to `folder`, unless the few changes are as soon read from the log again.

        Returns what stands on the new files, or this.
        """
        changed = len(self._gone | self._cards.keys())
        allowed = max(_CHANGED_MOST, int(_CHANGED_SHARE * len(self._stored)))
        if self._stored.folder == folder and changed <= allowed:
            return self
        rows = ((card, self._passages_of[one]) for one, card in self._cards.items())
        return Catalogue(self._stored.write(folder, seq, self._gone, rows))

    def _hidden_passages(self, audience: Audience, excluded: frozenset[str]) -> Iterator[int]:
        if audience.sees_nothing:
            yield from self.ids().tolist()
            return
        for document_id in self._restricted | excluded:
            card = self.cards.get(document_id)
            if card is None:
                continue
            if document_id in excluded or not audience.may_see(card.visibility):
                yield from self.passage_ids_of(document_id)

    def _replace(self, document_id: str, card: DocumentCard | None, passages: set[int]) -> None:
        """Put a document in place of what is known of it; without a card it is gone."""
        before = self.cards.get(document_id)
        if before is not None:
            for key in keys_of(before):
                self._keyed.get(key, set()).discard(document_id)
        for passage_id in self._passages_of.pop(document_id, ()):
            self._document_of.pop(passage_id, None)
        self._cards.pop(document_id, None)
        if document_id in self._stored:
            self._gone.add(document_id)
        self._forget_hidden(document_id)
        self._restricted.discard(document_id)
        if card is None:
            return
        self._cards[document_id] = card
        self._passages_of[document_id] = tuple(sorted(passages))
        self._document_of.update(dict.fromkeys(passages, document_id))
        for key in keys_of(card):
            self._keyed.setdefault(key, set()).add(document_id)
        if not card.visibility.is_everyone:
            self._restricted.add(document_id)
            self._forget_hidden(document_id)

    def _forget_hidden(self, document_id: str) -> None:
        """A changed document that is hidden from some changes what is hidden from them."""
        for audience, excluded in list(self._hidden):
            is_named = document_id in excluded or document_id in self._restricted
            if audience.sees_nothing or is_named:
                del self._hidden[audience, excluded]


class _Cards(Mapping[str, DocumentCard]):
    """A catalogue's cards."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._of = catalogue

    def __getitem__(self, document_id: str) -> DocumentCard:
        card = self._of._cards.get(document_id)
        if card is not None:
            return card
        if document_id in self._of._gone:
            raise KeyError(document_id)
        return self._of._stored.card(document_id)

    def __iter__(self) -> Iterator[str]:
        yield from self._of._cards
        yield from (one for one in self._of._stored.ids if one not in self._of._gone)

    def __len__(self) -> int:
        return len(self._of._cards) + len(self._of._stored) - len(self._of._gone)
