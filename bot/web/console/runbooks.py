"""Runbooks: a tree by service, one page with what it did, editing, history, one step back."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from fastapi import APIRouter, Request
from starlette.responses import Response

from bot.drafts.curation import Curation, Editor
from bot.incidents.model import Incident
from bot.people.model import Role
from bot.uow import UnitOfWork
from bot.web.console.gate import Fields, Lead, Signed, Visitor, text_in
from bot.web.console.markdown import rendered
from bot.web.console.parts import Console, ConsoleParts
from bot.web.console.rendering import ConsoleError, page, see_other
from knowledge.curate.model import Branch, MergeNeeded, Published, ShelfLine, Version
from knowledge.errors import BadDocument, Unpublishable
from knowledge.model import DocumentState, Runbook
from knowledge.text.pages import parse_runbook

router = APIRouter()

LONGEST_PAGE = 500_000
_USED_WITHIN = timedelta(days=180)
_MOST_LISTED = 300
"""Pages that are listed by name; of the services after that only the names are, and of a service
with more of them as many."""

_MOST_USES = 50
_MOST_CITED = 500
_MOST_ALERTS = 20
_MOST_DIFF = 5_000
_NEW = """---
services:
- the-service
alerts:
- TheAlert
owner: team-of-it
---

# What goes wrong

## Confirm

1. Look at

## Mitigate

