"""Searching: the same answer as in chat, with why it was given and what reproduces it."""

from http import HTTPStatus
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from bot.chat.messages import Board
from bot.errors import EngineUnavailable
from bot.redact import redact, redact_labels
from bot.suggestions.explanation import explain
from bot.suggestions.model import Suggestion
from bot.suggestions.naming import documents_named
from bot.suggestions.ports import StoredSuggestion
from bot.suggestions.questions import SuggestRequest
from bot.uow import UnitOfWork
from bot.web.console.gate import Fields, Signed, text_in
from bot.web.console.parts import Console
from bot.web.console.rendering import ConsoleError, page, see_other
from bot.web.withheld import WITHHELD, for_everyone

router = APIRouter()

MOST_TEXT = 200_000
_LABELS = (("service", "service"), ("environment", "environment"), ("alert", "alertname"))
"""(field of the form, label of the query)."""
_FEATURES = 12


@router.get("/search")
def search_page(request: Request, visitor: Signed) -> Response:
    return page(request, "search.html", visitor=visitor, tab="search", asked={}, problem="")


@router.post("/search")
def search(request: Request, visitor: Signed, parts: Console, form: Fields) -> Response:
    """The answer's own page; it can be kept, sent to others, and asked again."""
    asked = {name: text_in(form, name, 500) for name, _ in _LABELS}
    asked["text"] = text_in(form, "text", MOST_TEXT)
    if not asked["text"] and not asked["alert"]:
        return _again(request, visitor, asked, "Type what the alert says, or paste log lines.")
    labels = {label: asked[name] for name, label in _LABELS if asked[name]}
    question = SuggestRequest(
        text=redact(asked["text"] or asked["alert"]),
        labels=redact_labels(labels),
        asked_by=visitor.key,
    )
    try:
        found = parts.engine.suggest(question, parts.search_seconds)
    except EngineUnavailable as error:
        return _again(request, visitor, asked, f"Search does not answer right now: {error}")
    return see_other(f"/console/answers/{found.id}")


@router.get("/answers/{suggestion_id}")
def answer(request: Request, suggestion_id: str, visitor: Signed, parts: Console) -> Response:
    with parts.units.read() as uow:
        stored = uow.suggestions.get(suggestion_id)
        if stored is None:
            raise ConsoleError(HTTPStatus.NOT_FOUND, "There is no such answer.")
        [shown] = for_everyone(uow, [stored])
        why = _why(uow, shown)
        incident = None if stored.incident_id is None else uow.incidents.get(stored.incident_id)
    if incident is not None and not incident.visibility.is_everyone:
        raise ConsoleError(HTTPStatus.NOT_FOUND, "There is no such answer.")
    return page(
        request,
        "answer.html",
        visitor=visitor,
        tab="search",
        stored=shown,
        answer=shown.suggestion,
        incident=incident,
        why=why,
        rows=_rows(shown.suggestion),
    )


def _again(request: Request, visitor: Signed, asked: dict[str, str], problem: str) -> Response:
    return page(
        request,
        "search.html",
        visitor=visitor,
        tab="search",
        asked=asked,
        problem=problem,
        status=HTTPStatus.UNPROCESSABLE_ENTITY,
    )


def _why(uow: UnitOfWork, shown: StoredSuggestion) -> Board | None:
    if shown.suggestion.headline == WITHHELD:
        return None
    names = documents_named(shown.suggestion)
    records = {name: uow.knowledge.get(name) for name in sorted(names)}
    seen = {
        name: record
        for name, record in records.items()
        if record is not None and record.visibility.is_everyone
    }
    return explain(shown.suggestion, seen)


def _rows(suggestion: Suggestion) -> list[dict[str, Any]]:
    """Candidates with their scores and features, as the receipt keeps them; best first."""
    rows = []
    for kind in ("incidents", "runbooks"):
        for candidate in suggestion.receipt.get(kind, ())[:10]:
            features = candidate.get("features", {})
            strongest = sorted(features.items(), key=lambda pair: (-abs(pair[1]), pair[0]))
            rows.append(
                {
                    "kind": "incident" if kind == "incidents" else "runbook",
                    "id": candidate["id"],
                    "score": candidate["score"],
                    "features": [pair for pair in strongest[:_FEATURES] if pair[1]],
                }
            )
    return rows
