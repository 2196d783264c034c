"""The knowledge with one page changed, for looking at: nothing is written anywhere."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from knowledge.embed.port import Vectors
from knowledge.index.keys import family, keys_of, page_key, slug_of
from knowledge.index.port import Scored
from knowledge.index.source import DocumentCard
from knowledge.model import Audience, Generation, Passage, Runbook
from knowledge.retrieve.candidates import SearchIndex
from knowledge.retrieve.facts import Facts, read_facts
from knowledge.text.passages import passages_of


class StageableIndex(SearchIndex, Protocol):
    """An index that also tells what passages would score that are not in it."""

    def lexical_scores(
        self,
        rows: Sequence[Mapping[str, str]],
        text: str,
        weights: Mapping[str, float],
        without: frozenset[int] = frozenset(),
    ) -> list[float]: ...


class FactsOf(Protocol):
    def of(self, cards: Sequence[DocumentCard]) -> Mapping[str, Facts]:
        """See `knowledge.retrieve.facts.FactsReader.of`."""
        ...


class Change:
    """One page put in place of what has its id now; `page` None takes it out.

    `vectors` are those of its passages, shape (passages, dimension). A page that not everyone may
    see is in nobody's answer here. Its passages have negative ids, which no stored one has.
    """

    def __init__(
        self,
        document_id: str,
        page: Runbook | None,
        passages: Sequence[Passage] = (),
        vectors: Vectors | None = None,
    ) -> None:
        is_shown = page is not None and page.visibility.is_everyone
        self.document_id = document_id
        self.page = page if is_shown else None
        self.passages = tuple(passages) if is_shown else ()
        self.vectors = vectors if is_shown else None
        self.ids = tuple(-number for number in range(1, len(self.passages) + 1))
        self.card = _card_of(page) if page is not None and is_shown else None
        self.facts = read_facts(page) if page is not None and is_shown else None


def change_of(index: SearchIndex, document_id: str, page: Runbook | None) -> Change:
    """The change with the page's passages embedded."""
    if page is None or not page.visibility.is_everyone:
        return Change(document_id, page)
    passages = passages_of(page)
    return Change(document_id, page, passages, index.embed([one.masked for one in passages]))


class Remembering:
    """Searches of an index for some queries, each made once: the same ones are made for what is
    and for what would be. `spare` more passages are found than are asked for; `embed`
    may remember vectors that the index would make again."""

    def __init__(
        self,
        index: StageableIndex,
        spare: int,
        embed: Callable[[Sequence[str]], Vectors] | None = None,
    ) -> None:
        self.index = index
        self.embed = embed or index.embed
        self._spare = spare
        self._found: dict[tuple[object, ...], list[Scored]] = {}

    def vectors(self, query: Vectors, k: int, without: frozenset[int]) -> list[Scored]:
        key = ("vectors", query.tobytes(), k, without)
        if key not in self._found:
            self._found[key] = self.index.vector_search(query, k + self._spare, without)
        return self._found[key]

    def words(
        self, text: str, k: int, weights: Mapping[str, float], without: frozenset[int]
    ) -> list[Scored]:
        key = ("words", text, k, tuple(weights.items()), without)
        if key not in self._found:
            self._found[key] = self.index.lexical_search(text, k + self._spare, weights, without)
        return self._found[key]


