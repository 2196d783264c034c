"""Coverage and staleness: alerts without a page that helps, and pages to look at again."""

from http import HTTPStatus

from fastapi import APIRouter, Request
from starlette.responses import Response

from bot.drafts.coverage import Gaps
from bot.errors import DataError
from bot.people.model import Role
from bot.web.console.gate import Fields, Lead, Signed
from bot.web.console.parts import Console, ConsoleParts
from bot.web.console.rendering import ConsoleError, page, see_other
from bot.web.console.runbooks import editor_of
from knowledge.errors import KnowledgeError
from knowledge.model import DocumentKind, Runbook

router = APIRouter()


@router.get("/coverage")
def coverage(request: Request, visitor: Signed, parts: Console, again: str = "") -> Response:
    try:
        counted = parts.counts.coverage(fresh=again == "yes")
    except (DataError, KnowledgeError) as error:
        raise ConsoleError(
            HTTPStatus.SERVICE_UNAVAILABLE, f"It cannot be counted: {error}."
        ) from error
    return page(
        request,
        "coverage.html",
        visitor=visitor,
        tab="coverage",
        found=counted.value,
        at=counted.at,
        may_decide=visitor.may(Role.LEAD),
    )


@router.post("/coverage/drafts")
def open_drafts(visitor: Lead, parts: Console, form: Fields) -> Response:
    """A draft for each alert without a page that past incidents say enough about."""
    gaps = _gaps(parts)
    made = gaps.open_drafts(gaps.coverage(editor_of(visitor)).gaps)
    if not made:
        return see_other("/console/coverage", "No draft was opened: no past incident says enough.")
    return see_other("/console/review?kind=runbook_edit", f"Drafts opened: {len(made)}.")


def _gaps(parts: ConsoleParts) -> Gaps:
    def pages() -> list[Runbook]:
        every = parts.documents(DocumentKind.RUNBOOK)
        return [one for one in every if isinstance(one, Runbook)]

    return Gaps(parts.units, parts.clock, pages=pages)
