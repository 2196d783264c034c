"""`/recall snooze` and its form: no reminders of an incident for a while."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from bot.chat.forms import Answers, Field, Form, Option, text_of
from bot.chat.lines import told_time
from bot.chat.messages import Notice
from bot.commands.checking import Mistakes
from bot.commands.finding import incident_and_rest, incident_called
from bot.commands.model import Caller, FieldErrors, Refused, Reply, Tools
from bot.commands.parsing import length_of
from bot.commands.status import save_and_follow
from bot.incidents import lifecycle
from bot.incidents.model import Incident
from bot.suggestions.jobs import look_again
from bot.uow import UnitOfWork

FORM = "snooze"
TOMORROW = "tomorrow"
_MORNING = time(9, 0)
_CHOICES = {"30m": "30 minutes", "1h": "1 hour", "4h": "4 hours", TOMORROW: "Until tomorrow 9:00"}
_REASON = 500


def snooze(tools: Tools, caller: Caller, words: str) -> Reply:
    """`/recall snooze [RCL-12] [2h] [why]`: at once with a length, else the form."""
    with tools.units.read() as uow:
        incident, rest = incident_and_rest(uow, caller, words)
        if not rest:
            return Reply(opens=_form(uow, incident))
    length, why = split_length(rest)
    if not length:
        raise Refused("Say for how long: 30m, 2h, 1 day or tomorrow.")
    return _snooze(tools, caller, incident.key, length, why)


def open_snooze(tools: Tools, caller: Caller, about: str) -> Form:
    with tools.units.read() as uow:
        return _form(uow, incident_called(uow, caller, about))


def submit_snooze(tools: Tools, caller: Caller, about: str, answers: Answers) -> Reply:
    mistakes = Mistakes(answers)
    mistakes.lengths(("why",), _REASON)
    mistakes.raise_any()
    length = text_of(answers, "length")
    if length not in _CHOICES:
        raise FieldErrors({"length": "Choose for how long."})
    return _snooze(tools, caller, about, length, text_of(answers, "why"))


def split_length(words: str) -> tuple[str, str]:
    """(a length of time at the start, the rest); "" where there is none: `2 h waiting for DBA`."""
    first, _, rest = words.partition(" ")
    second, _, after = rest.strip().partition(" ")
    if second and length_of(f"{first} {second}") is not None:
        return f"{first} {second}", after.strip()
    if first.lower() == TOMORROW or length_of(first) is not None:
        return first.lower(), rest.strip()
    return "", words


def end_of(length: str, now: datetime, time_zone: str) -> datetime | None:
    """When a snooze of that length ends, in UTC; `tomorrow` is 9:00 in the person's zone."""
    if length == TOMORROW:
        zone = ZoneInfo(time_zone)
        day = (now.astimezone(zone) + timedelta(days=1)).date()
        return datetime.combine(day, _MORNING, zone).astimezone(UTC)
    lasts = length_of(length)
    return now + lasts if lasts is not None else None


def _snooze(tools: Tools, caller: Caller, key: str, length: str, why: str) -> Reply:
    with tools.units.begin() as uow:
        incident = incident_called(uow, caller, key)
        now = tools.clock.now()
        person = uow.preferences.person(caller.actor.team_id, caller.actor.user_id)
        until = end_of(length, now, person.quiet.time_zone)
        if until is None:
            raise Refused("Say for how long: 30m, 2h, 1 day or tomorrow.")
        # Whoever asked reads their own clock; the timeline is read by people everywhere.
        mine, told = told_time(until, person.quiet.time_zone), f"{until:%d %b %H:%M} UTC"
        reason = f": {why}" if why else ""
        moved = lifecycle.snooze(
            incident,
            until,
            actor=caller.actor.key,
            now=now,
            note=f"Snoozed until {told} by {caller.name}{reason}",
        )
        if moved.entry is None:
            raise Refused(f"{incident.key} is {incident.state.value} already.")
        uow.incidents.add_timeline(incident.id, [moved.entry])
        save_and_follow(uow, tools, caller, moved.incident, "incident.snoozed", now)
        # The card says so while it holds, and has to be looked at when it does not any more.
        look_again(uow, moved.incident, "snooze", tools.clock, at=until)
    return Reply(
        message=Notice(
            text=(
                f"{incident.key} is snoozed until {mine}: no reminders until then. A new or worse "
                "alert ends it. This does not stop the page."
            )
        )
    )


def _form(uow: UnitOfWork, incident: Incident) -> Form:
    if incident.state.is_over:
        raise Refused(f"{incident.key} is {incident.state.value} already.")
    return Form(
        name=FORM,
        title=f"Snooze {incident.key}",
        about=incident.key,
        submit="Snooze",
        intro="No reminders until then. A new or worse alert ends it.",
        fields=(
            Field(
                name="length",
                label="For how long?",
                kind="choice",
                initial="1h",
                options=tuple(Option(value=one, label=label) for one, label in _CHOICES.items()),
            ),
            Field(name="why", label="Why?", optional=True),
        ),
    )
