"""Links: what people said is the same, is not, or helped; what it changes; taking it back."""

from http import HTTPStatus
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from bot.alerts.family import family_of
from bot.incidents.model import Incident
from bot.incidents.regrouping import SPLIT_INTO
from bot.people.model import Role
from bot.suggestions.corrections import NO_HELP, Correction, Word, corrected
from bot.suggestions.linking import withdraw_proposal
from bot.uow import UnitOfWork
from bot.web.console.gate import Fields, Signed, Visitor
from bot.web.console.parts import Console
from bot.web.console.rendering import ConsoleError, page, see_other
from knowledge.model import Query

router = APIRouter()

_MOST = 500
_MOST_TIES = 100
_MOST_NAMED = 200
_NOT_THERE = "alerts that are not there any more"
_LOOK = 20_000


@router.get("/links")
def links(request: Request, visitor: Signed, parts: Console, incident: str = "") -> Response:
    """All words and ties, or those of one incident."""
    with parts.units.read() as uow:
        about = uow.incidents.get_by_key(incident[:40]) if incident.strip() else None
        if incident.strip() and (about is None or not about.visibility.is_everyone):
            raise ConsoleError(HTTPStatus.NOT_FOUND, f"There is no incident “{incident[:40]}”.")
        said = uow.corrections.list(_MOST, about.id if about is not None else None)
        words = [row for one in said if (row := _word(uow, visitor, one)) is not None]
        ties = _ties(uow, visitor, about)
    return page(
        request,
        "links.html",
        visitor=visitor,
        tab="links",
        about=about,
        words=words,
        ties=ties,
    )


@router.post("/links/words/{number}/revoke")
def revoke_word(number: int, visitor: Signed, parts: Console, form: Fields) -> Response:
    with parts.units.begin() as uow:
        found = next((one for one in uow.corrections.list(_LOOK) if one.id == number), None)
        if found is None or _word(uow, visitor, found) is None:
            raise ConsoleError(HTTPStatus.NOT_FOUND, "There is no such word.")
        _require(visitor, found.actor)
        now = parts.clock.now()
        done = uow.corrections.revoke(number, actor=visitor.key, now=now)
        if done is not None:
            withdraw_proposal(uow, done, visitor.key, now)
            uow.audit.append(
                at=now,
                actor=visitor.key,
                action="correction.revoked",
                subject=found.document_id,
                data={"correction": number, "said_by": found.actor, "word": found.word.value},
            )
    return see_other("/console/links", "It is taken back." if done else "It was taken back before.")


@router.post("/links/ties/{number}/revoke")
def revoke_tie(number: int, visitor: Signed, parts: Console, form: Fields) -> Response:
    with parts.units.begin() as uow:
        found = next((one for one in uow.bindings.in_force() if one.id == number), None)
        if found is None or _seen(uow, found.incident_id) is None:
            raise ConsoleError(HTTPStatus.NOT_FOUND, "There is no such tie in force.")
        _require(visitor, found.actor)
        now = parts.clock.now()
        done = uow.bindings.revoke(number, actor=visitor.key, now=now)
        if done is not None:
            uow.audit.append(
                at=now,
                actor=visitor.key,
                action="binding.revoked",
                subject=found.one,
                data={"binding": number, "said_by": found.actor, "other": found.other},
            )
    return see_other("/console/links", "It is taken back." if done else "It was taken back before.")


def _word(uow: UnitOfWork, visitor: Visitor, one: Correction) -> dict[str, Any] | None:
    """A word with what it changes; None for one about what not everyone may see."""
    incident = _seen(uow, one.incident_id)
    document = uow.knowledge.get(one.document_id)
    if incident is None or (document is not None and not document.visibility.is_everyone):
        return None
    return {
        "said": one,
        "incident": incident,
        "title": document.title if document is not None else "",
        "effect": _effect(uow, one),
        "may_revoke": one.revoked_at is None and _may_revoke(visitor, one.actor),
    }


def _effect(uow: UnitOfWork, one: Correction) -> str:
    """Whether the document is treated so for the whole family, or for this incident only."""
    if one.revoked_at is not None:
        return "taken back"
    said = uow.corrections.in_force(one.incident_id, one.family)
    # Asked for an incident that nobody spoke of, what is left is what was agreed.
    family = corrected(Query(text=""), None, said)
    if one.word in _is_touched(family, one.document_id):
        return "holds for every incident of this alert"
    own = corrected(Query(text=""), one.incident_id, said)
    if one.word in _is_touched(own, one.document_id):
        return "holds for this incident only, until a second person or a lead agrees"
    if one.word is Word.MISSING_STEP:
        return "is a proposal in the review queue; the page stays where it ranks"
    if one.word.is_for:
        return "changes nothing by itself; it weighs against “not helpful”"
    return "changes nothing: later or other words count for more"


def _is_touched(query: Query, document_id: str) -> tuple[Word, ...]:
    """The words that treat the document as the query does."""
    if document_id in query.linked:
        return (Word.SAME,)
    if document_id in query.excluded:
        return (Word.NOT_SAME,)
    weight = query.unhelpful.get(document_id)
    if weight is None:
        return ()
    return (Word.NOT_HELPFUL,) if weight >= NO_HELP else (Word.WRONG_STEP,)


def _ties(uow: UnitOfWork, visitor: Visitor, about: Incident | None) -> list[dict[str, Any]]:
    """The newest ties, or those of one incident, with the names of the alerts."""
    found: list[dict[str, Any]] = []
    names: dict[int, dict[str, str]] = {}
    for tie in reversed(uow.bindings.in_force()):
        if about is not None and tie.incident_id != about.id:
            continue
        of = _seen(uow, tie.incident_id)
        if of is None:
            continue
        if of.id not in names:
            names[of.id] = _names(uow, of)
        found.append(
            {
                "tie": tie,
                "incident": of,
                "one": names[of.id].get(tie.one, _NOT_THERE),
                "other": names[of.id].get(tie.other, _NOT_THERE),
                "may_revoke": _may_revoke(visitor, tie.actor),
            }
        )
        if len(found) >= _MOST_TIES:
            break
    return found


def _names(uow: UnitOfWork, incident: Incident) -> dict[str, str]:
    """Families of alerts, by key, as people know them: those that are in the incident, and those
    that were split off from it."""
    into = (entry.data.get(SPLIT_INTO) for entry in uow.incidents.timeline(incident.id))
    left = (uow.incidents.get_by_key(key) for key in dict.fromkeys(into) if key)
    found: dict[str, str] = {}
    seen = (one for one in left if one is not None and one.visibility.is_everyone)
    for one in (incident, *seen):
        for stored in uow.alerts.of_incident(one.id, _MOST_NAMED):
            about = family_of(stored.alert.name, stored.service, stored.environment)
            where = ", ".join(filter(None, (about.service, about.environment)))
            name = f"{stored.alert.name} ({where})" if where else stored.alert.name
            found.setdefault(about.key, name)
    return found


def _seen(uow: UnitOfWork, incident_id: int) -> Incident | None:
    incident = uow.incidents.get(incident_id)
    return incident if incident is not None and incident.visibility.is_everyone else None


def _may_revoke(visitor: Visitor, said_by: str) -> bool:
    return visitor.may(Role.LEAD) or visitor.key == said_by


def _require(visitor: Visitor, said_by: str) -> None:
    if not _may_revoke(visitor, said_by):
        raise ConsoleError(
            HTTPStatus.FORBIDDEN, "Only a lead, or whoever said it, can take it back."
        )
