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

from bot.channels.report import wilson
from bot.incidents.model import Incident, TimelineKind
from bot.schedules.facts import opened_for
from bot.schedules.numbers import Numbers, numbers_of
from bot.uow import UnitOfWork
from bot.web.console.gate import Signed
from bot.web.console.parts import Console, ConsoleParts
from bot.web.console.rendering import ConsoleError, page
from knowledge.errors import KnowledgeError
from knowledge.evaluate.plot import bars
from knowledge.model import PUBLIC

router = APIRouter()

WEEKS = 8
_WEEK = timedelta(days=7)
_MOST_TIMELINES = 500


@dataclass(frozen=True, slots=True)
class Span:
    """One week: after `begins`, until `ends`. `right` of `graded` words said that an answer was
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
    return page(
        request, "numbers.html", visitor=visitor, tab="numbers", spans=spans, most=max(1, most)
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
    """The last WEEKS weeks, each ending at this time of day, the newest first."""
    now = parts.clock.now()
    with parts.units.read() as uow:
        return [
            _span(uow, now - _WEEK * (back + 1), now - _WEEK * back, parts.rollout.noise_limit)
            for back in range(WEEKS)
        ]


def _span(uow: UnitOfWork, begins: datetime, ends: datetime, limit: int) -> Span:
    opened = [each for each in opened_for(uow, PUBLIC, begins) if begins < each.opened_at <= ends]
    feedback = [word for word in uow.suggestions.feedback_since(begins) if begins < word.at <= ends]
    ids = {incident.id for incident in opened}
    words = [word for word in feedback if word.incident_id in ids or word.incident_id is None]
    helpful = {word.incident_id for word in words if word.verdict in ("helpful", "resolved_like")}
    right = sum(word.verdict in ("helpful", "graded_right", "resolved_like") for word in words)
    wrong = sum(word.verdict in ("not_helpful", "graded_wrong", "not_same") for word in words)
    return Span(
        begins=begins,
        ends=ends,
        numbers=numbers_of(
            opened,
            [each for each in uow.suggestions.outcomes_since(begins) if begins < each.at <= ends],
            feedback,
            [said for said in uow.outbox.said_since(begins) if begins < said.at <= ends],
            ends,
            limit,
        ),
        right=right,
        graded=right + wrong,
        held_back=sum(one.times for one in uow.held.list(5_000) if begins < one.at <= ends),
        to_acknowledge=_median(_acknowledged(uow, opened[:_MOST_TIMELINES])),
        to_resolve=_median(_resolved(opened)),
        to_resolve_helped=_median(_resolved([each for each in opened if each.id in helpful])),
        to_resolve_alone=_median(_resolved([each for each in opened if each.id not in helpful])),
    )


def _acknowledged(uow: UnitOfWork, incidents: Sequence[Incident]) -> list[float]:
    waits = []
    for incident in incidents:
        taken = next(
            (
                entry.at
                for entry in uow.incidents.timeline(incident.id)
                if entry.kind is TimelineKind.STATE_CHANGED and entry.actor
            ),
            None,
        )
        if taken is not None:
            waits.append((taken - incident.opened_at).total_seconds())
    return waits


def _resolved(incidents: Sequence[Incident]) -> list[float]:
    return [
        (incident.resolved_at - incident.opened_at).total_seconds()
        for incident in incidents
        if incident.resolved_at is not None
    ]


def _median(values: Sequence[float]) -> float | None:
    return median(values) if values else None
