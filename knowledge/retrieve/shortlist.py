"""Which of many past questions a page may come first for, told without searching for each.

A search looks at some hundred documents in full; this compares a question with all runbooks by
three numbers alone (likeness of meaning, words of the title, facts such as the alert's name), in
one product of matrices. It errs to the side of looking: what is doubtful is searched for in full.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from knowledge.embed.port import Vectors
from knowledge.index.keys import family, keys_of, page_key, slug_of
from knowledge.index.source import DocumentCard, KnowledgeSource
from knowledge.model import DocumentKind, Query
from knowledge.retrieve.candidates import SearchIndex
from knowledge.retrieve.confidence import RUNBOOK_PRIOR
from knowledge.retrieve.features import Rarity
from knowledge.retrieve.reading import content_words, stems
from knowledge.retrieve.staged import Change
from knowledge.retrieve.weights import RUNBOOK_WEIGHTS
from knowledge.text.concepts import amount_in
from knowledge.text.masking import mask
from knowledge.text.words import spoken, words_of

MARGIN = 2.0
"""Fused standard deviations behind the best other page from which a page is not looked at: what
the numbers left out (words of the body, versions, error names) seldom make up for more. On the
demo's 164 incidents and 75 pages, of the answers that moved the furthest was 1.65 behind."""

LEAST_SHOWN = 0.0
"""Log odds, all that is unknown in the page's favour, below which it is not looked at: what is
shown has at least -0.85 without any favour. There, the least of an answer that moved was 1.6."""

_LEAST_DENSE, _LEAST_TITLE = 0.04, 0.08
"""As in `fusion`."""

_TOP = 100
_TEXT = 2_000
_AT_ONCE = 256

Row = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class _Pages:
    """All runbooks that everyone may see: their passages' vectors, from where in them each page
    begins, and which pages have a key or a service."""

    cards: tuple[DocumentCard, ...]
    vectors: Vectors
    begins: NDArray[np.int64]
    keyed: Mapping[str, NDArray[np.int64]]
    of_service: Mapping[str, NDArray[np.int64]]
    with_service: NDArray[np.int64]
    of_environment: Mapping[str, NDArray[np.int64]]
    with_environment: NDArray[np.int64]
    of_amount: Mapping[str, NDArray[np.int64]]


class Shortlist:
    """Made for one change; `vectors` gives a stored or fresh vector a page's passage."""

    def __init__(self, index: SearchIndex, source: KnowledgeSource, change: Change) -> None:
        cards = [
            card
            for card in index.cards.values()
            if card.kind is DocumentKind.RUNBOOK
            and card.visibility.is_everyone
            and index.passage_ids_of(card.id)
        ]
        rows = _rows(index, source, cards)
        if change.card is not None and change.vectors is not None:
            cards.append(change.card)
            rows.append(change.vectors)
        self._mine = [at for at, card in enumerate(cards) if card.id == change.document_id]
        self._pages = _pages(cards, rows, index.generation.dimension)
        self._titles = _Titles([card.title for card in cards])

    def places(self, queries: Sequence[Query], vectors: Vectors) -> list[int]:
        """Places of the questions that the page is or would be near the front for, the nearest
        first. `vectors` has a row a question, shape (questions, dimension): how it is embedded,
        or about so."""
        if not self._mine:
            return []
        near: list[tuple[float, int]] = []
        for start in range(0, len(queries), _AT_ONCE):
            some = queries[start : start + _AT_ONCE]
            likeness = self._likeness(vectors[start : start + _AT_ONCE])
            for row, query in enumerate(some):
                lead = self._lead(query, likeness[row])
                if lead is not None and lead >= -MARGIN:
                    near.append((-lead, start + row))
        return [place for _, place in sorted(near)]

    def nearest_to(self, vectors: Vectors, least: float, behind: float) -> NDArray[np.bool_]:
        """Of texts, shape (texts, dimension), those that the page is or would be among the
        nearest pages to: with at least this cosine, and at most so much behind the best other."""
        if not self._mine or not len(vectors):
            return np.zeros(len(vectors), dtype=np.bool_)
        likeness = self._likeness(vectors)
        mine = likeness[:, self._mine].max(axis=1)
        others = np.delete(likeness, self._mine, axis=1)
        best = others.max(axis=1) if others.shape[1] else np.full(len(mine), -1.0)
        near: NDArray[np.bool_] = (mine >= least) & (mine >= best - behind)
        return near

    def _likeness(self, vectors: Vectors) -> Row:
        """Cosine of each question's best passage a page, shape (questions, pages)."""
        passages = vectors @ self._pages.vectors.T
        return np.maximum.reduceat(passages, self._pages.begins, axis=1)

    def _lead(self, query: Query, dense: Row) -> float | None:
        """How far the page is ahead of the best other one (below 0: behind), of its two texts
        the better; None where it could not be shown at all."""
        said = stems(words_of(f"{spoken(query.alert_name or '')} {query.text[:_TEXT]}"))
        title = self._titles.coverage(said)
        top = np.argpartition(-dense, min(_TOP, len(dense)) - 1)[:_TOP]
        score = dense / max(float(dense[top].std()), _LEAST_DENSE)
        score += RUNBOOK_WEIGHTS.title * title / max(float(title[top].std()), _LEAST_TITLE)
        facts, structure = self._facts(query)
        score = score + facts
        others = np.delete(score, self._mine)
        best = float(others.max()) if len(others) else float("-inf")
        leads = [
            float(score[at]) - best
            for at in self._mine
            if self._odds(query, at, dense, title, structure) >= LEAST_SHOWN
        ]
        return max(leads, default=None)

    def _odds(self, query: Query, at: int, dense: Row, title: Row, structure: Row) -> float:
        """Log odds of the page being right, what is not known taken in its favour."""
        prior = RUNBOOK_PRIOR
        unmatched = bool(query.alert_name) and structure[at] == 0.0
        return (
            prior.intercept
            + prior.dense * float(dense[at])
            + prior.title * float(title[at])
            + prior.structure * float(structure[at])
            + prior.unmatched * unmatched
            + prior.coverage
            + prior.coverage_lead * 0.5
            + prior.dense_lead * 0.3
            + prior.title_lead * float(title[at])
            + prior.margin * 4.0
        )

    def _facts(self, query: Query) -> tuple[Row, Row]:
        """What facts are worth a page; and 1.0 where the alert's name or link means the page."""
        pages, weights = self._pages, RUNBOOK_WEIGHTS
        worth = np.zeros(len(pages.cards), dtype=np.float32)
        left = amount_in(f"{spoken(query.alert_name or '')}. {query.text[:_TEXT]}")
        for amount, titles in pages.of_amount.items():
            if left:
                worth[titles] += weights.amount if amount == left else -weights.amount
        structure = np.zeros(len(pages.cards), dtype=np.float32)
        if query.alert_name:
            about = _at(pages.keyed, f"alert:{family(query.alert_name)}")
            worth[about] += weights.same_alert
            structure[about] = 1.0
        if query.runbook_url:
            page = page_key(query.runbook_url)
            own = [_at(pages.keyed, f"page:{page}"), _at(pages.keyed, f"slug:{slug_of(page)}")]
            found = np.unique(np.concatenate(own))
            worth[found] += weights.own_page
            structure[found] = 1.0
        for said, weight, having, every in (
            (query.service, weights.service, pages.of_service, pages.with_service),
            (query.environment, weights.environment, pages.of_environment, pages.with_environment),
        ):
            if said:
                worth[every] -= weight
                worth[_at(having, said.lower())] += 2 * weight
        return worth, structure


