"""`/recall resolve` and its form: it is over, what it was, and what a person says ended it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from bot.chat.forms import Answers, Field, Form, Option, text_of
from bot.chat.messages import Notice
from bot.commands.checking import LONGEST_TEXT, Mistakes
from bot.commands.finding import incident_and_rest, incident_called, incident_here
from bot.commands.model import Caller, Refused, Reply, Tools
from bot.commands.parsing import starts_with_number
from bot.commands.proposing import propose_page, subject_page
from bot.commands.recording import record_form
from bot.commands.status import save_and_follow, tell_pager, told_by_card
from bot.incidents.cue_words import cues_told
from bot.incidents.keeping import follow_record, remember
from bot.incidents.lifecycle import Reason, by_person
from bot.incidents.model import Incident, IncidentState, TimelineEntry, TimelineKind
from bot.incidents.records import BY_ITSELF, RESOLUTION, RESOLVED_LIKE, Words, end_told
from bot.suggestions.corrections import Word
from bot.suggestions.feedback import said_of_case
from bot.suggestions.model import SuggestionKind
from bot.suggestions.resolution import quoted
from bot.uow import UnitOfWork
from knowledge.errors import BadDocument
from knowledge.model import PastIncident

FORM = "resolve"
_BY_ITSELF = "by_itself"
_OFFERS = 4
_FROM_ANSWER = 2
_SHORT = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """What a person says of how it ended. `like` is the past incident it was filled in from."""

    fix: str
    cause: str = ""
    impact: str = ""
    like: str = ""
    suggestion_right: str = ""
    runbook_gap: str = ""
    by_itself: bool = False

    @property
    def teaches(self) -> bool:
        """Whether it says anything that helps next time."""
        return bool(self.cause) or not self.by_itself

    @property
    def words(self) -> Words:
        like = (self.like,) if self.like else ()
        return Words(impact=self.impact, cause=self.cause, fix=self.fix, like=like)


def resolve(tools: Tools, caller: Caller, words: str) -> Reply:
    """`/recall resolve [RCL-12] [what fixed it]`: at once with words, else the form; with a past
    incident's key (`like INC-87`) the form filled in like it.

    A bare number in front of words may be a part of them ("2 pods restarted"), so then a person
    looks at it before anything is done.
    """
    with tools.units.read() as uow:
        incident, fix = incident_and_rest(uow, caller, words)
        past = _past(uow, caller, fix.removeprefix("like "))
        if past is not None:
            return Reply(opens=_form(uow, caller, incident, past=past))
        if not fix or starts_with_number(words):
            return Reply(opens=_form(uow, caller, incident, fix=fix))
    if len(fix) > LONGEST_TEXT:
        raise Refused(f"That is longer than the {LONGEST_TEXT:,} characters that fit.")
    return _end(tools, caller, incident.key, Ending(fix=fix))


def open_resolve(tools: Tools, caller: Caller, about: str) -> Form:
    key, _ = _subject(about)
    with tools.units.read() as uow:
        return _form(uow, caller, incident_called(uow, caller, key))


def fill_resolve(tools: Tools, caller: Caller, about: str, offer: str) -> Form:
    """Cause and fix quoted from a past incident."""
    key, _ = _subject(about)
    with tools.units.read() as uow:
        incident = incident_called(uow, caller, key)
        past = _past(uow, caller, offer)
        if past is None:
            raise Refused(f"{offer} is not on record any more.")
        return _form(uow, caller, incident, past=past)


def save_as_resolution(tools: Tools, caller: Caller, text: str) -> Form:
    """The message shortcut: the form for the incident of this thread or channel, with the
    message as the fix."""
    with tools.units.read() as uow:
        incident = incident_here(uow, caller)
        if incident is None:
            raise Refused(
                "It cannot be told which incident this message belongs to. Use the shortcut in "
                "an incident's thread or channel, or write /recall resolve RCL-12 and the fix."
            )
        return _form(uow, caller, incident, fix=text[:LONGEST_TEXT])


def submit_resolve(tools: Tools, caller: Caller, about: str, answers: Answers) -> Reply:
    """Raises FieldErrors for what is left out or too long."""
    by_itself = text_of(answers, "how") == _BY_ITSELF
    mistakes = Mistakes(answers)
    mistakes.lengths(("cause", "fix", "impact", "runbook_gap"))
    if not by_itself:
        mistakes.required("fix", "Say what fixed it, or choose that it went by itself.")
    mistakes.raise_any()
    key, like = _subject(about)
    ending = Ending(
        fix=text_of(answers, "fix") or BY_ITSELF,
        cause=text_of(answers, "cause"),
        impact=text_of(answers, "impact"),
        like=like,
        suggestion_right=text_of(answers, "suggestion_right"),
        runbook_gap=text_of(answers, "runbook_gap"),
        by_itself=by_itself,
    )
    return _end(tools, caller, key, ending)


def _end(tools: Tools, caller: Caller, key: str, ending: Ending) -> Reply:
    with tools.units.begin() as uow:
        incident = incident_called(uow, caller, key)
        now = tools.clock.now()
        earlier = end_told(uow.incidents.timeline(incident.id))
        if earlier is not None:
            return Reply(opens=_too_late(uow, incident, earlier, ending, caller))
        past = _past(uow, caller, ending.like) if ending.like else None
        moved = _move(uow, tools, caller, incident, ending, past, now)
        changed = moved or replace(incident, revision=incident.revision + 1)
        missing = _keep_record(uow, changed, ending, caller, now)
        _say_of_answer(uow, changed, ending, past, caller, now)
        if ending.runbook_gap:
            page = subject_page(uow, caller, changed)
            propose_page(uow, caller, changed, page, ending.runbook_gap, "", now)
        save_and_follow(uow, tools, caller, changed, "incident.resolved", now)
        shown = told_by_card(uow, changed)
    if moved is None:
        told = [f"{changed.key} had ended; what you said is kept."]
    else:
        told = [
            f"{changed.key} is resolved{shown}.",
            tell_pager(tools, caller, changed, "resolve"),
        ]
    if missing:
        told.append(
            f"Not filled in yet: {', '.join(missing)}; /recall record {changed.key} writes it up."
        )
    return Reply(message=Notice(text=" ".join(told)))


def _move(
    uow: UnitOfWork,
    tools: Tools,
    caller: Caller,
    incident: Incident,
    ending: Ending,
    past: PastIncident | None,
    now: datetime,
) -> Incident | None:
    """The incident once it is over; None when its alerts had ended it, and then it is only
    annotated."""
    is_like = past is not None and _is_quoted(ending)
    note = f"Resolved by {caller.name}: {ending.fix[:_SHORT]}"
    if is_like and past is not None:
        note = f"Resolved like {past.id} ({past.title}), said {caller.name}"
    actor = caller.actor.key
    moved = by_person(incident, IncidentState.RESOLVED, actor=actor, now=now, note=note)
    if moved.reason is Reason.NOT_ALLOWED:
        raise Refused(f"{incident.key} is {incident.state.value} already.")
    data = {
        RESOLUTION: ending.fix,
        "cause": ending.cause,
        "impact": ending.impact,
        "like": ending.like,
        "suggestion_right": ending.suggestion_right,
        "note": note,
    }
    if is_like and past is not None:
        data[RESOLVED_LIKE] = past.id
    said = TimelineEntry(
        at=now,
        kind=TimelineKind.NOTE,
        text=note,
        actor=actor,
        data={name: value for name, value in data.items() if value or name == RESOLUTION},
    )
    entries = [entry for entry in (moved.entry, said) if entry is not None]
    uow.incidents.add_timeline(incident.id, entries)
    return moved.incident if moved.changed else None


def _keep_record(
    uow: UnitOfWork, incident: Incident, ending: Ending, caller: Caller, now: datetime
) -> tuple[str, ...]:
    """The draft of the record, and what the person vouched for as knowledge at once. Gives
    what nobody has filled in."""
    words = ending.words.model_copy(update={"by": caller.actor.key})
    record = follow_record(uow, incident, now, words)
    if record is None:
        return ()
    if not ending.teaches:
        return record.missing
    who = f"{caller.name} ({caller.actor.key})"
    try:
        remember(uow, incident, record, confirmed_by=who, now=now)
    except BadDocument as error:
        raise Refused(f"{incident.key} cannot be kept as a case: it {error}") from error
    return record.missing


def _say_of_answer(
    uow: UnitOfWork,
    incident: Incident,
    ending: Ending,
    past: PastIncident | None,
    caller: Caller,
    now: datetime,
) -> None:
    """Feedback on the answer that is shown, by the rules that its buttons follow as well."""
    latest = uow.suggestions.latest_of(incident.id)
    if latest is None:
        return
    is_like = past is not None and _is_quoted(ending)
    if ending.suggestion_right == "no":
        verdict, word = "not_helpful", Word.NOT_HELPFUL
    elif is_like:
        verdict, word = "resolved_like", Word.HELPFUL
    elif ending.suggestion_right == "yes":
        verdict, word = "helpful", Word.HELPFUL
    else:
        return
    said_of_case(
        uow,
        incident,
        latest.suggestion,
        actor=caller.actor,
        role=caller.role,
        verdict=verdict,
        word=word,
        past_id=past.id if past is not None and verdict == "resolved_like" else None,
        now=now,
    )


def _too_late(
    uow: UnitOfWork, incident: Incident, earlier: TimelineEntry, ending: Ending, caller: Caller
) -> Form:
    """Somebody was quicker: what was typed goes into what the record does not say yet."""
    is_own = earlier.actor == caller.actor.key
    who = "You said" if is_own else "Somebody was quicker, and said"
    said = earlier.data.get("note") or earlier.text
    before = f"{who} at {earlier.at:%H:%M} UTC: “{said[:_SHORT]}”. You can still add to the record."
    return record_form(uow, caller, incident, before=before, added=ending.words)


def _form(
    uow: UnitOfWork,
    caller: Caller,
    incident: Incident,
    *,
    past: PastIncident | None = None,
    fix: str = "",
) -> Form:
    """The form; that of the record where somebody has said already what ended it."""
    earlier = end_told(uow.incidents.timeline(incident.id))
    if earlier is not None or incident.state is IncidentState.CLOSED:
        said = (earlier.data.get("note") or earlier.text)[:_SHORT] if earlier else "It is closed"
        before = f"{incident.key} has ended already: “{said}”."
        return record_form(uow, caller, incident, before=before, added=Words(fix=fix))
    cause = quoted(past.id, past.cause)[:LONGEST_TEXT] if past is not None else ""
    fix = quoted(past.id, past.resolution)[:LONGEST_TEXT] if past is not None else fix
    if past is None:
        told = cues_told(uow.incidents.timeline(incident.id), caller.audience)
        cause, fix = told.cause[:LONGEST_TEXT], fix or told.fix[:LONGEST_TEXT]
    filled = past.id if past is not None else ""
    offers = _offers(uow, caller, incident)
    return Form(
        name=FORM,
        title=f"Resolve {incident.key}",
        about=f"{incident.key} {filled}".strip(),
        submit="Resolve",
        intro=f"{incident.title[:_SHORT]}. What you leave empty, the record shows as empty.",
        fills=tuple(Option(value=one, label=f"Like {one}") for one in offers),
        fields=(
            Field(
                name="how",
                label="How did it end?",
                kind="choice",
                initial="fixed",
                options=(
                    Option(value="fixed", label="Somebody did something"),
                    Option(value=_BY_ITSELF, label="Nothing was done; it went by itself"),
                ),
            ),
            Field(
                name="fix",
                label="What fixed it",
                kind="long_text",
                optional=True,
                initial=fix,
                filled_from=filled,
            ),
            Field(
                name="cause",
                label="Cause",
                kind="long_text",
                optional=True,
                initial=cause,
                filled_from=filled,
                hint="Empty if it is not known yet.",
            ),
            Field(name="impact", label="Impact: what people felt", kind="long_text", optional=True),
            Field(
                name="suggestion_right",
                label="Was Recall's suggestion right?",
                kind="choice",
                optional=True,
                options=(
                    Option(value="yes", label="Yes"),
                    Option(value="partly", label="Partly"),
                    Option(value="no", label="No"),
                    Option(value="none", label="There was none"),
                ),
            ),
            Field(
                name="runbook_gap",
                label="Which runbook was missing or wrong?",
                kind="long_text",
                optional=True,
                hint="Becomes a proposal for the leads.",
            ),
        ),
    )


def _offers(uow: UnitOfWork, caller: Caller, incident: Incident) -> Sequence[str]:
    """The cases that the card shows first, then those that people linked."""
    latest = uow.suggestions.latest_of(incident.id)
    shown: list[str] = []
    if latest is not None and latest.suggestion.kind is SuggestionKind.SEVERAL_CAUSES:
        causes = latest.suggestion.causes
        shown = [cause.incident_ids[0] for cause in causes if cause.incident_ids]
    elif latest is not None:
        cited = latest.suggestion.incidents
        shown = [one.id for one in cited[:_FROM_ANSWER]] + [one.id for one in cited if one.linked]
    said = uow.corrections.in_force(incident.id, "")
    linked = [one.document_id for one in said if one.word is Word.SAME]
    ids = dict.fromkeys((*shown, *linked))
    return [one for one in ids if _past(uow, caller, one) is not None][:_OFFERS]


def _past(uow: UnitOfWork, caller: Caller, document_id: str) -> PastIncident | None:
    """A past incident that says something and that everybody who reads here may see."""
    past = uow.knowledge.get(document_id)
    if not isinstance(past, PastIncident) or not past.state.is_served:
        return None
    if not caller.audience.may_see(past.visibility):
        return None
    return past if past.cause or past.resolution else None


def _is_quoted(ending: Ending) -> bool:
    """Whether what was filled in is still there; who wrote something else said something else."""
    return any(text.startswith("Like ") for text in (ending.cause, ending.fix))


def _subject(about: str) -> tuple[str, str]:
    """(incident's key, past incident that it was filled in from)."""
    key, _, like = about.partition(" ")
    return key, like
