"""From what is meant to Block Kit. Pure: the same message gives the same blocks."""

from collections.abc import Iterator
from dataclasses import dataclass

from bot.chat.messages import (
    ActionCard,
    AlertLine,
    Answer,
    AnyMessage,
    Board,
    IncidentCard,
    Notice,
    OutputFile,
    Said,
    StepList,
    StormMessage,
    TimelineProposal,
)
from bot.slack.action_blocks import action_parts
from bot.slack.board_blocks import board_parts
from bot.slack.escape import Safe, channel, join, link, person, plain, words
from bot.slack.limits import FALLBACK, Block, settle
from bot.slack.pieces import (
    actions,
    context,
    duration,
    feedback_pair,
    header,
    lines_section,
    moment,
    offers_row,
    section,
)
from bot.slack.proposal_blocks import proposal_parts, proposal_text
from bot.slack.storm_blocks import storm_parts, storm_text
from bot.slack.suggestion_blocks import Part, footer, steps_parts, suggestion_parts
from bot.suggestions.model import Suggestion, SuggestionKind

_MARKS = {"critical": "🔴", "high": "🟠", "warning": "🟡", "info": "🔵"}
_OVER = ("resolved", "closed")
_ALERTS_SHOWN = 3
_PEOPLE_SHOWN = 5
_VERDICTS_SHOWN = 4
_NOTICE = 2_500
_STEPS_IN_LIST = 10
_NO_FILE = (
    "it cannot be put here as a file (the app lacks files:write, or files are switched off). The "
    "console has it, under Actions."
)


@dataclass(frozen=True, slots=True)
class Rendered:
    """A message as Slack takes it. `text` is what a notification and a screen reader say."""

    text: Safe
    blocks: tuple[Block, ...]


def render(message: AnyMessage, *, in_pane: bool = False) -> Rendered:
    """Draw any message, inside all of Slack's limits whatever its texts hold. `in_pane`: an
    answer's two verdicts are the assistant pane's own pair of buttons."""
    match message:
        case IncidentCard():
            parts, text = _card(message), _card_text(message)
        case Answer():
            parts, text = _answer(message, in_pane), _answer_text(message)
        case Board():
            parts, text = board_parts(message), message.title
        case StepList():
            parts, text = _step_list(message), message.title
        case ActionCard():
            parts = action_parts(message)
            text = f"{message.headline}: {message.title} ({message.key}, {message.risk} risk)"
        case OutputFile():
            text = f"{message.title}: {_NO_FILE}"
            parts = iter([(0, section(words(text, _NOTICE)))])
        case StormMessage():
            parts, text = storm_parts(message), storm_text(message)
        case TimelineProposal():
            parts, text = proposal_parts(message), proposal_text(message)
        case Notice():
            said = words(message.text, _NOTICE) or Safe("…")
            parts, text = iter([(0, section(said))]), message.text
    return Rendered(plain(text, FALLBACK) or Safe("Recall"), tuple(settle(list(parts))))


def _card(card: IncidentCard) -> Iterator[Part]:
    over = card.state in _OVER
    mark = "✅" if over else _MARKS.get(card.severity, "⚪")
    # The state stands before the title, where a long title cannot push it off the screen; that
    # it is open needs no words.
    state = "" if card.state == "open" else f"{card.state.capitalize()}: "
    yield 0, header(f"{mark} {state}{card.title}")
    if card.shadow_of:
        yield 0, context(join([Safe("*Shadow* of"), channel(card.shadow_of)], " "))
    yield 0, context(_where_and_when(card))
    if over:
        said = [words(card.resolution_note, 400), words(_gist_beside(card), 300)]
        if any(said):
            yield 0, lines_section(said)
    else:
        yield from _alerts(card)
        if card.suggestion is not None:
            yield from suggestion_parts(card.suggestion)
    yield from _foot(card)


def _gist_beside(card: IncidentCard) -> str:
    """The gist of a card's suggestion, unless the note beside it names the same incident."""
    if card.suggestion is None:
        return ""
    incidents = card.suggestion.incidents
    told = bool(incidents) and incidents[0].id in card.resolution_note
    return "" if told else _gist(card.suggestion)


def _where_and_when(card: IncidentCard) -> Safe:
    since = Safe(f"since {moment(card.opened_at)}")
    if card.resolved_at is not None:
        lasted = (card.resolved_at - card.opened_at).total_seconds()
        since = Safe(f"{moment(card.opened_at)}, lasted {duration(lasted)}")
    alert = card.alerts[0] if _is_told_by_title(card) else None
    return join(
        [
            words(card.incident_key, 40),
            Safe(f"*{words(card.severity, 20)}*"),
            words(card.service, 80) if card.service else Safe("service unknown"),
            _place(card),
            since,
            Safe(f"taken by {person(card.owner)}") if person(card.owner) else Safe(""),
            Safe(f"snoozed until {moment(card.snoozed_until)}") if card.snoozed_until else Safe(""),
            link(alert.url, "alert", 10) if alert is not None and alert.url else Safe(""),
        ]
    )


