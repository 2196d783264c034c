"""The form in which a person chooses for themselves: zone, quiet hours, mentions, reminders."""

from pydantic import ValidationError

from bot.channels.model import PersonSettings, QuietHours
from bot.chat.forms import Answers, Field, Form, Option, text_of
from bot.chat.messages import Notice
from bot.commands.model import Caller, FieldErrors, FormHandler, Reply, Tools

FORM = "my_settings"
_YES, _NO = "yes", "no"
_MENTIONS = (
    Option(value=_YES, label="Where the channel allows it"),
    Option(value=_NO, label="Never"),
)
_REMINDERS = (
    Option(value=_YES, label="When an incident of mine is forgotten"),
    Option(value=_NO, label="Never"),
)


def open_form(tools: Tools, caller: Caller, about: str) -> Form:
    """The form with what the caller chose; always of the caller, whatever `about` says."""
    with tools.units.read() as uow:
        chosen = uow.preferences.person(caller.actor.team_id, caller.actor.user_id)
    zone = chosen.quiet.time_zone
    if chosen == PersonSettings():
        zone = tools.time_zone_of(caller.actor) or zone
    return Form(
        name=FORM,
        title="Your settings",
        about="",
        fields=(
            Field(
                name="time_zone",
                label="Time zone",
                initial=zone,
                hint="Such as Europe/Berlin or UTC; the weekly digest comes by it too.",
            ),
            Field(
                name="start",
                label="Quiet from",
                optional=True,
                initial=chosen.quiet.start,
                hint="Such as 22:00. Within quiet hours nobody is mentioned or sent a digest.",
            ),
            Field(name="end", label="Quiet until", optional=True, initial=chosen.quiet.end),
            Field(
                name="may_be_pinged",
                label="Mention me",
                kind="choice",
                initial=_YES if chosen.may_be_pinged else _NO,
                options=_MENTIONS,
            ),
            Field(
                name="reminders",
                label="Remind me",
                kind="choice",
                initial=_YES if chosen.reminders else _NO,
                options=_REMINDERS,
            ),
        ),
    )


def submit(tools: Tools, caller: Caller, about: str, answers: Answers) -> Reply:
    """Keep it, on the audit record."""
    settings = _settings_of(answers)
    actor = caller.actor
    with tools.units.begin() as uow:
        now = tools.clock.now()
        uow.preferences.save_person(
            actor.team_id, actor.user_id, settings, actor=actor.key, now=now
        )
        uow.audit.append(
            at=now,
            actor=actor.key,
            action="person.settings",
            subject=actor.key,
            data=settings.model_dump(mode="json"),
        )
    return Reply(message=Notice(text="Your settings are saved."))


def _settings_of(answers: Answers) -> PersonSettings:
    given = {name: text_of(answers, name) for name in ("start", "end", "time_zone")}
    for name in ("start", "end"):
        # 7:00 is how people write 07:00.
        given[name] = given[name].zfill(5) if given[name] else ""
    errors = {}
    try:
        quiet = QuietHours(**given)
    except ValidationError as error:
        for detail in error.errors():
            message = str(detail["msg"]).removeprefix("Value error, ")
            errors[str(detail["loc"][0])] = f"{message[0].upper()}{message[1:]}."
        raise FieldErrors(errors) from None
    if bool(quiet.start) != bool(quiet.end):
        missing = "end" if quiet.start else "start"
        raise FieldErrors({missing: "Quiet hours need a beginning and an end."})
    return PersonSettings(
        quiet=quiet,
        may_be_pinged=text_of(answers, "may_be_pinged") != _NO,
        reminders=text_of(answers, "reminders") != _NO,
    )


MY_SETTINGS = FormHandler(open=open_form, submit=submit)
