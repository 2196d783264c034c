"""Past incidents asked again, as the knowledge is and as one change would make it."""

from collections import OrderedDict
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

import numpy as np

from knowledge.curate.impact import Case, Impact, impact_of
from knowledge.embed.port import Vectors
from knowledge.errors import Cancelled
from knowledge.index.source import KnowledgeSource
from knowledge.model import PastIncident, Query, Runbook
from knowledge.retrieve.leading import LeadingRecords
from knowledge.retrieve.pages import Answered, RecordOf, about_cause, first_page, led_page
from knowledge.retrieve.reading import Reading, read_query
from knowledge.retrieve.retriever import Asked, Retriever
from knowledge.retrieve.shortlist import Shortlist
from knowledge.retrieve.staged import (
    Change,
    Remembering,
    StageableIndex,
    StagedFacts,
    StagedIndex,
    change_of,
)
from knowledge.text.masking import mask

Progress = Callable[[int, int], None]
"""Called with (past incidents done, past incidents in all)."""

_AT_ONCE = 32
_REMEMBERED = 10_000


@dataclass(frozen=True, slots=True)
class _Now:
    """What a case gets as the knowledge is: its answer, and the page that this shows first."""

    query: Query
    answered: Answered
    page: str | None


class Previewer:
    """Tells what a change of a runbook would do. Writes nothing.

    Past incidents that the page is far from, as it is and as it would be, are told apart by stored
    vectors; the others are searched for in full, and once more as it would be where runbooks have
    a part in their answer. The vectors of questions are remembered, and what they get now as long
    as nothing that is known changes. One preview at a time.
    """

    def __init__(
        self, retriever: Retriever, index: StageableIndex, source: KnowledgeSource
    ) -> None:
        self._retriever = retriever
        self._index = index
        self._source = source
        self._questions: OrderedDict[str, Vectors] = OrderedDict()
        self._now: dict[str, _Now] = {}
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
        ranked: Collection[int] = near
        tell(0, len(cases))
        if shortlist:
            near, ranked = self._near([case.query for case in cases], cases, change, is_cancelled)
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
        self._forget()
        for start in range(0, len(near), _AT_ONCE):
            if is_cancelled():
                raise Cancelled("the preview was cancelled")
            some = near[start : start + _AT_ONCE]
            now, then = self._before_and_after(change)
            self._judge([cases[at] for at in some], now, record_of)
            for done, at in enumerate(some, start=1):
                if is_cancelled():
                    raise Cancelled("the preview was cancelled")
                known = self._now[cases[at].id]
                gets[at] = known.page
                would[at] = self._then(known, then, record_of, at in ranked)
                tell(passed + start + done, len(cases))
        return impact_of(document_id, cases, gets, would, len(near))

    def _near(
        self,
        queries: Sequence[Query],
        cases: Sequence[Case],
        change: Change,
        is_cancelled: Callable[[], bool],
    ) -> tuple[list[int], frozenset[int]]:
        """Places of the cases whose answer may show another page: those that the page itself is
        near to, and those that a record answers which leads to it. And the first of them alone."""
        about = self._about(cases, is_cancelled)
        pages = Shortlist(self._index, self._source, change)
        near = pages.places(queries, about)
        self._leading.read()
        now, then = self._before_and_after(change)
        moved = self._leading.moved(now, then, pages, self._vectors)
        led = self._leading.places(queries, about, moved) - set(near)
        return [*near, *sorted(led)], frozenset(near)

    def _before_and_after(self, change: Change) -> tuple[Retriever, Retriever]:
        """The same searches of both are made once."""
        spare = len(self._index.passage_ids_of(change.document_id))
        found = Remembering(self._index, spare, self._embed)
        facts = self._retriever.facts
        return (
            self._retriever.over(StagedIndex(found, None), facts),
            self._retriever.over(StagedIndex(found, change), StagedFacts(facts, change)),
        )

    def _forget(self) -> None:
        """What was so before the knowledge changed is so no more."""
        with self._index.reading() as revision:
            kept = {
                name: one for name, one in self._now.items() if one.answered.revision == revision
            }
        self._now = kept if len(kept) <= _REMEMBERED else {}

    def _judge(self, cases: Sequence[Case], now: Retriever, record_of: RecordOf) -> None:
        """See to it that it is known what each of the cases gets now."""
        new = [one for one in cases if not self._is_judged(one)]
        asked = self._asked([one.query for one in new])
        # Not under one lock: an alert that comes in meanwhile must not wait for a preview.
        answers = now.answers(asked)
        led = [record_of(one.leading_case) for one in answers if one.leading_case is not None]
        causes = [mask(about_cause(one)).strip() for one in led if one and not one.runbook]
        self._vectors([text for text in causes if text])
        for case, answered in zip(new, answers, strict=True):
            page = first_page(now, answered, case.query, record_of)
            self._now[case.id] = _Now(case.query, answered, page)

    def _is_judged(self, case: Case) -> bool:
        known = self._now.get(case.id)
        return known is not None and known.query == case.query

    def _then(self, now: _Now, then: Retriever, record_of: RecordOf, is_ranked: bool) -> str | None:
        """The page that the change would show first. Past incidents that answer by themselves
        answer as before: then only the page that they lead to is looked for. So it is where the
        page is far from the question (`is_ranked` False)."""
        led = led_page(then, now.answered, now.query, record_of)
        if led is not None:
            return led
        answered = now.answered
        if is_ranked:
            answered = then.answer_again(self._asked([now.query])[0], answered)
        return first_page(then, answered, now.query, record_of)

    def _asked(self, queries: Sequence[Query]) -> list[Asked]:
        read = [(query, read_query(query)) for query in queries]
        vectors = self._vectors([text for _, one in read for text in _texts(one)])
        return [
            Asked(query, reading, {text: vectors[text] for text in _texts(reading)})
            for query, reading in read
        ]

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
