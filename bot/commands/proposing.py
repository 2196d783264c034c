"""Forms that propose: an edit of a runbook, quiet for an alert family. A lead decides."""

from datetime import datetime, timedelta
from typing import Any

from bot.alerts.family import family_of
from bot.chat.forms import Answers, Field, Form, Option, text_of
from bot.chat.messages import Notice
from bot.commands.checking import Mistakes
from bot.commands.finding import incident_and_rest, incident_called
from bot.commands.model import Caller, Reply, Tools
from bot.drafts.model import Draft, DraftKind
from bot.incidents.model import Incident
from bot.incidents.query import query_of
from bot.suggestions.corrections import Word
from bot.uow import UnitOfWork
from knowledge.model import Runbook

RUNBOOK_FORM = "runbook_edit"
NOISE_FORM = "noise_rule"
NOTHING = "-"
"""What a proposal is about that concerns no incident."""

_NAME = 200
_LENGTHS = {
    "day": (timedelta(days=1), "For a day"),
    "week": (timedelta(days=7), "For a week"),
    "month": (timedelta(days=28), "For four weeks"),
    "always": (None, "Always"),
}
_WHAT = {
    "silence": "Silence it: no card at all",
    "hold_back": "Hold it back: only when it lasts or comes with others",
}


def propose_edit(tools: Tools, caller: Caller, words: str) -> Reply:
    """`/recall propose [RCL-12]` opens the form."""
    with tools.units.read() as uow:
        incident = incident_and_rest(uow, caller, words)[0] if words.strip() else None
        return Reply(opens=_runbook_form(uow, caller, incident))


def noise(tools: Tools, caller: Caller, words: str) -> Reply:
    """`/recall noise [RCL-12]` opens the form."""
    with tools.units.read() as uow:
        incident, _ = incident_and_rest(uow, caller, words)
        return Reply(opens=_noise_form(uow, incident))


def open_runbook(tools: Tools, caller: Caller, about: str) -> Form:
    with tools.units.read() as uow:
        return _runbook_form(uow, caller, _incident(uow, caller, about))


def open_noise(tools: Tools, caller: Caller, about: str) -> Form:
    with tools.units.read() as uow:
        return _noise_form(uow, incident_called(uow, caller, about))


def submit_runbook(tools: Tools, caller: Caller, about: str, answers: Answers) -> Reply:
    mistakes = Mistakes(answers)
    mistakes.required("page", "Name the page, or the one that is missing.")
    mistakes.required("problem", "Say what is wrong or missing.")
    mistakes.lengths(("page",), _NAME)
    mistakes.lengths(("problem", "text"))
    mistakes.raise_any()
    page = text_of(answers, "page")
    with tools.units.begin() as uow:
        incident = _incident(uow, caller, about)
        draft = propose_page(
            uow,
            caller,
            incident,
            page,
            text_of(answers, "problem"),
            text_of(answers, "text"),
            tools.clock.now(),
        )
        is_known = page_seen(uow, caller, page) is not None
    what = f"for {page}" if is_known else f"for a new page, {page}: none of that name is on record"
    return Reply(message=Notice(text=f"Thank you. Proposal {draft.id} {what}. A lead decides."))


def submit_noise(tools: Tools, caller: Caller, about: str, answers: Answers) -> Reply:
    mistakes = Mistakes(answers)
    mistakes.required("alert", "Name the alert.")
    mistakes.required("why", "Say why: a lead decides by that.")
    mistakes.lengths(("alert",), _NAME)
    mistakes.lengths(("why",))
    length = text_of(answers, "length")
    what = text_of(answers, "what")
    if length not in _LENGTHS:
        mistakes.add("length", "Choose for how long.")
    if what not in _WHAT:
        mistakes.add("what", "Choose what is to happen.")
    mistakes.raise_any()
    alert = text_of(answers, "alert")
    lasts = _LENGTHS[length][0] if length in _LENGTHS else None
    with tools.units.begin() as uow:
        incident = incident_called(uow, caller, about)
        content = {
            "alert": alert,
            "service": incident.service,
            "environment": incident.environment,
            "what": what,
            "seconds": int(lasts.total_seconds()) if lasts is not None else None,
            "why": text_of(answers, "why"),
            "incident": incident.key,
            "by": caller.name,
        }
        subject = family_of(alert, incident.service, incident.environment).key
        draft = _propose(uow, caller, DraftKind.NOISE_RULE, subject, content, tools.clock.now())
    return Reply(
        message=Notice(
            text=(
                f"Thank you. Proposal {draft.id} for {alert}. Nothing is silenced until a lead "
                "accepts it."
            )
        )
    )


