"""Which page an answer shows first: that of the case that answers, else the best one that fits."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from knowledge.model import DocumentKind, PastIncident, Query
from knowledge.retrieve.judge import IncidentVerdict

ALSO_SHOWN = 0.3
"""Least probability at which a runbook is shown beside a past incident that answers."""

RecordOf = Callable[[str], PastIncident | None]
"""The record with an id; None for what is none, or is gone."""


class Pages(Protocol):
    """What `knowledge.retrieve.retriever.Retriever` knows of pages."""

    def page_at(self, link: str, query: Query) -> str | None: ...

    def page_about(self, text: str, query: Query, spared: int = 0) -> str | None: ...


@dataclass(frozen=True, slots=True)
class Answered:
    """What answers at a `revision`: what past incidents say, in short; the best runbook, with the
    probability that it is right. `by` is None where nothing is close enough."""

    by: DocumentKind | None
    verdict: IncidentVerdict
    runbook: str | None
    probability: float
    revision: int

    @property
    def leading_case(self) -> str | None:
        """The past incident that answers alone, whatever the runbooks are."""
        if self.by is not DocumentKind.PAST_INCIDENT or not self.verdict.leads:
            return None
        return next((one.id for one in self.verdict.order), None)


def page_for(pages: Pages, record: PastIncident, query: Query) -> str | None:
    """The page that helped then, else the one nearest to the recorded cause."""
    cited = record.runbook and pages.page_at(record.runbook, query)
    return cited or pages.page_about(about_cause(record), query)


def about_cause(record: PastIncident) -> str:
    """The text whose nearest page is the record's; empty where no cause is on record."""
    return f"{record.title}\n{record.cause}" if record.cause else ""


def led_page(pages: Pages, answered: Answered, query: Query, record_of: RecordOf) -> str | None:
    """The page that the case leads to which answers alone. What runbooks say has no part in it."""
    case = answered.leading_case
    record = record_of(case) if case is not None else None
    return page_for(pages, record, query) if record is not None else None


def first_page(pages: Pages, answered: Answered, query: Query, record_of: RecordOf) -> str | None:
    """The page that people see first; None where the answer shows none, or there is none."""
    if answered.by is DocumentKind.RUNBOOK:
        return answered.runbook
    if answered.by is None:
        return None
    led = led_page(pages, answered, query, record_of)
    if led is not None:
        return led
    return answered.runbook if answered.probability >= ALSO_SHOWN else None
