"""The small parts that messages are drawn with. Each takes `Safe` text and stays in limits."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from bot.chat.messages import Button, Opener
from bot.slack.escape import Safe, join, plain
from bot.slack.limits import (
    ACTION_ID,
    BUTTON_TEXT,
    BUTTON_VALUE,
    BUTTONS,
    CONTEXT_ELEMENTS,
    HEADER,
    SECTION,
    Block,
)

ACTION_PREFIX = "recall_"
OPEN_PREFIX = f"{ACTION_PREFIX}open_"
FILL_PREFIX = f"{ACTION_PREFIX}fill_"
ACTION_IDS = {
    "helpful": f"{ACTION_PREFIX}feedback_helpful",
    "not_helpful": f"{ACTION_PREFIX}feedback_not_helpful",
    "not_same": f"{ACTION_PREFIX}not_same",
    "resolved_like": f"{ACTION_PREFIX}resolved_like",
    "why": f"{ACTION_PREFIX}why",
    "graded_right": f"{ACTION_PREFIX}graded_right",
    "graded_wrong": f"{ACTION_PREFIX}graded_wrong",
    "graded_noise": f"{ACTION_PREFIX}graded_noise",
    "action_approve": f"{ACTION_PREFIX}action_approve",
    "action_reject": f"{ACTION_PREFIX}action_reject",
    "action_withdraw": f"{ACTION_PREFIX}action_withdraw",
    "action_cancel": f"{ACTION_PREFIX}action_cancel",
    "action_rollback": f"{ACTION_PREFIX}action_rollback",
    "action_worked": f"{ACTION_PREFIX}action_worked",
    "action_not_worked": f"{ACTION_PREFIX}action_not_worked",
    "cue_yes": f"{ACTION_PREFIX}cue_yes",
    "cue_no": f"{ACTION_PREFIX}cue_no",
    "cue_undo": f"{ACTION_PREFIX}cue_undo",
}
"""Stable for ever: messages that are already posted carry them."""

PAIR_ID = f"{ACTION_PREFIX}feedback"
"""The pair of feedback buttons; which of the two was pressed is told by the token alone."""

OUR_BUTTONS = frozenset({*ACTION_IDS.values(), PAIR_ID})
"""Every action_id of a button that carries a token."""


def header(text: str) -> Block:
    """A headline of outside text."""
    return {
        "type": "header",
        "text": {"type": "plain_text", "text": plain(text, HEADER) or "Incident", "emoji": False},
    }


def mrkdwn(text: Safe) -> Block:
    # verbatim: Slack must not turn names and addresses in outside text into links of its own.
    return {"type": "mrkdwn", "text": text, "verbatim": True}


def section(text: Safe) -> Block:
    return {"type": "section", "text": mrkdwn(text)}


def lines_section(lines: Iterable[Safe]) -> Block:
    """One section of several lines: those that fit, from the first on."""
    kept: list[Safe] = []
    room = SECTION
    for line in lines:
        if line and len(line) < room:
            kept.append(line)
            room -= len(line) + 1
    return section(join(kept, "\n"))


def context(*texts: Safe) -> Block:
    elements = [mrkdwn(text) for text in texts if text][:CONTEXT_ELEMENTS]
    return {"type": "context", "elements": elements}


def actions(buttons: Sequence[Button], openers: Sequence[Opener] = ()) -> Block:
    """A row of buttons, each carrying its token and nothing else; then those that open forms."""
    pressed = [_button(ACTION_IDS[button.action], button.label, button.token) for button in buttons]
    return {
        "type": "actions",
        "elements": (pressed + [opener_button(opener) for opener in openers])[:BUTTONS],
    }


def opener_button(opener: Opener, number: int = 0) -> Block:
    """A button that opens a form; it is answered in line, with Slack's trigger. `number` tells
    several of one form apart: no action_id may come twice in one message or view."""
    told_apart = f".{number}" if number else ""
    action_id = f"{OPEN_PREFIX}{opener.form}{told_apart}"
    return _button(action_id, opener.label, opener.about or "-")


def offers_row(offers: Sequence[Opener]) -> Block:
    """A row of buttons that open the forms of actions."""
    elements = [opener_button(one, number) for number, one in enumerate(offers)]
    return {"type": "actions", "elements": elements[:BUTTONS]}


def form_of_opener(action_id: str) -> str | None:
    """The form that a pressed button opens; None for any other button."""
    if not action_id.startswith(OPEN_PREFIX):
        return None
    return action_id.removeprefix(OPEN_PREFIX).partition(".")[0]


def feedback_pair(buttons: Sequence[Button]) -> Block | None:
    """Helpful and not helpful as the assistant pane shows them; None where both are not there."""
    by_action = {button.action: button for button in buttons}
    helpful, not_helpful = by_action.get("helpful"), by_action.get("not_helpful")
    if helpful is None or not_helpful is None:
        return None
    pair = {
        "type": "feedback_buttons",
        "action_id": PAIR_ID,
        "positive_button": _verdict(helpful),
        "negative_button": _verdict(not_helpful),
    }
    return {"type": "context_actions", "elements": [pair]}


def _verdict(button: Button) -> Block:
    label = {"type": "plain_text", "text": plain(button.label, BUTTON_TEXT) or "Press"}
    return {"text": label, "value": button.token[:BUTTON_VALUE]}


def _button(action_id: str, label: str, value: str) -> Block:
    return {
        "type": "button",
        "action_id": action_id[:ACTION_ID],
        "text": {
            "type": "plain_text",
            "text": plain(label, BUTTON_TEXT) or "Press",
            "emoji": False,
        },
        "value": value[:BUTTON_VALUE],
    }


def moment(at: datetime) -> Safe:
    """A point in time that reads the same for everybody in the channel."""
    utc = at.astimezone(UTC)
    return Safe(f"{utc.day} {utc:%b %H:%M} UTC")


def percent(share: float) -> Safe:
    """A probability or a share, 0..1, without ever claiming certainty."""
    if share > 0.99:
        return Safe("over 99%")
    return Safe("under 1%" if share < 0.01 else f"{share:.0%}")


def duration(seconds: float) -> Safe:
    """A length of time in the two largest units that matter."""
    if round(seconds) < 60:
        return Safe(f"{max(1, round(seconds))} s")
    minutes = max(1, round(seconds / 60))
    if minutes < 60:
        return Safe(f"{minutes} min")
    hours, rest = divmod(minutes, 60)
    if hours < 48:
        return Safe(f"{hours} h {rest} min" if rest else f"{hours} h")
    return Safe(f"{hours // 24} days")
