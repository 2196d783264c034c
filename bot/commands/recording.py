"""The form "Write it up": a person completes an incident's record, keeps it, or vouches for it."""

from dataclasses import replace

from bot.chat.forms import Answers, Field, Form, Option, text_of
from bot.chat.lines import spoken_length
from bot.chat.messages import Board, BoardLine, BoardPart
from bot.commands.checking import Mistakes
from bot.commands.finding import incident_and_rest, incident_called
from bot.commands.model import Caller, Refused, Reply, Tools
from bot.commands.status import save_and_follow
from bot.incidents.keeping import confirm, record_now, rewrite, waiting_record
from bot.incidents.model import Incident
from bot.incidents.records import NOT_FILLED_IN, IncidentRecord, Words
from bot.uow import UnitOfWork
from knowledge.errors import BadDocument
from knowledge.model import Visibility

FORM = "record"
_TITLE = 200
_TEXTS = ("impact", "cause", "fix", "lessons")
_CONFIRM = "confirm"


def record(tools: Tools, caller: Caller, words: str) -> Reply:
    """`/recall record [RCL-12]` opens the form."""
    with tools.units.read() as uow:
        incident, _ = incident_and_rest(uow, caller, words)
        return Reply(opens=record_form(uow, caller, incident))


def open_record(tools: Tools, caller: Caller, about: str) -> Form:
    with tools.units.read() as uow:
        return record_form(uow, caller, incident_called(uow, caller, about))


def record_form(
    uow: UnitOfWork,
    caller: Caller,
    incident: Incident,
    *,
    before: str = "",
    added: Words | None = None,
) -> Form:
    """The form with what is known; `before` is said above it, and `added` fills what is still
    empty. Raises Refused while the incident is not over, and where its record quotes what not
    everybody who reads here may see."""
    if not incident.state.is_over:
        raise Refused(f"{incident.key} is still {incident.state.value}; resolve it first.")
    timeline = uow.incidents.timeline(incident.id)
    known = record_now(uow, incident, timeline, waiting_record(uow, incident))
    _require_seen(caller, known)
    words = known.words.over(added) if added is not None else known.words
    missing = [f"{name.capitalize()}: {NOT_FILLED_IN}." for name in known.missing]
    return Form(
        name=FORM,
        title=f"{incident.key}: write it up",
        about=incident.key,
        intro=" ".join(part for part in (before, _facts(known), *missing) if part),
        fields=(
            Field(name="title", label="Title", initial=(words.title or incident.title)[:_TITLE]),
            _text("impact", "Impact: what people felt", words.impact),
            _text("cause", "Cause", words.cause),
            _text("fix", "What fixed it", words.fix),
            _text("lessons", "Lessons", words.lessons),
            Field(
                name="done",
                label="Is it right?",
                kind="choice",
                initial="draft",
                options=(
                    Option(value="draft", label="Keep it as a draft"),
                    Option(value=_CONFIRM, label="Confirm: this is right"),
                ),
                hint="Confirmed, it is found next time, with your name on it.",
            ),
        ),
    )


def submit_record(tools: Tools, caller: Caller, about: str, answers: Answers) -> Reply:
    """Keep the words, and make them knowledge where the person vouches for them."""
    is_right = text_of(answers, "done") == _CONFIRM
    typed = {name: text_of(answers, name) for name in ("title", *_TEXTS)}
    words = Words.model_validate({**typed, "by": caller.actor.key})
    _check(answers, words, is_right)
    with tools.units.begin() as uow:
        incident = incident_called(uow, caller, about)
        now = tools.clock.now()
        known = rewrite(uow, incident, words, now)
        if known is None:
            raise Refused(f"{incident.key} is {incident.state.value}; it has no record to edit.")
        _require_seen(caller, known)
        if is_right:
            try:
                confirm(uow, incident, name=caller.name, actor=caller.actor.key, now=now)
            except BadDocument as error:
                raise Refused(f"The record of {incident.key} cannot be kept: it {error}") from error
        action = "record.confirmed" if is_right else "record.edited"
        changed = replace(incident, revision=incident.revision + 1)
        save_and_follow(uow, tools, caller, changed, action, now)
    return Reply(message=record_board(known, caller.name if is_right else ""))


def record_board(known: IncidentRecord, confirmed_by: str) -> Board:
    """The record as a page; what nobody filled in says so."""
    told = (
        ("Impact", known.words.impact),
        ("Cause", known.words.cause),
        ("What fixed it", known.words.fix),
        ("Lessons", known.words.lessons),
    )
    lines = tuple(
        BoardLine(text=name, detail=text or NOT_FILLED_IN)
        for name, text in told
        if text or name != "Lessons"
    )
    note = f"Confirmed by {confirmed_by}." if confirmed_by else "A draft; confirm it when right."
    return Board(title=f"{known.key}: {known.title}", parts=(BoardPart(lines=lines),), note=note)


def _require_seen(caller: Caller, known: IncidentRecord) -> None:
    channels = known.visibility
    if not caller.audience.may_see(Visibility(None if channels is None else frozenset(channels))):
        raise Refused(
            f"The record of {known.key} quotes what not everybody here may see; write it up in "
            "the channel of its card."
        )


def _check(answers: Answers, words: Words, is_right: bool) -> None:
    mistakes = Mistakes(answers)
    mistakes.required("title", "Give it a title.")
    mistakes.lengths(("title",), _TITLE)
    mistakes.lengths(_TEXTS)
    if is_right and not words.cause and not words.fix:
        mistakes.add(
            "fix", "Say what fixed it, or its cause, before you confirm; or keep it as a draft."
        )
    mistakes.raise_any()


def _facts(known: IncidentRecord) -> str:
    where = ", ".join(part for part in (known.service, known.environment) if part)
    lasted = ""
    if known.resolved_at is not None:
        lasted = f", {spoken_length((known.resolved_at - known.opened_at).total_seconds())}"
    alerts = f"; {', '.join(known.alerts[:3])}" if known.alerts else ""
    return f"{where or 'Service unknown'}{lasted}{alerts}."


def _text(name: str, label: str, initial: str) -> Field:
    return Field(name=name, label=label, kind="long_text", optional=True, initial=initial)