class StagedIndex:
    """A SearchIndex as it would be after a change; as it is where there is none."""

    def __init__(self, found: Remembering, change: Change | None) -> None:
        self._found = found
        self._index = found.index
        self._change = change
        hidden = self._index.passage_ids_of(change.document_id) if change is not None else ()
        self._gone = frozenset(hidden)

    @property
    def revision(self) -> int:
        return self._index.revision

    @property
    def generation(self) -> Generation:
        return self._index.generation

    @property
    def cards(self) -> Mapping[str, DocumentCard]:
        cards = self._index.cards
        return cards if self._change is None else _Cards(cards, self._change)

    def reading(self) -> AbstractContextManager[int]:
        return self._index.reading()

    def embed(self, texts: Sequence[str]) -> Vectors:
        return self._found.embed(texts)

    def vector_search(
        self, query: str | Vectors, k: int, without: frozenset[int] = frozenset()
    ) -> list[Scored]:
        vector = self.embed([query])[0] if isinstance(query, str) else query
        found = self._found.vectors(vector, k, without)
        change = self._change
        if change is None:
            return found[:k]
        scores: list[float] = []
        if change.vectors is not None:
            scores = [float(one) for one in change.vectors @ vector]
        return self._joined(found, scores, k, least=-2.0)

    def lexical_search(
        self,
        text: str,
        k: int,
        weights: Mapping[str, float],
        without: frozenset[int] = frozenset(),
    ) -> list[Scored]:
        found = self._found.words(text, k, weights, without)
        change = self._change
        if change is None:
            return found[:k]
        rows = [{"body": one.text} for one in change.passages]
        scores = self._index.lexical_scores(rows, text, weights, without) if rows else []
        return self._joined(found, scores, k, least=0.0)

    def document_of(self, passage_id: int) -> str:
        change = self._change
        if change is not None and passage_id < 0:
            return change.document_id
        return self._index.document_of(passage_id)

    def passage_ids_of(self, document_id: str) -> tuple[int, ...]:
        change = self._change
        if change is not None and document_id == change.document_id:
            return change.ids
        return self._index.passage_ids_of(document_id)

    def named(self, alert_name: str) -> list[DocumentCard]:
        name = family(alert_name)
        return self._with_change(self._index.named(alert_name), {f"name:{name}"} if name else set())

    def pages_at(self, link: str) -> list[DocumentCard]:
        page = page_key(link)
        keys = {f"page:{page}", *([f"slug:{slug_of(page)}"] if slug_of(page) else [])}
        return self._with_change(self._index.pages_at(link), keys if page else set())

    def hidden_from(self, audience: Audience, excluded: frozenset[str]) -> frozenset[int]:
        return self._index.hidden_from(audience, excluded)

    def _with_change(self, cards: Sequence[DocumentCard], keys: set[str]) -> list[DocumentCard]:
        change = self._change
        if change is None:
            return list(cards)
        kept = [card for card in cards if card.id != change.document_id]
        if change.card is not None and not keys.isdisjoint(keys_of(change.card)):
            kept.append(change.card)
        return sorted(kept, key=lambda card: card.id)

    def _joined(
        self, found: Sequence[Scored], scores: Sequence[float], k: int, least: float
    ) -> list[Scored]:
        """What is found without the old passages and with the new ones that score."""
        assert self._change is not None
        kept = [one for one in found if one[0] not in self._gone]
        new = [
            (identity, score)
            for identity, score in zip(self._change.ids, scores, strict=False)
            if score > least
        ]
        # Published, the new passages would have the highest ids: of equals they come last.
        return sorted([*kept, *new], key=lambda one: (-one[1], one[0] < 0, abs(one[0])))[:k]


class StagedFacts:
    """What documents say, the changed page as it would be."""

    def __init__(self, facts: FactsOf, change: Change) -> None:
        self._facts = facts
        self._change = change

    def of(self, cards: Sequence[DocumentCard]) -> Mapping[str, Facts]:
        changed = self._change.document_id
        known = dict(self._facts.of([card for card in cards if card.id != changed]))
        if self._change.facts is not None and any(card.id == changed for card in cards):
            known[changed] = self._change.facts
        return known


class _Cards(Mapping[str, DocumentCard]):
    def __init__(self, cards: Mapping[str, DocumentCard], change: Change) -> None:
        self._cards = cards
        self._change = change

    def __getitem__(self, document_id: str) -> DocumentCard:
        if document_id != self._change.document_id:
            return self._cards[document_id]
        if self._change.card is None:
            raise KeyError(document_id)
        return self._change.card

    def __iter__(self) -> Iterator[str]:
        changed = self._change.document_id
        yield from (one for one in self._cards if one != changed)
        if self._change.card is not None:
            yield changed

    def __len__(self) -> int:
        return sum(1 for _ in self)


def _card_of(page: Runbook) -> DocumentCard:
    return DocumentCard(
        id=page.id,
        kind=page.kind,
        title=page.title,
        version=page.version,
        origin=page.origin,
        visibility=page.visibility,
        services=page.services,
        environments=page.environments,
        alerts=page.alerts,
        tags=page.tags,
        url=page.url,
        cause="",
        started_at=None,
    )
