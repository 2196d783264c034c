"""`/recall settings` and `/recall quiet`: how far the bot is switched on in a channel."""

from dataclasses import replace
from datetime import datetime

from pydantic import ValidationError

from bot.alerts.model import Severity
from bot.channels.model import ChannelSettings, Mode, PersonSettings
from bot.channels.report import WEEK, Report, report
from bot.channels.rules import Chosen, mode_of
from bot.chat.forms import Answers, Field, Form, Option, text_of
from bot.chat.home import told_of
from bot.chat.lines import told_time
from bot.chat.messages import Board, BoardLine, BoardPart, Notice, Opener
from bot.chat.ports import Destination
from bot.commands import my_settings
from bot.commands.model import Caller, FieldErrors, Refused, Reply, Tools
from bot.commands.parsing import length_of, meant_of
from bot.people.model import Role
from bot.uow import UnitOfWork

FORM = "channel_settings"
_DEFAULT = "default"
_YES, _NO = "yes", "no"
_OWN = ("me", "mine", "my", "my own", "own", "myself")
_QUIET_HOURS = 8
_SEVERITIES = (Severity.CRITICAL, Severity.HIGH, Severity.WARNING, Severity.INFO)


def quiet(tools: Tools, caller: Caller, words: str) -> Reply:
    """`quiet`, `quiet 2h`, `quiet off`: nothing new is posted here until then."""
    wanted = words.strip().lower()
    now = tools.clock.now()
    if wanted in ("off", "end", "stop"):
        until = None
    else:
        length = length_of(wanted or f"{_QUIET_HOURS}h")
        if length is None:
            raise Refused(
                f"“{wanted}” is no length of time. Say for how long: /recall quiet 30m, 2h or 1 "
                "day, at most 14 days; /recall quiet off ends it."
            )
        until = now + length
    with tools.units.begin() as uow:
        settings = uow.preferences.channel(caller.at.team_id, caller.at.channel)
        changed = settings.model_copy(update={"quiet_until": until})
        save(uow, caller, changed, "channel.quiet", now)
    if until is None:
        return Reply(message=Notice(text="This channel is not muted any more."))
    return Reply(
        message=Notice(
            text=(
                f"Quiet here until {told_time(until, settings.quiet.time_zone)}: no new card is "
                "posted. What is on record meanwhile is in /recall status; /recall quiet off ends "
                "it."
            )
        )
    )


def settings(tools: Tools, caller: Caller, words: str) -> Reply:
    """`settings` shows what is in force here; `settings card` and the form change it. `settings
    me` is about whoever asks."""
    wanted = words.strip().lower()
    if wanted in _OWN:
        return Reply(opens=my_settings.open_form(tools, caller, ""))
    if wanted:
        return _set_mode(tools, caller, wanted)
    now = tools.clock.now()
    with tools.units.read() as uow:
        chosen = uow.preferences.channel(caller.at.team_id, caller.at.channel)
        own = uow.preferences.person(caller.actor.team_id, caller.actor.user_id)
        week = week_of(uow, caller.at.team_id, caller.at.channel, now)
        is_own = uow.placements.incident_of(caller.at.team_id, caller.at.channel) is not None
    here = Chosen(caller.at.team_id, caller.at.channel, chosen, is_own=is_own)
    mode = mode_of(here, Mode(tools.settings.rollout))
    return Reply(message=board(mode, caller, chosen, own, week, now))


def _set_mode(tools: Tools, caller: Caller, wanted: str) -> Reply:
    if wanted not in {mode.value for mode in Mode}:
        meant = meant_of(wanted, [*(mode.value for mode in Mode), "me"], "/recall settings ")
        raise Refused(
            f"I know no “{wanted}” here.{meant} Say off, shadow, thread or card; me for your "
            "own. /recall settings alone shows more."
        )
    _require_lead(caller)
    mode = Mode(wanted)
    with tools.units.begin() as uow:
        before = uow.preferences.channel(caller.at.team_id, caller.at.channel)
        changed = before.model_copy(update={"mode": mode})
        save(uow, caller, changed, "channel.settings", tools.clock.now())
    hint = ""
    if mode is Mode.SHADOW and not (changed.shadow_channel or tools.settings.shadow_channel):
        hint = " No shadow channel is set, so for now the answers are kept but shown nowhere."
    return Reply(message=Notice(text=f"From now on here: {mode}, it {mode.meaning}.{hint}"))


def save(
    uow: UnitOfWork, caller: Caller, changed: ChannelSettings, action: str, now: datetime
) -> None:
    """Keep a channel's settings, and put the change on the audit record."""
    uow.preferences.save_channel(
        caller.at.team_id, caller.at.channel, changed, actor=caller.actor.key, now=now
    )
    uow.audit.append(
        at=now,
        actor=caller.actor.key,
        action=action,
        subject=caller.at.channel_key,
        data=changed.model_dump(mode="json"),
    )


