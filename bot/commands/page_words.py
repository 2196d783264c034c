"""What people say of a runbook's steps: one is wrong, one is missing, or it was used and worked."""

from collections.abc import Mapping
from datetime import datetime

from bot.chat.forms import Answers, Field, Form, Option, text_of
from bot.chat.messages import Notice
from bot.commands.checking import Mistakes
from bot.commands.finding import incident_and_rest, incident_called
from bot.commands.model import Caller, Refused, Reply, Tools
from bot.commands.proposing import page_seen, propose_page, subject_page
from bot.incidents.model import Incident, TimelineEntry, TimelineKind
from bot.people.model import Role
from bot.suggestions.corrections import Correction, Word
from bot.suggestions.jobs import search_anew
from bot.suggestions.linking import family_of_incident
from bot.uow import UnitOfWork

FORM = "page_word"
_NAME = 200
_WORDS: Mapping[str, tuple[Word, str, str]] = {
    "used": (Word.USED, "It was used and it worked", "used with success"),
    "wrong": (Word.WRONG_STEP, "A step is wrong", "a wrong step"),
    "missing": (Word.MISSING_STEP, "A step is missing", "a missing step"),
}
"""By choice: the word, how it is offered, how it is told."""


def feedback(tools: Tools, caller: Caller, words: str) -> Reply:
    """`/recall feedback [RCL-12]` opens the form."""
    with tools.units.read() as uow:
        incident, _ = incident_and_rest(uow, caller, words)
        return Reply(opens=_form(uow, caller, incident))


def open_page_word(tools: Tools, caller: Caller, about: str) -> Form:
    with tools.units.read() as uow:
        return _form(uow, caller, incident_called(uow, caller, about))


def submit_page_word(tools: Tools, caller: Caller, about: str, answers: Answers) -> Reply:
    """Keep the word; of a wrong or missing step also a proposal, which a lead decides on."""
    what, page = text_of(answers, "what"), text_of(answers, "page")
    mistakes = Mistakes(answers)
    mistakes.required("page", "Name the page.")
    mistakes.lengths(("page",), _NAME)
    mistakes.lengths(("step", "text"))
    if what not in _WORDS:
        mistakes.add("what", "Choose what you want to say.")
    elif _WORDS[what][0] is not Word.USED:
        mistakes.required("step", "Say which step, or what is missing.")
    with tools.units.begin() as uow:
        incident = incident_called(uow, caller, about)
        known = page_seen(uow, caller, page) if page else None
        if page and known is None:
            mistakes.add("page", "No page of that id is on record.")
        mistakes.raise_any()
        assert known is not None  # told above
        word, _, told = _WORDS[what]
        now = tools.clock.now()
        kept = uow.corrections.say(
            Correction(
                team_id=caller.actor.team_id,
                actor=caller.actor.key,
                is_lead=caller.role.includes(Role.LEAD),
                incident_id=incident.id,
                family=family_of_incident(uow, incident),
                document_id=known.id,
                word=word,
                at=now,
            )
        )
        step = text_of(answers, "step")
        number = None
        if word.is_of_a_step:
            problem = f"{told.capitalize()}, said of {incident.key}: {step}"
            draft = propose_page(
                uow, caller, incident, known.id, problem, text_of(answers, "text"), now, word=word
            )
            number = draft.id
        if kept:
            _note(uow, caller, incident, known.id, told, now)
            search_anew(uow, incident, tools.clock)
    if not kept and number is None:
        raise Refused(f"You said so before: {known.id} was used with success.")
    then = f" Proposal {number} waits for a lead." if number is not None else ""
    return Reply(message=Notice(text=f"Thank you. Noted for {known.id}: {told}.{then}"))


def _note(
    uow: UnitOfWork, caller: Caller, incident: Incident, page: str, told: str, now: datetime
) -> None:
    entry = TimelineEntry(
        at=now,
        kind=TimelineKind.FEEDBACK,
        text=f"{caller.name}: {page}: {told}",
        actor=caller.actor.key,
    )
    uow.incidents.add_timeline(incident.id, [entry])
    uow.audit.append(
        at=now,
        actor=caller.actor.key,
        action="page.said_of",
        subject=incident.key,
        data={"document_id": page, "word": told},
    )


def _form(uow: UnitOfWork, caller: Caller, incident: Incident) -> Form:
    cited = subject_page(uow, caller, incident)
    return Form(
        name=FORM,
        title="About the runbook",
        about=incident.key,
        submit="Say so",
        intro="It counts for this incident at once, for all once a second person or a lead agrees.",
        fields=(
            Field(
                name="what",
                label="What do you want to say?",
                kind="choice",
                options=tuple(
                    Option(value=one, label=text) for one, (_, text, _) in _WORDS.items()
                ),
            ),
            Field(
                name="page",
                label="Page",
                initial=cited if page_seen(uow, caller, cited) is not None else "",
                hint="Its id, as it is cited.",
            ),
            Field(
                name="step",
                label="Which step, or what is missing?",
                kind="long_text",
                optional=True,
            ),
            Field(name="text", label="What should it say?", kind="long_text", optional=True),
        ),
    )
