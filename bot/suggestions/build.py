"""The SuggestionBuilder: from a ranking to the one answer that people read."""

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from bot.suggestions import words
from bot.suggestions.checking import CauseReader
from bot.suggestions.citing import (
    cite_incident,
    cite_passage,
    mitigation_steps,
    passages_by_rank,
)
from bot.suggestions.different import different
from bot.suggestions.model import (
    CitedIncident,
    CitedPassage,
    Nearest,
    Step,
    Suggestion,
    SuggestionKind,
)
from bot.suggestions.receipt import KEPT, kept_runbooks, make_receipt
from knowledge.index.source import KnowledgeSource
from knowledge.model import (
    Document,
    DocumentKind,
    Hit,
    Passage,
    PastIncident,
    Query,
    Runbook,
)
from knowledge.retrieve.confidence import in_words
from knowledge.retrieve.pages import ALSO_SHOWN
from knowledge.retrieve.ranking import Ranking
from knowledge.retrieve.retriever import Retriever

INCIDENTS_SHOWN = 5
PAGES_SHOWN = 3


def new_id() -> str:
    """A fresh opaque id of a suggestion."""
    return secrets.token_hex(16)


@dataclass(frozen=True, slots=True)
class _Found:
    """One ranking with the records that it speaks of."""

    query: Query
    ranking: Ranking
    documents: Mapping[str, Document]
    passages: Mapping[int, Passage]
    starters: frozenset[str]

    def incident(self, document_id: str) -> PastIncident | None:
        found = self.documents.get(document_id)
        return found if isinstance(found, PastIncident) else None

    def runbook(self, document_id: str) -> Runbook | None:
        found = self.documents.get(document_id)
        return found if isinstance(found, Runbook) else None


class SuggestionBuilder:
    """Answers queries. Everything but the id is a function of the query and the knowledge.

    Safe to use from several threads.
    """

    def __init__(
        self,
        retriever: Retriever,
        source: KnowledgeSource,
        *,
        ids: Callable[[], str] = new_id,
    ) -> None:
        self._retriever = retriever
        self._source = source
        self._ids = ids

    def suggest(self, query: Query, *, asked: bool, suggestion_id: str | None = None) -> Suggestion:
        """The answer, or an abstention: silent unless somebody `asked`.

        A page or case that goes away while this runs is left out; nothing is raised for it.
        """
        ranking = self._retriever.search(query)
        found = self._read(query, ranking)
        identity = suggestion_id or self._ids()
        receipt = make_receipt(query, ranking, starters=found.starters, passages=found.passages)
        if ranking.answered_by is DocumentKind.PAST_INCIDENT:
            made = self._from_incidents(found, identity, receipt)
        elif ranking.answered_by is DocumentKind.RUNBOOK:
            made = self._from_runbook(found, identity, receipt)
        else:
            made = None
        return made or _abstention(found, identity, receipt, asked)

    def _read(self, query: Query, ranking: Ranking) -> _Found:
        incidents = ranking.incidents[:KEPT]
        cards = self._retriever.starters(hit.document_id for hit in ranking.runbooks)
        runbooks = kept_runbooks(ranking.runbooks, cards)
        hits = [*incidents, *runbooks]
        shown = [*incidents, *ranking.runbooks[:PAGES_SHOWN]]
        numbers = sorted({number for hit in hits for number in hit.passages})
        documents = self._source.documents([hit.document_id for hit in shown])
        return _Found(
            query=query,
            ranking=ranking,
            documents={document.id: document for document in documents},
            passages={passage.id: passage for passage in self._source.passages(numbers)},
            starters=cards,
        )

    def _from_incidents(
        self, found: _Found, identity: str, receipt: dict[str, object]
    ) -> Suggestion | None:
        ranking, query = found.ranking, found.query
        reader = CauseReader(self._retriever, self._source, query)
        sure = in_words(ranking.confidence)
        if ranking.leads:
            incidents = _incidents(found, _leading(ranking))
            if not incidents:
                return None
            best = incidents[0]
            record = found.incident(best.id)
            page = reader.page_for(record) if record is not None else None
            pages = self._pages(found, page)
            said = self._section(page, record.resolution, query) if page and record else None
            elsewhere = best.environment if best.other_environment else ""
            return Suggestion(
                id=identity,
                kind=SuggestionKind.ONE_CAUSE,
                answered=True,
                confidence=ranking.confidence,
                confidence_words=sure,
                headline=words.one_cause(best.id, sure, elsewhere),
                incidents=incidents,
                passages=_passages(found, pages, said),
                steps=_steps(pages[:1], query),
                differences=different(record, query) if record is not None else (),
                receipt=receipt,
            )
        causes = reader.causes(ranking.causes)
        first = reader.check_first()
        told = first.text if first else next((cause.check for cause in causes if cause.check), "")
        places = {hit.document_id: place for place, hit in enumerate(ranking.incidents)}
        leads = sorted(
            (
                min(cause.incident_ids, key=lambda one: places.get(one, len(places)))
                for cause in causes
            ),
            key=lambda one: places.get(one, len(places)),
        )
        return Suggestion(
            id=identity,
            kind=SuggestionKind.SEVERAL_CAUSES,
            answered=True,
            confidence=ranking.confidence,
            confidence_words=sure,
            headline=words.several_causes(len(ranking.causes), told),
            incidents=_incidents(found, leads),
            passages=_passages(found, self._pages(found, None)),
            causes=causes,
            check_first=first,
            receipt=receipt,
        )

    def _from_runbook(
        self, found: _Found, identity: str, receipt: dict[str, object]
    ) -> Suggestion | None:
        ranking = found.ranking
        pages = [
            page
            for hit in ranking.runbooks[:PAGES_SHOWN]
            if (page := found.runbook(hit.document_id)) is not None
        ]
        if not pages:
            return None
        sure = in_words(ranking.confidence)
        return Suggestion(
            id=identity,
            kind=SuggestionKind.RUNBOOK_ONLY,
            answered=True,
            confidence=ranking.confidence,
            confidence_words=sure,
            headline=words.runbook_only(pages[0].title, sure),
            passages=_passages(found, pages),
            steps=_steps(pages[:1], found.query),
            receipt=receipt,
        )

    def _section(self, page: str, resolution: str, query: Query) -> Passage | None:
        """The section of the case's page that says what was done then."""
        number = self._retriever.section_about(page, resolution, query)
        found = self._source.passages([number]) if number is not None else ()
        return found[0] if found else None

    def _pages(self, found: _Found, first: str | None) -> list[Runbook]:
        """The page of the case that answers, then the best runbook when it fits by itself."""
        wanted = [first] if first is not None else []
        if found.ranking.runbook_confidence >= ALSO_SHOWN and found.ranking.runbooks:
            wanted.append(found.ranking.runbooks[0].document_id)
        wanted = list(dict.fromkeys(wanted))
        missing = [name for name in wanted if name not in found.documents]
        read = {page.id: page for page in self._source.documents(missing)} if missing else {}
        pages = [read.get(name) or found.documents.get(name) for name in wanted]
        return [page for page in pages if isinstance(page, Runbook)]