class _Titles:
    """The share of each title's rarity that a question says, as `features.title_coverage` has it
    but with how rare a word is among all titles."""

    def __init__(self, titles: Sequence[str]) -> None:
        words = [content_words(mask(title)) for title in titles]
        rarity = Rarity.among(words)
        self._count = len(titles)
        self._parts: dict[str, list[tuple[int, float]]] = defaultdict(list)
        for at, own in enumerate(words):
            whole = rarity.sum(own)
            for word in own:
                self._parts[word].append((at, rarity.of(word) / whole))

    def coverage(self, said: Iterable[str]) -> Row:
        found = np.zeros(self._count, dtype=np.float32)
        for word in said:
            for at, share in self._parts.get(word, ()):
                found[at] += share
        return found


def _rows(
    index: SearchIndex, source: KnowledgeSource, cards: Sequence[DocumentCard]
) -> list[Vectors]:
    """The vectors of each card's passages, as they are stored."""
    ids = {card.id: index.passage_ids_of(card.id) for card in cards}
    wanted = [one for some in ids.values() for one in some]
    hashes = {one.id: one.hash for one in source.passages(wanted)}
    stored = source.vectors(list(dict.fromkeys(hashes.values())), index.generation)
    blank = np.zeros(index.generation.dimension, dtype=np.float32)
    return [
        np.stack([stored.get(hashes.get(one, ""), blank) for one in ids[card.id]]) for card in cards
    ]


def _pages(cards: Sequence[DocumentCard], rows: Sequence[Vectors], dimension: int) -> _Pages:
    sizes = np.array([0, *(len(one) for one in rows)], dtype=np.int64)
    keyed: dict[str, list[int]] = defaultdict(list)
    services: dict[str, list[int]] = defaultdict(list)
    environments: dict[str, list[int]] = defaultdict(list)
    amounts: dict[str, list[int]] = defaultdict(list)
    for at, card in enumerate(cards):
        for key in keys_of(card):
            keyed[key].append(at)
        for name in {family(card.title), *map(family, card.alerts)}:
            keyed[f"alert:{name}"].append(at)
        for service in {one.lower() for one in card.services}:
            services[service].append(at)
        for environment in {one.lower() for one in card.environments}:
            environments[environment].append(at)
        if amount := amount_in(card.title):
            amounts[amount].append(at)
    return _Pages(
        cards=tuple(cards),
        vectors=np.concatenate(rows) if rows else np.zeros((0, dimension), dtype=np.float32),
        begins=np.cumsum(sizes)[:-1],
        keyed=_arrays(keyed),
        of_service=_arrays(services),
        with_service=_having([card.services for card in cards]),
        of_environment=_arrays(environments),
        with_environment=_having([card.environments for card in cards]),
        of_amount=_arrays(amounts),
    )


def _arrays(found: Mapping[str, Sequence[int]]) -> dict[str, NDArray[np.int64]]:
    return {key: np.array(places, dtype=np.int64) for key, places in found.items()}


def _having(values: Sequence[Sequence[str]]) -> NDArray[np.int64]:
    return np.array([at for at, some in enumerate(values) if some], dtype=np.int64)


def _at(found: Mapping[str, NDArray[np.int64]], key: str) -> NDArray[np.int64]:
    return found.get(key, np.empty(0, dtype=np.int64))
