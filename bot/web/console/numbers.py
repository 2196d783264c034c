"""Numbers: what came in, what was said, and what people thought of it, week by week."""

import csv
import io
from http import HTTPStatus

from fastapi import APIRouter, Request
from starlette.responses import Response

from bot.alerts.unresolved import MOST_READ, WINDOW, label_sets
from bot.counts.services import together
from bot.web.console.gate import Signed
from bot.web.console.parts import Console
from bot.web.console.rendering import ConsoleError, page
from knowledge.errors import KnowledgeError
from knowledge.evaluate.plot import bars

router = APIRouter()

MOST_SERVICES = 40


@router.get("/numbers")
def numbers(request: Request, visitor: Signed, parts: Console) -> Response:
    spans = parts.counts.weeks()
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
        services=together(one for span in spans for one in span.services)[:MOST_SERVICES],
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
    for span in parts.counts.weeks():
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


@router.get("/numbers-by-service.csv")
def services_as_csv(visitor: Signed, parts: Console) -> Response:
    """Week by week and service by service, for a spreadsheet."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(
        [
            "week_begins",
            "service",
            "incidents",
            "searched",
            "answered",
            "abstained",
            "right",
            "wrong",
        ]
    )
    for span in parts.counts.weeks():
        for one in span.services:
            writer.writerow(
                [
                    f"{span.begins:%Y-%m-%d}", _cell(one.service or ""), one.incidents,
                    one.searched, one.answered, one.abstained, one.right, one.wrong,
                ]
            )  # fmt: skip
    name = "recall-numbers-by-service.csv"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(text.getvalue(), media_type="text/csv; charset=utf-8", headers=headers)


def _cell(text: str) -> str:
    """A name from outside that no spreadsheet takes for a formula."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text


@router.get("/numbers.png")
def as_png(visitor: Signed, parts: Console) -> Response:
    """Incidents, answers and good answers by week, for a slide."""
    spans = list(reversed(parts.counts.weeks()))
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