1. Do
"""
"""What the editor of a new page starts with."""


def editor_of(visitor: Visitor) -> Editor:
    """The console is no channel: pages for some channels only do not exist here."""
    return Editor(visitor.key, visitor.session.role)


def curation_of(parts: ConsoleParts) -> Curation:
    return Curation(parts.units, parts.clock)


def address_of(document_id: str) -> str:
    """Where a page is shown."""
    return f"/console/runbooks/page/{quote(document_id)}"


@router.get("/runbooks")
def runbooks(
    request: Request, visitor: Signed, parts: Console, words: str = "", retired: str = ""
) -> Response:
    wanted, with_retired = words.strip()[:200], retired == "yes"
    curation, editor = curation_of(parts), editor_of(visitor)
    branches = curation.tree(editor, wanted, retired=with_retired)
    opened = _opened(branches)
    listed = [one.id for branch in branches[:opened] for one in branch.pages[:_MOST_LISTED]]
    is_rows = request.headers.get("HX-Target") == "rows"
    return page(
        request,
        "runbooks_rows.html" if is_rows else "runbooks.html",
        visitor=visitor,
        tab="runbooks",
        branches=branches,
        open_branches=opened,
        most=_MOST_LISTED,
        lines={line.id: line for line in curation.lines(editor, listed)},
        words=wanted,
        retired=with_retired,
        today=parts.clock.now().date(),
        may_edit=visitor.may(Role.LEAD),
    )


@router.get("/runbooks/new")
def new(request: Request, visitor: Lead, parts: Console, page_id: str = "") -> Response:
    return _editor(request, visitor, page_id.strip()[:200], 0, _NEW, is_new=True)


@router.post("/runbooks/preview")
def preview(request: Request, visitor: Lead, parts: Console, form: Fields) -> Response:
    """What the text would look like; or what is wrong with it."""
    text = text_in(form, "text", LONGEST_PAGE)
    try:
        shown, problem = _parsed(text, text_in(form, "page_id", 200)), ""
    except BadDocument as error:
        shown, problem = None, str(error)
    return page(
        request,
        "runbook_preview.html",
        visitor=visitor,
        runbook=shown,
        html=rendered(shown.body) if shown is not None else "",
        problem=problem,
    )


@router.post("/runbooks/publish")
def publish(request: Request, visitor: Lead, parts: Console, form: Fields) -> Response:
    """Put the text in force; where others touched the same lines, show both sides instead."""
    document_id = text_in(form, "page_id", 1_000)
    text = text_in(form, "text", LONGEST_PAGE) + "\n"
    base = _number(text_in(form, "base_version", 20))
    is_new = base == 0
    try:
        done = curation_of(parts).publish(editor_of(visitor), document_id, text, base)
    except (BadDocument, Unpublishable) as error:
        return _editor(
            request, visitor, document_id, base, text, is_new=is_new, problem=_sentence(error)
        )
    if isinstance(done, MergeNeeded):
        return _conflict(request, visitor, done)
    parts.wake()
    return see_other(_after(parts, visitor, document_id), said_of(done))


@router.get("/runbooks/edit/{document_id:path}")
def edit(request: Request, document_id: str, visitor: Lead, parts: Console) -> Response:
    found = _found(parts, visitor, document_id)
    return _editor(request, visitor, found.document_id, found.version, found.text)


@router.get("/runbooks/history/{document_id:path}")
def history(
    request: Request,
    document_id: str,
    visitor: Signed,
    parts: Console,
    old: int = 0,
    new: int = 0,
) -> Response:
    """All versions, and the difference of two: the last change, unless others are named."""
    curation, editor = curation_of(parts), editor_of(visitor)
    found = _found(parts, visitor, document_id)
    versions = curation.history(editor, document_id)
    after = new or found.version
    before = old or after - 1
    lines: tuple[str, ...] = ()
    if before > 0:
        try:
            lines = curation.diff(editor, document_id, before, after)
        except Unpublishable as error:
            if old or new:
                raise ConsoleError(HTTPStatus.NOT_FOUND, _sentence(error)) from error
            before = 0  # the version before was for some channels only
    return page(
        request,
        "runbook_history.html",
        visitor=visitor,
        tab="runbooks",
        found=found,
        address=address_of(document_id),
        versions=versions,
        before=before,
        after=after,
        lines=diff_lines(lines),
        is_served=_state(parts, document_id) is not DocumentState.RETIRED,
        may_edit=visitor.may(Role.LEAD),
    )


@router.post("/runbooks/revert/{document_id:path}")
def revert(document_id: str, visitor: Lead, parts: Console, form: Fields) -> Response:
    """One step back, as a new version."""
    _found(parts, visitor, document_id)
    to = _number(text_in(form, "to_version", 20))
    return _done(
        parts,
        document_id,
        visitor,
        lambda: said_of(curation_of(parts).revert(editor_of(visitor), document_id, to)),
    )


@router.post("/runbooks/retire/{document_id:path}")
def retire(document_id: str, visitor: Lead, parts: Console, form: Fields) -> Response:
    _found(parts, visitor, document_id)

    def change() -> str:
        curation_of(parts).retire(editor_of(visitor), document_id)
        return "It is retired: no answer is made of it any more. Its versions stay."

    return _done(parts, document_id, visitor, change)


@router.post("/runbooks/bring-back/{document_id:path}")
def bring_back(document_id: str, visitor: Lead, parts: Console, form: Fields) -> Response:
    _found(parts, visitor, document_id)

    def change() -> str:
        curation_of(parts).bring_back(editor_of(visitor), document_id)
        return "It is in use."

    return _done(parts, document_id, visitor, change)


@router.get("/runbooks/page/{document_id:path}")
def runbook(request: Request, document_id: str, visitor: Signed, parts: Console) -> Response:
    found = _found(parts, visitor, document_id)
    with parts.units.read() as uow:
        uses = _uses(uow, parts, document_id)
        fired = uow.incidents.firings([use["incident"].id for use in uses])
    templates = parts.actions()
    alerts = Counter(alert for _, alert in {(one.incident_id, one.alert) for one in fired} if alert)
    return page(
        request,
        "runbook.html",
        visitor=visitor,
        tab="runbooks",
        found=found,
        runbook=found.runbook,
        address=address_of(document_id),
        quoted=quote(document_id),
        html=rendered(found.runbook.body),
        state=_state(parts, document_id),
        uses=uses,
        alerts=alerts.most_common(_MOST_ALERTS),
        templates=templates.templates if templates is not None else None,
        today=parts.clock.now().date(),
        may_edit=visitor.may(Role.LEAD),
    )


def said_of(done: Published) -> str:
    """What became of publishing, in a sentence."""
    if not done.changed:
        return f"The page said just that already, in version {done.version}."
    with_others = ", together with what others changed meanwhile" if done.merged else ""
    return f"Version {done.version} is in force{with_others}."


def diff_lines(lines: Iterable[str]) -> list[dict[str, str]]:
    """Lines of a unified diff, each with what it is in words and its text without the mark."""
    kinds = {"+": "added", "-": "removed", "@": "place"}
    # The first two lines name the versions, which the page says above them.
    shown = [line for n, line in enumerate(lines) if n >= 2][:_MOST_DIFF]
    return [
        {
            "kind": kinds.get(line[:1], "same"),
            "text": line if line.startswith("@") else line[1:],
        }
        for line in shown
    ]


def _done(
    parts: ConsoleParts, document_id: str, visitor: Visitor, change: Callable[[], str]
) -> Response:
    try:
        said = change()
    except Unpublishable as error:
        said = _sentence(error)
    parts.wake()
    return see_other(_after(parts, visitor, document_id), said)


def _after(parts: ConsoleParts, visitor: Visitor, document_id: str) -> str:
    """The page; the list where the change made it one for some channels only."""
    found = curation_of(parts).page(editor_of(visitor), document_id)
    return "/console/runbooks" if found is None else address_of(document_id)


def _found(parts: ConsoleParts, visitor: Visitor, document_id: str) -> Version:
    found = curation_of(parts).page(editor_of(visitor), document_id[:1_000])
    if found is None:
        raise ConsoleError(HTTPStatus.NOT_FOUND, f"There is no page “{document_id[:60]}”.")
    return found


def _state(parts: ConsoleParts, document_id: str) -> DocumentState:
    """A version says nothing of the state; the page does."""
    with parts.units.read() as uow:
        current = uow.knowledge.get(document_id)
    return current.state if current is not None else DocumentState.RETIRED


def _uses(uow: UnitOfWork, parts: ConsoleParts, document_id: str) -> list[dict[str, Any]]:
    """Incidents whose answers cite the page, each once, the newest first, with people's words."""
    since = parts.clock.now() - _USED_WITHIN
    cited = uow.suggestions.uses_of(document_id, since, _MOST_CITED)
    ids = dict.fromkeys(one.incident_id for one in cited if one.incident_id is not None)
    incidents: list[Incident] = []
    for incident_id in ids:
        incident = uow.incidents.get(incident_id)
        if incident is not None and incident.visibility.is_everyone:
            incidents.append(incident)
        if len(incidents) == _MOST_USES:
            break
    words = uow.suggestions.feedback_on_incidents([one.id for one in incidents])
    answers = {one.suggestion_id for one in cited}
    return [
        {
            "incident": incident,
            "words": [
                word
                for word in words
                if word.incident_id == incident.id and word.suggestion_id in answers
            ],
        }
        for incident in incidents
    ]