def propose_page(
    uow: UnitOfWork,
    caller: Caller,
    incident: Incident | None,
    page: str,
    problem: str,
    text: str,
    now: datetime,
    word: Word | None = None,
) -> Draft:
    """Keep the proposal; the same words of the same person are the same proposal. `word` is what
    was said of the page with it: taking that back withdraws the proposal."""
    known = page_seen(uow, caller, page)
    content = {
        "page": page,
        "title": known.title if known is not None else "",
        "version": known.version if known is not None else 0,
        "problem": problem,
        "text": text,
        "incident": incident.key if incident is not None else "",
        "by": caller.name,
        **({"word": word.value} if word is not None else {}),
    }
    return _propose(uow, caller, DraftKind.RUNBOOK_EDIT, page, content, now)


def subject_page(uow: UnitOfWork, caller: Caller, incident: Incident) -> str:
    """The page that the incident's card cites, else what a missing one would be about."""
    cited = _cited(uow, caller, incident)
    return cited or incident.service or incident.key


def _propose(
    uow: UnitOfWork,
    caller: Caller,
    kind: DraftKind,
    subject: str,
    content: dict[str, Any],
    now: datetime,
) -> Draft:
    for waiting in uow.drafts.waiting(kind, subject):
        if waiting.made_by == caller.actor.key and waiting.content == content:
            return waiting
    draft = uow.drafts.add(
        Draft(kind=kind, subject=subject, content=content, made_by=caller.actor.key, made_at=now)
    )
    uow.audit.append(
        at=now,
        actor=caller.actor.key,
        action=f"{kind.value}.proposed",
        subject=subject,
        data={"draft": draft.id, "incident": content["incident"]},
    )
    return draft


def _runbook_form(uow: UnitOfWork, caller: Caller, incident: Incident | None) -> Form:
    page = _cited(uow, caller, incident) if incident is not None else ""
    return Form(
        name=RUNBOOK_FORM,
        title="Propose a runbook edit",
        about=incident.key if incident is not None else NOTHING,
        submit="Propose",
        intro="A lead looks at it; the page stays as it is until then.",
        fields=(
            Field(name="page", label="Page", initial=page, hint="Its id, as it is cited."),
            Field(name="problem", label="What is wrong or missing?", kind="long_text"),
            Field(name="text", label="What should it say?", kind="long_text", optional=True),
        ),
    )


def _noise_form(uow: UnitOfWork, incident: Incident) -> Form:
    name = query_of(incident, uow.alerts.of_incident(incident.id), ()).alert_name or ""
    return Form(
        name=NOISE_FORM,
        title="Propose a noise rule",
        about=incident.key,
        submit="Propose",
        intro="Nothing is silenced until a lead accepts it.",
        fields=(
            Field(name="alert", label="Alert", initial=name[:_NAME]),
            Field(
                name="what",
                label="What is to happen?",
                kind="choice",
                initial="hold_back",
                options=tuple(Option(value=one, label=label) for one, label in _WHAT.items()),
            ),
            Field(
                name="length",
                label="For how long?",
                kind="choice",
                initial="week",
                options=tuple(
                    Option(value=one, label=label) for one, (_, label) in _LENGTHS.items()
                ),
            ),
            Field(name="why", label="Why?", kind="long_text"),
        ),
    )


def _cited(uow: UnitOfWork, caller: Caller, incident: Incident) -> str:
    latest = uow.suggestions.latest_of(incident.id)
    cited = latest.suggestion.passages if latest is not None else ()
    pages = (
        one.document_id for one in cited if page_seen(uow, caller, one.document_id) is not None
    )
    return next(pages, "")


def page_seen(uow: UnitOfWork, caller: Caller, page: str) -> Runbook | None:
    """The page, if everybody who reads here may see it."""
    known = uow.knowledge.get(page)
    is_seen = known is not None and caller.audience.may_see(known.visibility)
    return known if is_seen and isinstance(known, Runbook) else None


def _incident(uow: UnitOfWork, caller: Caller, about: str) -> Incident | None:
    return incident_called(uow, caller, about) if about != NOTHING else None
