"""Records that lead an answer to a page: which of them a change of a page concerns.

A past incident that answers shows the page that its record names, or the one that is nearest to
its cause. So a change of a page moves answers to questions that the page itself is far from. Told
apart by stored vectors, erring to the side of looking.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from knowledge.embed.port import Vectors
from knowledge.index.keys import family
from knowledge.index.source import DocumentCard, KnowledgeSource
from knowledge.model import DocumentKind, PastIncident, Query, SectionRole
from knowledge.retrieve.candidates import SearchIndex
from knowledge.retrieve.pages import Pages, about_cause
from knowledge.retrieve.retriever import NEAR_PAGE
from knowledge.retrieve.shortlist import Shortlist
from knowledge.text.masking import mask

_LEAST, _BEHIND = NEAR_PAGE - 0.08, 0.06
"""Cosine and distance to the best other page from which the passage of a cause counts as near: it
is not quite the text that an answer compares, which has the title alone above it."""

_CLOSE = 0.15
"""Cosine behind the best record from which a record may be the one that answers."""

_SPARED = 10
"""Passages of the case that asks, which it must not be answered by; hidden, others move up."""

_ANYBODY = Query(text="")


@dataclass(frozen=True, slots=True)
class _Known:
    """What is read of a record once a version: the page that it names, the text whose nearest page
    is its own, the vector of its first passage, which says what was seen, and of its cause; None
    where there is none."""

    version: int
    runbook: str | None
    about: str
    seen: Vectors | None
    cause: Vectors | None


class LeadingRecords:
    """All records that everyone may see; what is read of them is remembered."""

    def __init__(self, index: SearchIndex, source: KnowledgeSource) -> None:
        self._index = index
        self._source = source
        self._known: dict[str, _Known] = {}

    def read(self) -> None:
        """Read the records that are new or have changed."""
        cards = self._cards()
        self._known = {
            name: one
            for name, one in self._known.items()
            if name in cards and cards[name].version == one.version
        }
        missing = [name for name in cards if name not in self._known]
        if not missing:
            return
        records = {
            one.id: one for one in self._source.documents(missing) if isinstance(one, PastIncident)
        }
        ids = [number for name in missing for number in self._index.passage_ids_of(name)]
        seen: dict[str, str] = {}
        cause: dict[str, str] = {}
        for passage in sorted(self._source.passages(ids), key=lambda one: one.ordinal):
            seen.setdefault(passage.document_id, passage.hash)
            if passage.role is SectionRole.CAUSE:
                cause.setdefault(passage.document_id, passage.hash)
        wanted = list(dict.fromkeys([*seen.values(), *cause.values()]))
        stored = self._source.vectors(wanted, self._index.generation)
        for name in missing:
            record = records.get(name)
            self._known[name] = _Known(
                version=cards[name].version,
                runbook=record.runbook if record is not None else None,
                about=about_cause(record) if record is not None else "",
                seen=stored.get(seen.get(name, "")),
                cause=stored.get(cause.get(name, "")),
            )

    def moved(
        self, now: Pages, then: Pages, pages: Shortlist, embed: Callable[[Collection[str]], object]
    ) -> frozenset[str]:
        """Records that lead to another page by a change: `now` and `then` tell the page that a
        link or a cause means before and after it, `pages` knows the changed page among all,
        `embed` is told the texts that they will be asked about."""
        links = {one.runbook for one in self._known.values() if one.runbook}
        was = {link: now.page_at(link, _ANYBODY) for link in links}
        would = {link: then.page_at(link, _ANYBODY) for link in links}
        by_name = {
            name
            for name, one in self._known.items()
            if one.runbook and was[one.runbook] != would[one.runbook]
        }
        by_cause = {
            name: one.cause
            for name, one in self._known.items()
            if one.cause is not None
            and not (one.runbook and was[one.runbook] and would[one.runbook])
        }
        if not by_cause:
            return frozenset(by_name)
        near = pages.nearest_to(np.stack(list(by_cause.values())), _LEAST, _BEHIND)
        asked = {
            name: self._known[name].about
            for name, is_near in zip(by_cause, near, strict=True)
            if is_near
        }
        embed([text for one in asked.values() if (text := mask(one).strip())])
        led = {name for name, text in asked.items() if _differs(now, then, text)}
        return frozenset(by_name | led)

    def places(self, queries: Sequence[Query], vectors: Vectors, moved: frozenset[str]) -> set[int]:
        """Places of the questions that one of `moved` may answer. `vectors` has a row a question:
        how it is embedded, or about so."""
        cards = self._cards()
        seen = {name: one.seen for name, one in self._known.items() if one.seen is not None}
        names = list(seen)
        if not names or moved.isdisjoint(names):
            return set()
        rows = np.stack(list(seen.values()))
        places = {name: at for at, name in enumerate(names)}
        mine = np.array([name in moved for name in names])
        alerts = _by_alert(names, cards)
        near: set[int] = set()
        for at, query in enumerate(queries):
            likeness = rows @ vectors[at]
            for own in query.excluded:
                if own in places:
                    likeness[places[own]] = -1.0
            about = alerts.get(family(query.alert_name), set()) if query.alert_name else set()
            about = about - {places[one] for one in query.excluded if one in places}
            if about:  # the same alert goes before what reads alike
                of_alert = np.zeros(len(names), dtype=np.bool_)
                of_alert[list(about)] = True
                likeness = np.where(of_alert, likeness, -1.0)
            close = likeness >= max(float(likeness.max()) - _CLOSE, -0.99)
            if bool((close & mine).any()):
                near.add(at)
        return near

    def _cards(self) -> dict[str, DocumentCard]:
        return {
            name: card
            for name, card in self._index.cards.items()
            if card.kind is DocumentKind.PAST_INCIDENT and card.visibility.is_everyone
        }


def _differs(now: Pages, then: Pages, text: str) -> bool:
    """Whether the page nearest to a cause is another one, also where a question hides some of the
    passages that are as near."""
    return any(
        now.page_about(text, _ANYBODY, spared) != then.page_about(text, _ANYBODY, spared)
        for spared in (0, _SPARED)
    )


def _by_alert(names: Sequence[str], cards: Mapping[str, DocumentCard]) -> dict[str, set[int]]:
    found: dict[str, set[int]] = {}
    for at, name in enumerate(names):
        for alert in {family(one) for one in cards[name].alerts}:
            found.setdefault(alert, set()).add(at)
    return found