def _editor(
    request: Request,
    visitor: Visitor,
    document_id: str,
    base: int,
    text: str,
    *,
    is_new: bool = False,
    problem: str = "",
    conflict: str = "",
) -> Response:
    return page(
        request,
        "runbook_edit.html",
        visitor=visitor,
        tab="runbooks",
        document_id=document_id,
        address="/console/runbooks" if is_new else address_of(document_id),
        base_version=base,
        text=text,
        is_new=is_new,
        problem=problem,
        conflict=conflict,
        status=HTTPStatus.UNPROCESSABLE_ENTITY if problem else HTTPStatus.OK,
    )


def _conflict(request: Request, visitor: Visitor, needed: MergeNeeded) -> Response:
    places = "1 place" if needed.conflicts == 1 else f"{needed.conflicts} places"
    told = f"{needed.reason}. Nothing is lost: both sides stand below"
    told += f", in {places} between marks." if needed.conflicts else "."
    return _editor(
        request, visitor, needed.document_id, needed.base_version, needed.text, conflict=told
    )


def _parsed(text: str, document_id: str) -> Runbook:
    return parse_runbook(text + "\n", slug=document_id or "new-page")


def _opened(branches: Sequence[Branch[ShelfLine]]) -> int:
    """How many branches are shown with their pages: at least one, and pages up to the most."""
    listed = 0
    for number, branch in enumerate(branches):
        listed += len(branch.pages)
        if listed > _MOST_LISTED:
            return max(1, number)
    return len(branches)


def _number(text: str) -> int:
    """A version's number as a form has it. 422 for what is none."""
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise ConsoleError(HTTPStatus.UNPROCESSABLE_ENTITY, "Which version is meant?")
    return int(text)


def _sentence(error: Exception) -> str:
    text = str(error)
    return f"{text[:1].upper()}{text[1:]}."