def week_of(uow: UnitOfWork, team_id: str, channel: str, now: datetime) -> Report:
    """The numbers of the last seven days of a channel."""
    since = now - WEEK
    placements = uow.placements.since(team_id, channel, since)
    grades = uow.suggestions.feedback_on_incidents([one.incident_id for one in placements])
    return report(placements, grades, since=since, now=now)


def board(
    mode: Mode,
    caller: Caller,
    chosen: ChannelSettings,
    own: PersonSettings,
    week: Report,
    now: datetime,
) -> Board:
    """What is in force in a channel, what a week of it was like, and the caller's `own`."""
    lines = [
        BoardLine(
            text=f"{mode}" + ("" if chosen.mode else " (the default)"), detail=f"it {mode.meaning}"
        ),
        BoardLine(text="services", detail=", ".join(chosen.services) or "all that come here"),
        BoardLine(
            text="how bad",
            detail=f"{chosen.least_severity} and worse" if chosen.least_severity else "everything",
        ),
        BoardLine(text="at most", detail=f"{chosen.posts_per_hour} new posts an hour"),
        BoardLine(text="may be pinged", detail=_pings(chosen)),
        BoardLine(text="quiet hours", detail=_quiet_hours(chosen, now)),
    ]
    if chosen.handover:
        lines.append(BoardLine(text="handover", detail=f"{chosen.handover} every day"))
    if not chosen.cues:
        lines.append(BoardLine(text="timeline", detail="I propose nothing out of what you write"))
    return Board(
        title="How I behave in this channel",
        parts=(
            BoardPart(lines=tuple(lines)),
            BoardPart(heading="The last seven days", lines=tuple(week_lines(week))),
            BoardPart(lines=_openers(caller)),
            BoardPart(heading="You", lines=(_own_line(own),)),
        ),
        note=""
        if caller.role.includes(Role.LEAD)
        else "A lead can change this; /recall quiet 2h mutes the channel at once.",
    )


def _openers(caller: Caller) -> tuple[BoardLine, ...]:
    if not caller.role.includes(Role.LEAD):
        return ()
    opener = Opener(form=FORM, about=caller.at.channel, label="Change…")
    return (BoardLine(text="You can change this", opener=opener),)


def _own_line(own: PersonSettings) -> BoardLine:
    opener = Opener(form=my_settings.FORM, about="", label="Yours…")
    return BoardLine(text="Your settings", detail=", ".join(told_of(own)), opener=opener)


def week_lines(week: Report) -> list[BoardLine]:
    """The numbers on which it is decided whether to go on."""
    said = f"{week.posts} in {week.days:.1f} days, {week.posts_a_day:.1f} a day"
    if week.days <= 1:
        said = f"{week.posts}, the first less than a day ago"
    lines = [BoardLine(text="incidents spoken of", detail=said)]
    if week.precision is not None:
        low, high = week.interval
        lines.append(
            BoardLine(
                text="graded right",
                detail=(
                    f"{week.right} of {week.graded} ({week.precision:.0%}; "
                    f"95 % interval {low:.0%} to {high:.0%})"
                ),
            )
        )
        lines.append(BoardLine(text="better silent", detail=f"{week.noise} of {week.graded}"))
    lines.append(BoardLine(text=week.advice))
    return lines


def _pings(chosen: ChannelSettings) -> str:
    if chosen.may_ping == "owner":
        return "the owner of an incident, and only when its state changes"
    return "nobody"


def _quiet_hours(chosen: ChannelSettings, now: datetime) -> str:
    told = "none"
    if chosen.quiet.start and chosen.quiet.end:
        told = f"{chosen.quiet.start} to {chosen.quiet.end} ({chosen.quiet.time_zone})"
    if chosen.quiet_until is not None and chosen.quiet_until > now:
        told += f"; muted until {told_time(chosen.quiet_until, chosen.quiet.time_zone)}"
    return told


# -- the form --------------------------------------------------------------------------------


