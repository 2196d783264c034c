"""The numbers about one candidate: what its text and its structure say for it."""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache

from knowledge.index.keys import REMEMBERED, family, is_own_page, page_key
from knowledge.index.source import DocumentCard
from knowledge.model import DocumentKind, Query
from knowledge.retrieve.candidates import Candidate
from knowledge.retrieve.facts import Facts
from knowledge.retrieve.reading import Reading, content_words
from knowledge.text.concepts import amount_in, concepts_of
from knowledge.text.masking import mask
from knowledge.text.words import words_of

SAME_LINE = 0.6
"""Share of words two log lines must have in common to be the same line another day."""

RECENCY_DAYS = 30.0
TELLING_TOKENS = 10.0
"""Summed rarity (nats) of exact tokens in common that counts as full evidence."""


@dataclass(frozen=True, slots=True)
class Rarity:
    """How telling a word is among the candidates: log(1 + n / (df + 1/2)), in nats."""

    documents: int
    frequency: Mapping[str, int]
    _worth: "_Worth" = field(init=False, compare=False)
    _asked: dict[frozenset[str], float] = field(default_factory=dict, compare=False)

    @classmethod
    def among(cls, sets: Iterable[frozenset[str]]) -> "Rarity":
        frequency: Counter[str] = Counter()
        documents = 0
        for words in sets:
            documents += 1
            frequency.update(words)
        return cls(documents, frequency)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_worth", _Worth(self.documents, self.frequency))

    def of(self, word: str) -> float:
        return self._worth[word]

    def sum(self, words: Iterable[str]) -> float:
        """The sum is the exact one rounded once, so the order of the words changes nothing."""
        return math.fsum(map(self._worth.__getitem__, words))

    def whole(self, asked: frozenset[str]) -> float:
        """`sum`, remembered: every candidate is compared with the same question."""
        if asked not in self._asked:
            self._asked[asked] = self.sum(asked)
        return self._asked[asked]


class _Worth(dict[str, float]):
    """What words are worth, each reckoned once: a search asks for thousands."""

    def __init__(self, documents: int, frequency: Mapping[str, int]) -> None:
        super().__init__()
        self._documents = documents
        self._frequency = frequency

    def __missing__(self, word: str) -> float:
        worth = math.log1p(self._documents / (self._frequency.get(word, 0) + 0.5))
        self[word] = worth
        return worth


def title_coverage(candidates: Sequence[Candidate], reading: Reading) -> dict[str, float]:
    """By document, the share of its title's rarity that the query says.

    A page is named after the state that it is about, so there a concept in common counts as a
    word; the title of a past incident is whatever somebody wrote that night.
    """
    asked = reading.words | reading.concepts
    titles = {
        c.card.id: _title_words(c.card.title)
        | (_title_concepts(c.card.title) if c.card.kind is DocumentKind.RUNBOOK else frozenset())
        for c in candidates
    }
    rarity = Rarity.among(titles.values())
    coverage: dict[str, float] = {}
    for document_id, words in titles.items():
        whole = rarity.sum(words)
        coverage[document_id] = rarity.sum(words & asked) / whole if whole else 0.0
    return coverage


@lru_cache(maxsize=REMEMBERED)
def _title_words(title: str) -> frozenset[str]:
    return content_words(mask(title))


@lru_cache(maxsize=REMEMBERED)
def _title_concepts(title: str) -> frozenset[str]:
    return concepts_of(title)


@lru_cache(maxsize=REMEMBERED)
def _title_amount(title: str) -> str:
    return amount_in(title)


def structure(card: DocumentCard, query: Query, newest: datetime | None) -> dict[str, float]:
    """Facts that need no text: what people said, the alert's name and page, service, environment,
    recency."""
    features: dict[str, float] = {}
    if card.id in query.linked:
        features["linked"] = 1.0
    if query.unhelpful.get(card.id):
        features["unhelpful"] = query.unhelpful[card.id]
    if query.alert_name:
        name = family(query.alert_name)
        named = any(family(alert) == name for alert in card.alerts)
        titled = card.kind is DocumentKind.RUNBOOK and family(card.title) == name
        features["same_alert"] = float(named or titled)
        features["other_alert"] = float(bool(card.alerts) and not named and not titled)
    if query.runbook_url:
        features["own_page"] = float(is_own_page(page_key(query.runbook_url), card))
    if query.service and card.services:
        same = query.service.lower() in {service.lower() for service in card.services}
        features["same_service"] = float(same)
        features["other_service"] = float(not same)
    if query.environment and card.environments:
        same = query.environment.lower() in {name.lower() for name in card.environments}
        features["same_environment"] = float(same)
        features["other_environment"] = float(not same)
    severity = _severity(query, card)
    if severity:
        features["severity"] = severity
    if card.started_at is not None and newest is not None:
        age = (newest - card.started_at).total_seconds() / 86_400
        features["recency"] = math.exp(-max(age, 0.0) / RECENCY_DAYS)
    return features


_SEVERITIES = frozenset({"critical", "warning"})


def _severity(query: Query, card: DocumentCard) -> float:
    """1.0 where the title names the alert's own severity, -1.0 where it names the other; pages
    come in such pairs (VolumeFullWarning, VolumeFullCritical). 0.0 where either is silent."""
    said = query.labels.get("severity", "").strip().lower()
    if said not in _SEVERITIES or card.kind is not DocumentKind.RUNBOOK:
        return 0.0
    named = _SEVERITIES & frozenset(words_of(card.title))
    if len(named) != 1:
        return 0.0
    return 1.0 if said in named else -1.0


def amount(reading: Reading, card: DocumentCard) -> float:
    """1.0 where a page's title and the query speak of as much being left, none or only some; -1.0
    where they contradict each other; 0.0 where either is silent."""
    if not reading.amount or card.kind is not DocumentKind.RUNBOOK:
        return 0.0
    named = _title_amount(card.title)
    return (1.0 if named == reading.amount else -1.0) if named else 0.0


def evidence(
    reading: Reading, facts: Facts, exact_rarity: Rarity, words_rarity: Rarity
) -> dict[str, float]:
    """What query and record have in common beyond similar wording; each value in 0..1."""
    features = {
        "exact": min(1.0, exact_rarity.sum(reading.exact & facts.exact) / TELLING_TOKENS),
        "coverage": coverage(reading.words, facts.words, words_rarity),
    }
    if reading.errors and facts.errors:
        features["errors"] = len(reading.errors & facts.errors) / len(reading.errors)
    if reading.templates and facts.logs:
        features["log_lines"] = lines_in_common(reading.templates, facts.logs)
    return features


def coverage(asked: frozenset[str], said: frozenset[str], rarity: Rarity) -> float:
    """Share of the asked words' rarity that a document says."""
    whole = rarity.whole(asked)
    return rarity.sum(asked & said) / whole if whole else 0.0


def lines_in_common(given: Sequence[frozenset[str]], stored: Sequence[frozenset[str]]) -> float:
    """Share of the stored log lines that appear among the given ones, values aside."""
    lines = [words for words in stored if words]
    if not lines:
        return 0.0
    seen = sum(any(_same(line, other) for other in given) for line in lines)
    return seen / len(lines)


def _same(line: frozenset[str], other: frozenset[str]) -> bool:
    smaller, larger = sorted((len(line), len(other)))
    if smaller < SAME_LINE * larger:
        return False
    common = len(line & other)
    return common >= SAME_LINE * (len(line) + len(other) - common)
