"""The team's own past as questions, and what a change of a runbook would do to it, as values."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Protocol

from bot.clock import Clock
from bot.errors import DataError
from bot.incidents.query import query_of
from bot.uow import UnitOfWork, UnitOfWorkFactory
from knowledge.curate.impact import Case, Impact, Moved
from knowledge.errors import BadDocument
from knowledge.learn.examples import question_of
from knowledge.model import Document, DocumentKind, PastIncident, Query, Runbook
from knowledge.text.pages import parse_runbook

MOST_CASES = 2_000
LOOK_BACK = timedelta(days=730)
_MOST_WORDS = 20_000
_SHOWN = 200
"""Cases that a report lists of each sort; it counts all."""

Records = Callable[[], Sequence[PastIncident]]


def past_incidents(
    documents: Callable[[DocumentKind], Sequence[Document]],
) -> list[PastIncident]:
    """All on record, in any state."""
    every = documents(DocumentKind.PAST_INCIDENT)
    return [one for one in every if isinstance(one, PastIncident)]


class Previews(Protocol):
    """`knowledge.curate.preview.Previewer`."""

    def page_at(self, link: str, query: Query) -> str | None: ...

    def preview(
        self,
        document_id: str,
        page: Runbook | None,
        cases: Sequence[Case],
        *,
        progress: Callable[[int, int], None] | None = None,
        is_cancelled: Callable[[], bool] = lambda: False,
    ) -> Impact: ...


@dataclass(frozen=True, slots=True)
class Wanted:
    """A change to look at: `text` in force as `document_id`, or the page retired (None)."""

    document_id: str
    text: str | None

    @classmethod
    def of(cls, body: Mapping[str, Any]) -> "Wanted":
        """From what another process sent. DataError for what says no change."""
        document_id, text = body.get("page_id"), body.get("text")
        if not isinstance(document_id, str) or not document_id:
            raise DataError("no page is named")
        if text is not None and not isinstance(text, str):
            raise DataError("the page's text is no text")
        return cls(document_id, text)

    def page(self) -> Runbook | None:
        """DataError where the text is no valid page."""
        if self.text is None:
            return None
        try:
            return parse_runbook(self.text, slug=self.document_id)
        except BadDocument as error:
            raise DataError(str(error)) from error


class PastCases:
    """Past incidents that everyone may see: those of the bot's own that are over, as their alerts
    said it, and those on record; the newest MOST_CASES of the last two years."""

    def __init__(
        self, units: UnitOfWorkFactory, clock: Clock, records: Records, previews: Previews
    ) -> None:
        self._units = units
        self._clock = clock
        self._records = records
        self._previews = previews
        self._asked: dict[int, tuple[int, Query]] = {}

    def preview(
        self,
        wanted: Wanted,
        progress: Callable[[int, int], None],
        is_cancelled: Callable[[], bool],
    ) -> dict[str, Any]:
        """The report of a change, as JSON. Raises DataError; Cancelled."""
        page = wanted.page()
        impact = self._previews.preview(
            wanted.document_id, page, self.gather(), progress=progress, is_cancelled=is_cancelled
        )
        return report_of(impact)

    def gather(self) -> list[Case]:
        since = self._clock.now() - LOOK_BACK
        records = {
            one.id: one
            for one in self._records()
            if one.state.is_served and one.visibility.is_everyone
        }
        with self._units.read() as uow:
            words = _pages_said(uow)
            own = self._own(uow, since)
        cases = {
            one.id: Case(
                id=one.id,
                title=one.title,
                at=one.started_at,
                query=question_of(one),
                right=frozenset([one.runbook] if one.runbook else []),
                url=one.url,
            )
            for one in records.values()
        }
        for case, incident_id in own:
            record = cases.get(case.id)
            right = (record.right if record else frozenset()) | words.get(incident_id, frozenset())
            cases[case.id] = replace(case, right=right)
        ordered = sorted(cases.values(), key=_when, reverse=True)[:MOST_CASES]
        return [self._with_right(case) for case in ordered]

    def _own(self, uow: UnitOfWork, since: datetime) -> list[tuple[Case, int]]:
        """Cases of the bot's own incidents, each with the incident's number."""
        found: list[tuple[Case, int]] = []
        for incident in uow.incidents.opened_since(since, MOST_CASES):
            if not incident.state.is_over or not incident.visibility.is_everyone:
                continue
            known = self._asked.get(incident.id)
            if known is None or known[0] != incident.revision:
                alerts = uow.alerts.of_incident(incident.id)
                timeline = uow.incidents.timeline(incident.id)
                query = query_of(incident, alerts, timeline)
                query = replace(query, excluded=frozenset({incident.key}))
                known = self._asked[incident.id] = (incident.revision, query)
            case = Case(
                id=incident.key, title=incident.title, at=incident.opened_at, query=known[1]
            )
            found.append((case, incident.id))
        return found

    def _with_right(self, case: Case) -> Case:
        """Links and slugs as ids of pages; an id that is no page any more is right all the same:
        the page may be the one that is brought back."""
        link = case.query.runbook_url
        links = {*case.right, *([link] if link else [])}
        right = frozenset(self._previews.page_at(one, case.query) or one for one in links)
        return replace(case, right=right)


def _pages_said(uow: UnitOfWork) -> dict[int, frozenset[str]]:
    """By incident, what people said helped or is the same, and have not taken back."""
    said: dict[int, set[str]] = defaultdict(set)
    for word in uow.corrections.list(_MOST_WORDS):
        if word.revoked_at is None and word.word.is_for:
            said[word.incident_id].add(word.document_id)
    return {incident: frozenset(pages) for incident, pages in said.items()}


def _when(case: Case) -> tuple[float, str]:
    return case.at.timestamp() if case.at else 0.0, case.id


def report_of(impact: Impact) -> dict[str, Any]:
    """Counts of all, and the first 200 of each sort in full."""
    sorts: dict[str, Iterable[Moved]] = {
        "gets": impact.gets,
        "leaves": impact.leaves,
        "lost": impact.lost,
        "won": impact.won,
    }
    rows = {name: [_row(one) for one in some] for name, some in sorts.items()}
    return {
        "document_id": impact.document_id,
        "cases": impact.cases,
        "known": impact.known,
        "searched": impact.searched,
        "counts": {name: len(some) for name, some in rows.items()},
        **{name: some[:_SHOWN] for name, some in rows.items()},
    }


def _row(moved: Moved) -> dict[str, Any]:
    case = moved.case
    return {
        "id": case.id,
        "title": case.title,
        "at": case.at.isoformat() if case.at else None,
        "url": case.url,
        "before": moved.before,
        "after": moved.after,
        "right": sorted(case.right),
    }


def in_a_sentence(report: Mapping[str, Any]) -> str:
    """ "12 past incidents would now get this page; 2 right answers would be lost." """
    counts = report["counts"]
    parts = []
    if counts["gets"]:
        parts.append(f"{_past(counts['gets'])} would now get this page")
    if counts["leaves"]:
        parts.append(f"{_past(counts['leaves'])} would not get it any more")
    if counts["lost"]:
        parts.append(f"{_answers(counts['lost'])} would be lost")
    if counts["won"]:
        parts.append(f"{_answers(counts['won'])} would be won")
    if not parts:
        return f"Of {_past(report['cases'])} none would get another page."
    return f"{'; '.join(parts)}."


def _past(number: int) -> str:
    return f"{number:,} past incident{'' if number == 1 else 's'}"


def _answers(number: int) -> str:
    return f"{number:,} right answer{'' if number == 1 else 's'}"
