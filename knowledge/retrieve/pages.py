"""Which page an answer shows first: that of the case that answers, else the best one that fits."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from knowledge.model import DocumentKind, PastIncident, Query

ALSO_SHOWN = 0.3
"""Least probability at which a runbook is shown beside a past incident that answers."""

RecordOf = Callable[[str], PastIncident | None]
"""The record with an id; None for what is none, or is gone."""


class Pages(Protocol):
    """What `knowledge.retrieve.retriever.Retriever` knows of pages."""

    def page_at(self, link: str, query: Query) -> str | None: ...

    def page_about(self, text: str, query: Query) -> str | None: ...


@dataclass(frozen=True, slots=True)
class Answered:
    """What answers: cases in order, and whether one cause leads; the best runbook, with the
    probability that it is right. `by` is None where nothing is close enough."""

    by: DocumentKind | None
    cases: Sequence[str]
    leads: bool
    runbook: str | None
    probability: float


def page_for(pages: Pages, record: PastIncident, query: Query) -> str | None:
    """The page that helped then, else the one nearest to the recorded cause."""
    cited = record.runbook and pages.page_at(record.runbook, query)
    return cited or pages.page_about(
        f"{record.title}\n{record.cause}" if record.cause else "", query
    )


def first_page(pages: Pages, answered: Answered, query: Query, record_of: RecordOf) -> str | None:
    """The page that people see first; None where the answer shows none, or there is none."""
    if answered.by is DocumentKind.RUNBOOK:
        return answered.runbook
    if answered.by is None:
        return None
    if answered.leads:
        record = next((found for one in answered.cases[:1] if (found := record_of(one))), None)
        page = page_for(pages, record, query) if record is not None else None
        if page is not None:
            return page
    return answered.runbook if answered.probability >= ALSO_SHOWN else None
