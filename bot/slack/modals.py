"""Forms as modals, and what was filled into one. Pure."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bot.chat.forms import Answers, Field, Form, Option
from bot.slack.escape import plain, words
from bot.slack.limits import ACTION_ID, BUTTONS, Block
from bot.slack.pieces import FILL_PREFIX, section

CALLBACK_PREFIX = "recall_form_"
TITLE = 24
LABEL = 2_000
HINT = 2_000
OPTION = 75
OPTION_VALUE = 150
OPTIONS = 100
INPUT = 3_000
"""Slack's limits of modals; the input's is our own, well under Slack's."""
_PLAIN_LIMIT = 150


@dataclass(frozen=True, slots=True)
class Submission:
    """A submitted modal of ours."""

    form: str
    about: str
    answers: Answers


def modal(form: Form, at: tuple[str, str | None] = ("", None)) -> dict[str, Any]:
    """The view of a form. `at` is the channel, and the thread, in which it was asked for: what
    is filled in is answered as if it were said there."""
    blocks: list[Block] = []
    intro = words(form.intro, INPUT - 200)
    if intro:
        blocks.append(section(intro))
    if form.fills:
        blocks.append(_fills(form))
    blocks += [_input(field) for field in form.fields]
    return {
        "type": "modal",
        "callback_id": f"{CALLBACK_PREFIX}{form.name}",
        "title": _plain(form.title, TITLE),
        "submit": _plain(form.submit, TITLE),
        "close": _plain("Cancel", TITLE),
        "private_metadata": json.dumps({"form": form.name, "about": form.about, "at": at}),
        "blocks": blocks,
    }


def answer_view(title: str, blocks: Sequence[Block]) -> dict[str, Any]:
    """A modal that only tells something."""
    return {
        "type": "modal",
        "callback_id": f"{CALLBACK_PREFIX}told",
        "title": _plain(title, TITLE),
        "close": _plain("Close", TITLE),
        "blocks": list(blocks),
    }


def submission(view: Mapping[str, Any]) -> Submission | None:
    """What a view of ours holds; None for any other view."""
    about = view_subject(view)
    if about is None:
        return None
    values = (view.get("state") or {}).get("values") or {}
    answers: dict[str, str | tuple[str, ...]] = {}
    for block_id, elements in values.items():
        for element in elements.values():
            answers[str(block_id)] = _value(element)
    return Submission(form=about[0], about=about[1], answers=answers)


def view_subject(view: Mapping[str, Any]) -> tuple[str, str] | None:
    """(form, about) of a view of ours."""
    if not str(view.get("callback_id") or "").startswith(CALLBACK_PREFIX):
        return None
    try:
        kept = json.loads(str(view.get("private_metadata") or ""))
        return str(kept["form"]), str(kept["about"])
    except (ValueError, KeyError, TypeError):
        return None


def view_place(view: Mapping[str, Any]) -> tuple[str, str | None]:
    """(channel, thread) in which a view of ours was asked for. Nobody but the bot can have
    written it: the platform hands back what the view was opened with."""
    if view_subject(view) is None:
        return "", None
    kept = json.loads(str(view.get("private_metadata"))).get("at")
    if not isinstance(kept, list) or len(kept) != 2:
        return "", None
    return str(kept[0] or ""), str(kept[1]) if kept[1] else None


def _value(element: Mapping[str, Any]) -> str | tuple[str, ...]:
    if "selected_options" in element:
        return tuple(str(option["value"]) for option in element["selected_options"] or ())
    if "selected_option" in element:
        chosen = element["selected_option"]
        return str(chosen["value"]) if chosen else ""
    return str(element.get("value") or "")


def _fills(form: Form) -> Block:
    return {
        "type": "actions",
        "elements": [
            {
                "type": "button",
                "action_id": f"{FILL_PREFIX}{number}",
                "text": _plain(offer.label, OPTION),
                "value": offer.value[:OPTION_VALUE],
            }
            for number, offer in enumerate(form.fills[:BUTTONS])
        ],
    }


def _input(field: Field) -> Block:
    block: Block = {
        "type": "input",
        "block_id": field.name,
        "label": _plain(field.label, LABEL),
        "optional": field.optional,
        "element": _element(field),
    }
    if field.hint.strip():
        block["hint"] = _plain(field.hint, HINT)
    return block


def _element(field: Field) -> dict[str, Any]:
    # What was typed stays in a field whose ids stay the same, whatever its initial value.
    filled = f"_{field.filled_from}" if field.filled_from else ""
    action = f"recall_field_{field.name}{filled}"[:ACTION_ID]
    if field.kind in ("text", "long_text"):
        element: dict[str, Any] = {
            "type": "plain_text_input",
            "action_id": action,
            "multiline": field.kind == "long_text",
            "max_length": INPUT,
        }
        if field.initial:
            element["initial_value"] = field.initial[:INPUT]
        return element
    options = [_option(option) for option in field.options[:OPTIONS]]
    if field.kind == "choice":
        element = {"type": "static_select", "action_id": action, "options": options}
        chosen = [option for option in options if option["value"] == field.initial]
        if chosen:
            element["initial_option"] = chosen[0]
        return element
    element = {"type": "multi_static_select", "action_id": action, "options": options}
    picked = [option for option in options if option["value"] in field.initials]
    if picked:
        element["initial_options"] = picked
    return element


def _option(option: Option) -> dict[str, Any]:
    return {"text": _plain(option.label, OPTION), "value": option.value[:OPTION_VALUE]}


def _plain(text: str, limit: int) -> dict[str, Any]:
    return {"type": "plain_text", "text": plain(text, limit) or "…", "emoji": False}
