"""Past incidents asked again, as the knowledge is and as one change would make it."""

from collections import OrderedDict
from collections.abc import Callable, Collection, Mapping, Sequence

import numpy as np

from knowledge.curate.impact import Case, Impact, impact_of
from knowledge.embed.port import Vectors
from knowledge.errors import Cancelled
from knowledge.index.source import KnowledgeSource
from knowledge.model import PastIncident, Query, Runbook
from knowledge.retrieve.leading import LeadingRecords
from knowledge.retrieve.pages import RecordOf
from knowledge.retrieve.reading import Reading, read_query
from knowledge.retrieve.retriever import Retriever
from knowledge.retrieve.shortlist import Shortlist
from knowledge.retrieve.staged import (
    Change,
    Remembering,
    StageableIndex,
    StagedFacts,
    StagedIndex,
    change_of,
)

Progress = Callable[[int, int], None]
"""Called with (past incidents done, past incidents in all)."""

_AT_ONCE = 64
_REMEMBERED = 10_000


class Previewer:
    """Tells what a change of a runbook would do. Writes nothing.

    Past incidents that the page is far from, as it is and as it would be, are told apart by stored
    vectors; the others are searched for in full, twice. What their questions' vectors are is
    remembered. One preview at a time.
    """

    def __init__(
        self, retriever: Retriever, index: StageableIndex, source: KnowledgeSource
    ) -> None:
        self._retriever = retriever
        self._index = index
        self._source = source
        self._questions: OrderedDict[str, Vectors] = OrderedDict()
        self._leading = LeadingRecords(index, source)

    def page_at(self, link: str, query: Query) -> str | None:
        """See `Retriever.page_at`."""
        return self._retriever.page_at(link, query)

    def preview(
        self,
        document_id: str,
        page: Runbook | None,
        cases: Sequence[Case],
        *,
        progress: Progress | None = None,
        is_cancelled: Callable[[], bool] = lambda: False,
        shortlist: bool = True,
    ) -> Impact:
        """The effect of putting `page` in force as `document_id`; of taking it out of answers
        where it is None. `shortlist` False searches for every case. Raises Cancelled."""
        tell = progress or (lambda _done, _total: None)
        change = change_of(self._index, document_id, page)
        near: Sequence[int] = range(len(cases))
        tell(0, len(cases))
        if shortlist:
            near = self._near([case.query for case in cases], cases, change, is_cancelled)
        gets: list[str | None] = [None] * len(cases)
        would: list[str | None] = [None] * len(cases)
        records: dict[str, PastIncident | None] = {}

        def record_of(name: str) -> PastIncident | None:
            if name not in records:
                found = self._source.documents([name])
                records[name] = next((one for one in found if isinstance(one, PastIncident)), None)
            return records[name]

        passed = len(cases) - len(near)
        tell(passed, len(cases))
        for start in range(0, len(near), _AT_ONCE):
            some = list(near[start : start + _AT_ONCE])
            read = [(at, read_query(cases[at].query)) for at in some]
            vectors = self._vectors([text for _, one in read for text in _texts(one)])
            for done, (at, reading) in enumerate(read, start=1):
                if is_cancelled():
                    raise Cancelled("the preview was cancelled")
                gets[at], would[at] = self._both(
                    cases[at].query, reading, vectors, change, record_of
                )
                tell(passed + start + done, len(cases))
        return impact_of(document_id, cases, gets, would, len(near))

    def _near(
        self,
        queries: Sequence[Query],
        cases: Sequence[Case],
        change: Change,
        is_cancelled: Callable[[], bool],
    ) -> list[int]:
        """Places of the cases whose answer may show another page: those that the page itself is
        near to, and those that a record answers which leads to it."""
        about = self._about(cases, is_cancelled)
        pages = Shortlist(self._index, self._source, change)
        near = pages.places(queries, about)
        self._leading.read()
        staged = StagedIndex(Remembering(self._index, 0), change)
        then = self._retriever.over(staged, StagedFacts(self._retriever.facts, change))
        moved = self._leading.moved(self._retriever.page_at, then.page_at, pages)
        led = self._leading.places(queries, about, moved) - set(near)
        return [*near, *sorted(led)]

    def _both(
        self,
        query: Query,
        reading: Reading,
        vectors: Mapping[str, Vectors],
        change: Change,
        record_of: RecordOf,
    ) -> tuple[str | None, str | None]:
        spare = len(self._index.passage_ids_of(change.document_id))
        found = Remembering(self._index, spare, self._embed)
        now = self._retriever.over(StagedIndex(found, None), self._retriever.facts)
        then = self._retriever.over(
            StagedIndex(found, change), StagedFacts(self._retriever.facts, change)
        )
        # Not under one lock: an alert that comes in meanwhile must not wait for a preview.
        page, verdict = now.first_page(query, reading, vectors, record_of)
        return page, then.first_page(query, reading, vectors, record_of, verdict)[0]

    def _embed(self, texts: Sequence[str]) -> Vectors:
        known = self._vectors(texts)
        return np.stack([known[text] for text in texts])

    def _about(self, cases: Sequence[Case], is_cancelled: Callable[[], bool]) -> Vectors:
        """A vector a case, shape (cases, dimension): of its record's first passage, which says
        what was seen, where it is on record; else of its question."""
        first = {case.id: self._index.passage_ids_of(case.id)[:1] for case in cases}
        ids = [one for some in first.values() for one in some]
        hashes = {one.id: one.hash for one in self._source.passages(ids)}
        stored = self._source.vectors(list(dict.fromkeys(hashes.values())), self._index.generation)
        rows = np.zeros((len(cases), self._index.generation.dimension), dtype=np.float32)
        asked: list[tuple[int, str]] = []
        for at, case in enumerate(cases):
            vector = next((stored.get(hashes.get(one, "")) for one in first[case.id]), None)
            if vector is None:
                asked.append((at, read_query(case.query).prose))
            else:
                rows[at] = vector
        for start in range(0, len(asked), _AT_ONCE):
            if is_cancelled():
                raise Cancelled("the preview was cancelled")
            some = asked[start : start + _AT_ONCE]
            vectors = self._vectors([text for _, text in some if text])
            for at, text in some:
                if text:
                    rows[at] = vectors[text]
        return rows

    def _vectors(self, texts: Collection[str]) -> dict[str, Vectors]:
        """Unit vectors by text, remembered ones and new ones."""
        known = {text: self._questions[text] for text in texts if text in self._questions}
        missing = [text for text in dict.fromkeys(texts) if text not in known]
        if missing:
            made = dict(zip(missing, self._index.embed(missing), strict=True))
            known.update(made)
            self._questions.update(made)
            while len(self._questions) > _REMEMBERED:
                self._questions.popitem(last=False)
        return known


def _texts(reading: Reading) -> list[str]:
    return [text for text in (reading.prose, reading.log_text) if text]