def _place(card: IncidentCard) -> Safe:
    """The environment, and the cluster where the environment does not say it already."""
    environment = words(card.environment or "", 60)
    cluster = words(card.cluster or "", 60)
    if not cluster or (card.cluster or "") in (card.environment or "").split("/"):
        return environment or Safe("environment unknown")
    return join([environment, Safe(f"cluster {cluster}")], ", ")


def _is_told_by_title(card: IncidentCard) -> bool:
    """Whether there is one alert, and the title says all that its line would say."""
    if card.alerts_total > 1 or len(card.alerts) != 1 or card.alerts[0].is_flapping:
        return False
    alert = card.alerts[0]
    title = " ".join(card.title.split())
    return alert.name in title and " ".join(alert.summary.split()) in title


def _alerts(card: IncidentCard) -> Iterator[Part]:
    if _is_told_by_title(card):
        return
    shown = card.alerts[:_ALERTS_SHOWN]
    lines = [_alert(alert) for alert in shown]
    more = card.alerts_total - len(shown)
    if more > 0:
        lines.append(Safe(f"and {more} more alert{'s' if more > 1 else ''}"))
    if lines:
        yield 0, lines_section(lines)


def _alert(alert: AlertLine) -> Safe:
    # Whether one that flaps fires at this very moment is not news, so the card does not follow.
    mark = "↻" if alert.is_flapping else "✓" if alert.status == "resolved" else "•"
    name = link(alert.url, alert.name, 100)
    if alert.is_flapping:
        name = Safe(f"{name} (flapping)")
    summary = words(alert.summary, 240)
    return Safe(f"{mark} {name} — {summary}" if summary else f"{mark} {name}")


def _answer(answer: Answer, in_pane: bool) -> Iterator[Part]:
    yield from suggestion_parts(answer.suggestion, answer.lead)
    yield from _foot(answer, in_pane)


def _answer_text(answer: Answer) -> str:
    if answer.lead and not answer.suggestion.answered:
        return answer.lead
    return " ".join(part for part in (answer.lead, _gist(answer.suggestion)) if part)


def _step_list(message: StepList) -> Iterator[Part]:
    yield from steps_parts(message.steps[:_STEPS_IN_LIST], str(words(message.title, 200)))
    more = len(message.steps) - _STEPS_IN_LIST
    note = f"and {more} more on the page. {message.note}" if more > 0 else message.note
    if note.strip():
        yield 0, context(words(note.strip(), 600))


def _foot(message: IncidentCard | Answer, in_pane: bool = False) -> Iterator[Part]:
    openers = message.openers if isinstance(message, IncidentCard) else ()
    buttons = message.buttons
    pair = feedback_pair(buttons) if in_pane else None
    if pair is not None:
        yield 0, pair
        buttons = tuple(one for one in buttons if one.action not in ("helpful", "not_helpful"))
    if message.offers:
        yield 0, offers_row(message.offers)
    if buttons or openers:
        yield 0, actions(buttons, openers)
    note = message.resolution_note if isinstance(message, IncidentCard) else ""
    # Whoever resolved it is named by the note already.
    notes = [
        _said(said) for said in message.said[:_VERDICTS_SHOWN] if not note.startswith(said.verdict)
    ]
    notes.append(words(message.feedback_note, 400))
    if message.suggestion is not None:
        notes.append(footer(message.suggestion))
    if any(notes):
        yield 0, context(*notes)


def _said(said: Said) -> Safe:
    named = join([person(user_id) for user_id in said.user_ids[:_PEOPLE_SHOWN]], ", ")
    more = len(said.user_ids) - _PEOPLE_SHOWN
    people = f": {named}{f' +{more}' if more > 0 else ''}" if named else ""
    return Safe(f"{words(said.verdict, 40)} ({len(said.user_ids)}){people}")


def _card_text(card: IncidentCard) -> str:
    where = ", ".join(part for part in (card.service, card.environment, card.cluster) if part)
    place = f" ({where})" if where else ""
    first = f"{card.severity.capitalize()}, {card.state}: {card.title}{place}."
    return f"{first} {_gist(card.suggestion)}" if card.suggestion is not None else first


def _gist(suggestion: Suggestion) -> str:
    """The answer in one sentence, not yet escaped."""
    match suggestion.kind:
        case SuggestionKind.ONE_CAUSE if suggestion.incidents:
            best = suggestion.incidents[0]
            return f"Seen before: {best.id}, {best.title} ({suggestion.confidence_words})."
        case SuggestionKind.SEVERAL_CAUSES:
            return f"{len(suggestion.causes)} causes fit; cannot tell yet."
        case SuggestionKind.ABSTENTION:
            return "Not seen before."
        case _:
            return suggestion.headline or "A runbook fits."
