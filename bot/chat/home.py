"""The home tab: what there is for one person to do and to know. Pure."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.actions.cards import headline
from bot.actions.model import ActionRequest, RequestState
from bot.channels.model import PersonSettings
from bot.chat.lines import incident_line, spoken_length, told_time
from bot.chat.messages import Board, BoardLine, BoardPart, Opener
from bot.drafts.model import Draft
from bot.incidents.model import Incident
from bot.people.model import Role
from bot.schedules.families import FamilyCount
from bot.schedules.numbers import Numbers
from bot.schedules.reminders import Forgotten
from bot.schedules.telling import (
    MOST,
    draft_lines,
    family_lines,
    incidents_of,
    noise_lines,
    number_lines,
    with_rest,
)

MOST_OPEN = 10
SETTINGS_FORM = "my_settings"
RESOLVE_FORM = "resolve"


@dataclass(frozen=True, slots=True)
class LeadFacts:
    """What only a lead is shown."""

    drafts: Sequence[Draft]
    families: Sequence[FamilyCount]
    numbers: Numbers
    held_back: int


@dataclass(frozen=True, slots=True)
class HomeFacts:
    """All that a home tab tells. `reminders` are the person's own, `own_drafts` what they
    proposed, `requests` the actions that wait for somebody; `forms` are the forms that can be
    opened."""

    now: datetime
    role: Role
    settings: PersonSettings
    active: Sequence[Incident] = ()
    reminders: Sequence[tuple[Incident, Forgotten]] = ()
    own_drafts: Sequence[Draft] = ()
    requests: Sequence[ActionRequest] = ()
    viewer: str = ""
    lead: LeadFacts | None = None
    forms: Collection[str] = ()

    @property
    def zone(self) -> str:
        """The viewer's time zone."""
        return self.settings.quiet.time_zone


def home_page(facts: HomeFacts) -> Board:
    """The page. Whoever holds no role is told only that."""
    if not facts.role.includes(Role.RESPONDER):
        return Board(
            title="Recall", note="Guests hold no role here. Ask somebody of the team what is open."
        )
    parts = [
        BoardPart(heading="Forgotten?", lines=_reminder_lines(facts)),
        BoardPart(heading=_open_heading(facts), lines=_open_lines(facts)),
        BoardPart(heading="Actions that wait", lines=_request_lines(facts)),
        BoardPart(heading="You proposed, waiting for a word", lines=_own_lines(facts)),
        *_for_leads(facts),
        BoardPart(heading="You", lines=(_settings_line(facts),)),
    ]
    return Board(
        title="Recall",
        parts=tuple(part for part in parts if part.lines or part.heading.startswith("Nothing")),
        note=(
            "Shown is what everyone may see. /recall help lists what you can tell me; as of "
            f"{told_time(facts.now, facts.zone)}."
        ),
    )


def _open_heading(facts: HomeFacts) -> str:
    return f"{len(facts.active)} open" if facts.active else "Nothing is open"


def _open_lines(facts: HomeFacts) -> tuple[BoardLine, ...]:
    lines = [
        incident_line(incident, facts.now, facts.zone).model_copy(
            update={"opener": _opener(facts, RESOLVE_FORM, incident.key, "Resolve…")}
        )
        for incident in facts.active[:MOST_OPEN]
    ]
    return with_rest(lines, len(facts.active))


def _reminder_lines(facts: HomeFacts) -> tuple[BoardLine, ...]:
    return tuple(
        BoardLine(
            text=f"{incident.key} {incident.title}",
            detail=f"yours; {found.firing} firing, nothing happened for "
            f"{spoken_length((facts.now - found.since).total_seconds())}",
        )
        for incident, found in facts.reminders
    )


def _request_lines(facts: HomeFacts) -> tuple[BoardLine, ...]:
    return with_rest(
        [_request_line(facts, one) for one in facts.requests[:MOST]], len(facts.requests)
    )


def _request_line(facts: HomeFacts, one: ActionRequest) -> BoardLine:
    about = f" for {one.frozen.incident_key}" if one.frozen.incident_key else ""
    parts = [headline(one).lower()]
    if one.requested_by == facts.viewer:
        parts.append("you asked for it")
    parts.append(f"{one.frozen.risk.value} risk")
    if one.state is not RequestState.UNKNOWN:
        left = spoken_length((one.expires_at - facts.now).total_seconds())
        parts.append(f"expires in {left}")
    return BoardLine(text=f"{one.key} {one.frozen.title}{about}", detail=", ".join(parts))


def _own_lines(facts: HomeFacts) -> tuple[BoardLine, ...]:
    # A lead finds their own among all that waits.
    return draft_lines(facts.own_drafts, facts.now) if facts.lead is None else ()


def _for_leads(facts: HomeFacts) -> list[BoardPart]:
    lead = facts.lead
    if lead is None:
        return []
    noise = noise_lines(lead.numbers.noise, 7, lead.held_back)
    return [
        BoardPart(heading="Drafts to review", lines=draft_lines(lead.drafts, facts.now)),
        BoardPart(
            heading="Alerts without a runbook, last 30 days",
            lines=family_lines(lead.families, incidents_of),
        ),
        BoardPart(heading="This week", lines=(*number_lines(lead.numbers), *noise)),
    ]


def _settings_line(facts: HomeFacts) -> BoardLine:
    opener = _opener(facts, SETTINGS_FORM, "", "Settings…")
    return BoardLine(text="Your settings", detail=", ".join(told_of(facts.settings)), opener=opener)


def told_of(chosen: PersonSettings) -> tuple[str, ...]:
    """What a person chose, in words."""
    quiet = chosen.quiet
    hours = f"quiet {quiet.start} to {quiet.end}" if quiet.start and quiet.end else "never quiet"
    return (
        quiet.time_zone,
        hours,
        "may be mentioned" if chosen.may_be_pinged else "never mentioned",
        "reminded" if chosen.reminders else "not reminded",
    )


def _opener(facts: HomeFacts, form: str, about: str, label: str) -> Opener | None:
    return Opener(form=form, about=about, label=label) if form in facts.forms else None