def open_form(tools: Tools, caller: Caller, about: str) -> Form:
    """The form about a channel (its id)."""
    with tools.units.read() as uow:
        chosen = uow.preferences.channel(caller.at.team_id, about)
    default = tools.settings.rollout
    modes = [Option(value=_DEFAULT, label=f"the default ({default})")]
    modes += [Option(value=mode.value, label=f"{mode}: {mode.meaning}") for mode in Mode]
    worst = [Option(value=_DEFAULT, label="everything")]
    worst += [Option(value=one.value, label=f"{one} and worse") for one in _SEVERITIES]
    return Form(
        name=FORM,
        title="Settings",
        about=about,
        fields=(
            Field(
                name="mode",
                label="How far am I switched on here?",
                kind="choice",
                options=tuple(modes),
                initial=chosen.mode.value if chosen.mode else _DEFAULT,
            ),
            Field(
                name="services",
                label="Which services come here?",
                hint="Names separated by commas; empty for all that no other channel asks for.",
                initial=", ".join(chosen.services),
                optional=True,
            ),
            Field(
                name="least_severity",
                label="How bad must it be?",
                kind="choice",
                options=tuple(worst),
                initial=chosen.least_severity.value if chosen.least_severity else _DEFAULT,
            ),
            Field(
                name="posts_per_hour",
                label="New posts an hour, at most",
                initial=str(chosen.posts_per_hour),
            ),
            Field(
                name="may_ping",
                label="Who may be pinged when a state changes?",
                kind="choice",
                options=(
                    Option(value="nobody", label="nobody"),
                    Option(value="owner", label="the owner of the incident"),
                ),
                initial=chosen.may_ping,
            ),
            Field(
                name="quiet_hours",
                label="Quiet hours",
                hint="Such as 22:00-07:00; empty for none.",
                initial=f"{chosen.quiet.start}-{chosen.quiet.end}" if chosen.quiet.start else "",
                optional=True,
            ),
            Field(
                name="time_zone",
                label="Time zone",
                hint="Such as Europe/Berlin.",
                initial=chosen.quiet.time_zone,
            ),
            Field(
                name="handover",
                label="Shift handover at",
                hint="A time of day such as 09:00, in that time zone; empty for none.",
                initial=chosen.handover,
                optional=True,
            ),
            Field(
                name="cues",
                label="May I propose messages for the timeline?",
                hint="In an incident's own channel, such as “we rolled back”; a person confirms.",
                kind="choice",
                options=(Option(value=_YES, label="yes"), Option(value=_NO, label="no")),
                initial=_YES if chosen.cues else _NO,
            ),
            Field(
                name="shadow_channel",
                label="Shadow channel",
                hint="A channel's id such as C0123456789; empty for the configured one.",
                initial=chosen.shadow_channel,
                optional=True,
            ),
        ),
    )


def submit_form(tools: Tools, caller: Caller, about: str, answers: Answers) -> Reply:
    """Take what was filled in; each mistake stands next to its field."""
    _require_lead(caller)
    hours = text_of(answers, "quiet_hours").replace(" ", "").partition("-")
    given = {
        "mode": _none_if_default(text_of(answers, "mode")),
        "services": tuple(
            part for name in text_of(answers, "services").split(",") if (part := name.strip())
        ),
        "least_severity": _none_if_default(text_of(answers, "least_severity")),
        "posts_per_hour": text_of(answers, "posts_per_hour"),
        "may_ping": text_of(answers, "may_ping"),
        "quiet": {
            "start": hours[0],
            "end": hours[2],
            "time_zone": text_of(answers, "time_zone") or "UTC",
        },
        "handover": text_of(answers, "handover"),
        "cues": text_of(answers, "cues") != _NO,
        "shadow_channel": text_of(answers, "shadow_channel"),
    }
    with tools.units.begin() as uow:
        before = uow.preferences.channel(caller.at.team_id, about)
        try:
            changed = ChannelSettings.model_validate({**before.model_dump(), **given})
        except ValidationError as error:
            raise FieldErrors(_by_field(error)) from None
        here = replace(caller, at=Destination(caller.at.team_id, about))
        save(uow, here, changed, "channel.settings", tools.clock.now())
    return Reply(message=Notice(text="Saved. /recall settings shows what is in force."))


_FIELD_OF = {("quiet", "start"): "quiet_hours", ("quiet", "end"): "quiet_hours"}


def _by_field(error: ValidationError) -> dict[str, str]:
    found: dict[str, str] = {}
    for detail in error.errors():
        location = tuple(str(part) for part in detail["loc"][:2])
        field = _FIELD_OF.get((location[0], location[-1]), location[-1])
        message = str(detail["msg"]).removeprefix("Value error, ")
        found.setdefault(field, f"{message[:1].upper()}{message[1:]}")
    return found


def _none_if_default(value: str) -> str | None:
    return None if value in ("", _DEFAULT) else value


def _require_lead(caller: Caller) -> None:
    if not caller.role.includes(Role.LEAD):
        raise Refused(
            "Only a lead changes a channel's settings (RECALL_LEADS names them); "
            "/recall quiet mutes it at once, and everybody may."
        )
