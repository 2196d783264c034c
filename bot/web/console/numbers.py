"""Numbers: what came in, what was said, and what people thought of it, week by week."""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus
from statistics import median

from fastapi import APIRouter, Request
from starlette.responses import Response

from bot.alerts.unresolved import MOST_READ, WINDOW, label_sets
from bot.channels.report import wilson
from bot.incidents.model import Incident
from bot.schedules.numbers import Numbers, numbers_of
from bot.suggestions.ports import Feedback
from bot.uow import UnitOfWork
from bot.web.console.gate import Signed
from bot.web.console.parts import Console, ConsoleParts
from bot.web.console.rendering import ConsoleError, page
from knowledge.errors import KnowledgeError
from knowledge.evaluate.plot import bars
from knowledge.model import PUBLIC

router = APIRouter()

WEEKS = 8
WEEK = timedelta(days=7)
LATE = timedelta(days=1)
"""How long after its end a week may still get what belongs to it, such as a late answer."""

_MOST = 20_000
"""Incidents of one week that are counted; nobody has as many."""


@dataclass(frozen=True, slots=True)
class Span:
    """One week: from `begins` on, before `ends`. `right` of `graded` words said that an answer was
    right; `interval` is the 95 % interval of that share. Medians are in seconds, None where there
    was nothing to measure."""

    begins: datetime
    ends: datetime
    numbers: Numbers
    right: int
    graded: int
    held_back: int
    to_acknowledge: float | None
    to_resolve: float | None
    to_resolve_helped: float | None
    to_resolve_alone: float | None

    @property
    def interval(self) -> tuple[float, float]:
        return wilson(self.right, self.graded)

    @property
    def precision(self) -> float | None:
        return self.right / self.graded if self.graded else None


@router.get("/numbers")
def numbers(request: Request, visitor: Signed, parts: Console) -> Response:
    spans = spans_of(parts)
    most = max((span.numbers.incidents for span in spans), default=0)
    since = parts.clock.now() - WINDOW
    with parts.units.read() as uow:
        seen = uow.alerts.turned_since(since)
        sets = label_sets(uow.alerts.unresolved_since(since, MOST_READ))
    return page(
        request,
        "numbers.html",
        visitor=visitor,
        tab="numbers",
        spans=spans,
        most=max(1, most),
        seen=seen,
        label_sets=sets,
    )


@router.get("/numbers.csv")
def as_csv(visitor: Signed, parts: Console) -> Response:
    """The same, for a spreadsheet; empty cells where there was nothing to measure."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(
        [
            "week_begins", "incidents", "searched", "answered", "silent", "helpful",
            "not_helpful", "better_silent", "right", "graded", "held_back", "unasked_posts",
            "seconds_to_card", "seconds_to_acknowledge", "seconds_to_resolve",
            "seconds_to_resolve_with_helpful_answer", "seconds_to_resolve_without",
        ]
    )  # fmt: skip
    for span in spans_of(parts):
        of = span.numbers
        writer.writerow(
            [
                f"{span.begins:%Y-%m-%d}", of.incidents, of.searched, of.answered, of.silent,
                of.helpful, of.not_helpful, of.better_silent, span.right, span.graded,
                span.held_back, of.noise.unasked, of.to_card, span.to_acknowledge,
                span.to_resolve, span.to_resolve_helped, span.to_resolve_alone,
            ]
        )  # fmt: skip
    headers = {"Content-Disposition": 'attachment; filename="recall-numbers.csv"'}
    return Response(text.getvalue(), media_type="text/csv; charset=utf-8", headers=headers)


@router.get("/numbers.png")
def as_png(visitor: Signed, parts: Console) -> Response:
    """Incidents, answers and good answers by week, for a slide."""
    spans = list(reversed(spans_of(parts)))
    try:
        drawn = bars(
            [f"{span.begins:%d %b}" for span in spans],
            {
                "incidents": [span.numbers.incidents for span in spans],
                "answered": [span.numbers.answered for span in spans],
                "said to be right": [span.right for span in spans],
            },
            "Recall, week by week",
        )
    except KnowledgeError as error:
        raise ConsoleError(HTTPStatus.NOT_IMPLEMENTED, f"No picture: {error}.") from error
    headers = {"Content-Disposition": 'inline; filename="recall-numbers.png"'}
    return Response(drawn, media_type="image/png", headers=headers)


def spans_of(parts: ConsoleParts) -> list[Span]:
    """The last WEEKS weeks from Monday to Monday in UTC, the one that still goes on first."""
    now = parts.clock.now()
    monday = datetime.combine(
        now.date() - timedelta(days=now.weekday()), datetime.min.time(), now.tzinfo
    )
    with parts.units.read() as uow:

        def counted(begins: datetime) -> Span:
            def count() -> Span:
                return _span(uow, begins, begins + WEEK, parts.rollout.noise_limit)

            if now < begins + WEEK + LATE:
                return count()
            kept: Span = parts.weeks.of(begins, now, count).value
            return kept

        return [counted(monday - WEEK * back) for back in range(WEEKS)]


def _span(uow: UnitOfWork, begins: datetime, ends: datetime, limit: int) -> Span:
    opened = [
        each
        for each in uow.incidents.opened_since(begins, _MOST, ends)
        if PUBLIC.may_see(each.visibility)
    ]
    ids = [incident.id for incident in opened]
    feedback = uow.suggestions.feedback_since(begins, ends)
    words = _of_what_everyone_sees(uow, feedback, frozenset(ids))
    helpful = {word.incident_id for word in words if word.verdict in ("helpful", "resolved_like")}
    right = sum(word.verdict in ("helpful", "graded_right", "resolved_like") for word in words)
    wrong = sum(word.verdict in ("not_helpful", "graded_wrong", "not_same") for word in words)
    taken = uow.incidents.acknowledged(ids)
    return Span(
        begins=begins,
        ends=ends,
        numbers=numbers_of(
            opened,
            # One that opened in the last minutes of a week is searched for in the next.
            uow.suggestions.outcomes_since(begins, 2 * _MOST, ends + LATE),
            feedback,
            uow.outbox.said_since(begins, until=ends + LATE),
            ends,
            limit,
        ),
        right=right,
        graded=right + wrong,
        held_back=sum(uow.held.totals(begins, ends).values()),
        to_acknowledge=_median(
            [
                (taken[each.id] - each.opened_at).total_seconds()
                for each in opened
                if each.id in taken
            ]
        ),
        to_resolve=_median(_resolved(opened)),
        to_resolve_helped=_median(_resolved([each for each in opened if each.id in helpful])),
        to_resolve_alone=_median(_resolved([each for each in opened if each.id not in helpful])),
    )


def _of_what_everyone_sees(
    uow: UnitOfWork, words: Sequence[Feedback], seen: frozenset[int]
) -> list[Feedback]:
    """Words on questions, on the incidents of the week, and on older ones that all may see."""
    older = {word.incident_id for word in words if word.incident_id is not None} - seen
    shown = set(seen)
    for incident_id in older:
        incident = uow.incidents.get(incident_id)
        if incident is not None and PUBLIC.may_see(incident.visibility):
            shown.add(incident_id)
    return [word for word in words if word.incident_id is None or word.incident_id in shown]


def _resolved(incidents: Sequence[Incident]) -> list[float]:
    return [
        (incident.resolved_at - incident.opened_at).total_seconds()
        for incident in incidents
        if incident.resolved_at is not None
    ]


def _median(values: Sequence[float]) -> float | None:
    return median(values) if values else None