def _leading(ranking: Ranking) -> list[str]:
    """The likeliest cause's cases in front, then the others that rank."""
    return [hit.document_id for hit in ranking.incidents]


def _incidents(found: _Found, ids: Sequence[str]) -> tuple[CitedIncident, ...]:
    hits = {hit.document_id: hit for hit in found.ranking.incidents}
    cited: list[CitedIncident] = []
    for name in ids[:INCIDENTS_SHOWN]:
        record, hit = found.incident(name), hits.get(name)
        if record is not None and hit is not None:
            passages = passages_by_rank(hit, found.passages)
            cited.append(cite_incident(record, hit.score, found.query, passages))
    return tuple(cited)


def _passages(
    found: _Found, pages: Sequence[Runbook], said: Passage | None = None
) -> tuple[CitedPassage, ...]:
    """The pages' sections to read; `said` is that of the first page that says what was done."""
    hits: dict[str, Hit] = {hit.document_id: hit for hit in found.ranking.runbooks}
    return tuple(
        cite_passage(
            page,
            hits[page.id].score if page.id in hits else 0.0,
            passages_by_rank(hits[page.id], found.passages) if page.id in hits else [],
            said if said is not None and said.document_id == page.id else None,
        )
        for page in pages[:PAGES_SHOWN]
    )


def _steps(pages: Sequence[Runbook], query: Query) -> tuple[Step, ...]:
    return tuple(step for page in pages for step in mitigation_steps(page, query.labels))


def _abstention(
    found: _Found, identity: str, receipt: dict[str, object], asked: bool
) -> Suggestion:
    """Nothing is close enough. The nearest is named, with why it is too far."""
    ranking = found.ranking
    nearest = _nearest(found)
    return Suggestion(
        id=identity,
        kind=SuggestionKind.ABSTENTION,
        answered=False,
        confidence=ranking.confidence,
        confidence_words=in_words(ranking.confidence),
        headline=words.not_seen(nearest),
        nearest=nearest,
        silent=not asked,
        receipt=receipt,
    )


def _nearest(found: _Found) -> Nearest | None:
    """The best past incident, or the best runbook where there is no incident at all."""
    hits = found.ranking.incidents or found.ranking.runbooks
    for hit in hits[:1]:
        document = found.documents.get(hit.document_id)
        if document is not None:
            return Nearest(
                id=document.id,
                title=document.title,
                score=hit.score,
                url=document.url,
                why_too_far=words.why_too_far(hit.features),
            )
    return None
