"""The effect of an edit on the team's own past, before it is published: the engine works, the page
asks it how far it is. Publishing never waits for any of this."""

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from bot.drafts.impact import in_a_sentence
from bot.errors import EngineUnavailable
from bot.web.console.gate import Fields, Lead, Visitor, text_in
from bot.web.console.parts import Console, ConsoleParts
from bot.web.console.rendering import page
from bot.web.console.runbooks import LONGEST_PAGE, address_of, curation_of, editor_of
from knowledge.errors import BadDocument
from knowledge.text.pages import parse_runbook

router = APIRouter()

_SECONDS = 5.0
_LISTED = 50
_AWAY = "You can publish all the same; what it would change is not known then."
_SORTS = (
    ("lost", "Right answers that would be lost"),
    ("won", "Right answers that would be won"),
    ("gets", "Would get this page"),
    ("leaves", "Would not get it any more"),
)


@router.post("/runbooks/impact")
def start(request: Request, visitor: Lead, parts: Console, form: Fields) -> Response:
    """Begin to compare; for a text that is no page, say so instead."""
    document_id = text_in(form, "page_id", 200)
    is_retired = text_in(form, "retire", 10) == "yes"
    wanted: dict[str, object] = {"do": "start", "page_id": document_id or "new-page"}
    if is_retired:
        if curation_of(parts).page(editor_of(visitor), document_id) is None:
            return _shown(request, visitor, problem=f"There is no page “{document_id[:60]}”.")
    else:
        text = text_in(form, "text", LONGEST_PAGE) + "\n"
        try:
            parse_runbook(text, slug=document_id or "new-page")
        except BadDocument as error:
            return _shown(request, visitor, problem=f"This is no valid page: {error}")
        wanted["text"] = text
    try:
        begun = parts.engine.impact(wanted, _SECONDS)
    except EngineUnavailable as error:
        return _shown(request, visitor, problem=f"{_sentence(str(error))} {_AWAY}")
    return _progress(request, visitor, parts, str(begun["id"]))


@router.get("/runbooks/impact/{identity}")
def look(request: Request, identity: str, visitor: Lead, parts: Console) -> Response:
    """While it runs only the bar is exchanged, so that nobody loses hold of Cancel; what it comes
    to takes the place of all of it."""
    return _progress(request, visitor, parts, identity[:40], again=True)


@router.post("/runbooks/impact/{identity}/cancel")
def cancel(
    request: Request, identity: str, visitor: Lead, parts: Console, form: Fields
) -> Response:
    try:
        parts.engine.impact({"do": "cancel", "id": identity[:40]}, _SECONDS)
    except EngineUnavailable as error:
        return _shown(request, visitor, problem=f"{_sentence(str(error))} {_AWAY}")
    return _shown(request, visitor, problem="The comparison was cancelled.")


def _progress(
    request: Request, visitor: Visitor, parts: ConsoleParts, identity: str, *, again: bool = False
) -> Response:
    try:
        told = parts.engine.impact({"do": "look", "id": identity}, _SECONDS)
    except EngineUnavailable as error:
        told = {"state": "failed", "problem": str(error)}
    if told["state"] == "running":
        values = {"identity": identity, "done": told["done"], "total": told["total"]}
        if again:
            return page(request, "impact_progress.html", visitor=visitor, **values)
        return _shown(request, visitor, **values)
    match told["state"]:
        case "done":
            ended = _shown(request, visitor, report=_report(parts, told["report"]))
        case "failed":
            ended = _shown(request, visitor, problem=f"{_sentence(told['problem'])} {_AWAY}")
        case "cancelled":
            ended = _shown(request, visitor, problem="The comparison was cancelled.")
        case _:
            told_so = "The engine has started anew and knows this comparison no more."
            ended = _shown(request, visitor, problem=told_so)
    ended.headers["HX-Retarget"], ended.headers["HX-Reswap"] = "#impact", "innerHTML"
    return ended


def _report(parts: ConsoleParts, report: Mapping[str, Any]) -> dict[str, Any]:
    """With where each incident and page is shown."""
    with parts.units.read() as uow:

        def row(one: Mapping[str, Any]) -> dict[str, Any]:
            incident = uow.incidents.get_by_key(one["id"])
            is_seen = incident is not None and incident.visibility.is_everyone
            return {
                **one,
                "address": f"/console/incidents/{one['id']}" if is_seen else one["url"],
                "before_at": one["before"] and address_of(one["before"]),
                "after_at": one["after"] and address_of(one["after"]),
            }

        sorts = [
            {
                "name": name,
                "heading": heading,
                "count": report["counts"][name],
                "rows": [row(one) for one in report[name][:_LISTED]],
            }
            for name, heading in _SORTS
            if report["counts"][name]
        ]
    return {
        "sentence": in_a_sentence(report),
        "cases": report["cases"],
        "known": report["known"],
        "sorts": sorts,
    }


def _shown(request: Request, visitor: Visitor, **values: Any) -> Response:
    blank = {"problem": "", "identity": "", "done": 0, "total": 0, "report": None}
    return page(request, "impact.html", visitor=visitor, **{**blank, **values})


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:].rstrip('.')}."
