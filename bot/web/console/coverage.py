"""Coverage and staleness: alerts without a page that helps, and pages to look at again."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from bot.drafts.coverage import Gaps
from bot.people.model import Role
from bot.web.console.gate import Fields, Lead, Signed, Visitor
from bot.web.console.kept import Counted
from bot.web.console.parts import Console, ConsoleParts
from bot.web.console.rendering import page, see_other
from bot.web.console.runbooks import editor_of
from knowledge.curate.coverage import Coverage
from knowledge.curate.staleness import Stale
from knowledge.model import DocumentKind, Runbook

router = APIRouter()

_SHOWN = 300


@router.get("/coverage")
def coverage(request: Request, visitor: Signed, parts: Console, again: str = "") -> Response:
    counted = _counted(parts, visitor, fresh=again == "yes")
    found, stale = counted.value
    return page(
        request,
        "coverage.html",
        visitor=visitor,
        tab="coverage",
        found=found,
        gaps=found.gaps[:_SHOWN],
        broken=found.broken_urls[:_SHOWN],
        never=found.never_retrieved[:_SHOWN],
        stale=stale[:_SHOWN],
        at=counted.at,
        count=len(stale),
        may_decide=visitor.may(Role.LEAD),
    )


@router.post("/coverage/drafts")
def open_drafts(visitor: Lead, parts: Console, form: Fields) -> Response:
    """A draft for each alert without a page that past incidents say enough about."""
    gaps = _gaps(parts)
    found, _ = _counted(parts, visitor, fresh=True).value
    made = gaps.open_drafts(found.gaps)
    if not made:
        return see_other("/console/coverage", "No draft was opened: no past incident says enough.")
    return see_other("/console/review?kind=runbook_edit", f"Drafts opened: {len(made)}.")


def _counted(
    parts: ConsoleParts, visitor: Visitor, *, fresh: bool
) -> Counted[tuple[Coverage, list[Stale]]]:
    """The same for all who come here: the console shows what everyone may see."""
    gaps, editor = _gaps(parts), editor_of(visitor)
    actions = parts.actions()
    known = frozenset(actions.templates) if actions is not None else None
    return parts.analyses.of(
        "coverage",
        parts.clock.now(),
        lambda: (gaps.coverage(editor), gaps.stale(editor, actions=known)),
        fresh=fresh,
    )


def _gaps(parts: ConsoleParts) -> Gaps:
    def pages() -> list[Runbook]:
        every = parts.documents(DocumentKind.RUNBOOK)
        return [one for one in every if isinstance(one, Runbook)]

    return Gaps(parts.units, parts.clock, pages=pages)
