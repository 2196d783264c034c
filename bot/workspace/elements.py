"""The limits of Block Kit's small parts: text objects, options, buttons, inputs.

Every check yields plain sentences that name the place (a JSON pointer) and the rule, as Slack
does in `response_metadata.messages`; no sentence means the part is valid.
"""

from collections.abc import Iterator
from typing import Any

from bot.workspace.model import JSON

ACTION_ID = 255
_TEXT_TYPES = ("plain_text", "mrkdwn")
_SELECTS = ("static_select", "multi_static_select")
_PICKERS = (
    "users_select",
    "conversations_select",
    "channels_select",
    "external_select",
    "multi_users_select",
    "multi_conversations_select",
    "multi_channels_select",
    "multi_external_select",
    "datepicker",
    "timepicker",
    "datetimepicker",
)
_INPUTS = ("plain_text_input", "email_text_input", "url_text_input", "number_input")
_CHOICES = ("checkboxes", "radio_buttons")

IN_SECTION = ("button", "overflow", "image", *_SELECTS, *_PICKERS, *_CHOICES)
IN_ACTIONS = ("button", "overflow", *_SELECTS, *_PICKERS, *_CHOICES)
IN_INPUT = (*_INPUTS, *_SELECTS, *_PICKERS, *_CHOICES, "file_input", "rich_text_input")
IN_CONTEXT_ACTIONS = ("feedback_buttons", "icon_button")


def string(
    owner: JSON, key: str, limit: int, at: str, *, required: bool = False, least: int = 1
) -> Iterator[str]:
    """A plain string field of `least` to `limit` characters."""
    value = owner.get(key)
    if value is None:
        if required:
            yield f"missing required field: {key} [json-pointer:{at}]"
    elif not isinstance(value, str):
        yield f"must provide a string [json-pointer:{at}/{key}]"
    elif len(value) > limit:
        yield f"must be less than {limit + 1} characters [json-pointer:{at}/{key}]"
    elif len(value) < least:
        yield f"must be more than {least - 1} characters [json-pointer:{at}/{key}]"


def text(
    owner: JSON,
    key: str,
    limit: int,
    at: str,
    *,
    required: bool = True,
    plain: bool = False,
) -> Iterator[str]:
    """A text object of 1 to `limit` characters; `plain` allows plain_text only."""
    value = owner.get(key)
    if value is None:
        if required:
            yield f"missing required field: {key} [json-pointer:{at}]"
        return
    yield from text_object(value, limit, f"{at}/{key}", plain=plain)


def text_object(value: Any, limit: int, at: str, *, plain: bool = False) -> Iterator[str]:
    """The text object itself."""
    if not isinstance(value, dict):
        yield f"must provide an object [json-pointer:{at}]"
        return
    allowed = ("plain_text",) if plain else _TEXT_TYPES
    if value.get("type") not in allowed:
        yield f"must be one of {', '.join(allowed)} [json-pointer:{at}/type]"
    if value.get("type") == "mrkdwn" and "emoji" in value:
        yield f"emoji is only for plain_text [json-pointer:{at}/emoji]"
    yield from string(value, "text", limit, at, required=True)


def confirm(owner: JSON, at: str) -> Iterator[str]:
    """The confirm dialog of an element, when it has one."""
    dialog = owner.get("confirm")
    if dialog is None:
        return
    here = f"{at}/confirm"
    if not isinstance(dialog, dict):
        yield f"must provide an object [json-pointer:{here}]"
        return
    yield from text(dialog, "title", 100, here, plain=True)
    yield from text(dialog, "text", 300, here)
    yield from text(dialog, "confirm", 30, here, plain=True)
    yield from text(dialog, "deny", 30, here, plain=True)


def objects(
    owner: JSON, key: str, least: int, most: int, at: str
) -> tuple[list[tuple[str, JSON]], list[str]]:
    """A list of `least` to `most` objects as (pointer, object), and what is wrong with it."""
    value = owner.get(key)
    here = f"{at}/{key}"
    if not isinstance(value, list):
        return [], [f"missing required field: {key} [json-pointer:{at}]"]
    problems = []
    if len(value) > most:
        problems.append(f"no more than {most} items allowed [json-pointer:{here}]")
    if len(value) < least:
        problems.append(f"must provide at least {least} items [json-pointer:{here}]")
    found = []
    for number, item in enumerate(value):
        if isinstance(item, dict):
            found.append((f"{here}/{number}", item))
        else:
            problems.append(f"must provide an object [json-pointer:{here}/{number}]")
    return found, problems


def options(owner: JSON, key: str, most: int, at: str, *, least: int = 1) -> Iterator[str]:
    """Options of a menu: text 75 characters, value 150, description 75."""
    found, problems = objects(owner, key, least, most, at)
    yield from problems
    for here, option in found:
        yield from text(option, "text", 75, here)
        yield from string(option, "value", 150, here, required=True)
        yield from text(option, "description", 75, here, required=False)
        yield from string(option, "url", 3000, here)


def _select(element: JSON, at: str) -> Iterator[str]:
    if "option_groups" in element:
        groups, problems = objects(element, "option_groups", 1, 100, at)
        yield from problems
        for here, group in groups:
            yield from text(group, "label", 75, here, plain=True)
            yield from options(group, "options", 100, here)
    else:
        yield from options(element, "options", 100, at)


def _button(element: JSON, at: str) -> Iterator[str]:
    yield from text(element, "text", 75, at, plain=True)
    yield from string(element, "value", 2000, at)
    yield from string(element, "url", 3000, at)
    yield from string(element, "accessibility_label", 75, at)
    if element.get("style") not in (None, "primary", "danger"):
        yield f"must be one of primary, danger [json-pointer:{at}/style]"


def _feedback(element: JSON, at: str) -> Iterator[str]:
    for key in ("positive_button", "negative_button"):
        button = element.get(key)
        if not isinstance(button, dict):
            yield f"missing required field: {key} [json-pointer:{at}]"
            continue
        yield from text(button, "text", 75, f"{at}/{key}", plain=True)
        yield from string(button, "value", 2000, f"{at}/{key}", required=True)


def element(value: JSON, allowed: tuple[str, ...], at: str) -> Iterator[str]:
    """One interactive element, of one of the `allowed` types."""
    kind = value.get("type")
    if kind not in allowed:
        yield f"unsupported type: {kind} [json-pointer:{at}/type]"
        return
    if kind == "image":
        yield from image(value, at)
        return
    yield from string(value, "action_id", ACTION_ID, at)
    yield from confirm(value, at)
    yield from text(value, "placeholder", 150, at, required=False, plain=True)
    if kind == "button":
        yield from _button(value, at)
    elif kind == "overflow":
        yield from options(value, "options", 5, at)
    elif kind in _SELECTS:
        yield from _select(value, at)
    elif kind in _CHOICES:
        yield from options(value, "options", 10, at)
    elif kind == "feedback_buttons":
        yield from _feedback(value, at)
    elif kind == "icon_button":
        yield from text(value, "text", 75, at, plain=True)
    elif kind == "plain_text_input":
        yield from _text_input(value, at)


def _text_input(value: JSON, at: str) -> Iterator[str]:
    yield from string(value, "initial_value", 3000, at, least=0)
    for key, least in (("min_length", 0), ("max_length", 1)):
        number = value.get(key)
        if number is not None and not (isinstance(number, int) and least <= number <= 3000):
            yield f"must be between {least} and 3000 [json-pointer:{at}/{key}]"


def image(value: JSON, at: str) -> Iterator[str]:
    """An image: its address or file, and the words for who cannot see it."""
    if ("image_url" in value) == ("slack_file" in value):
        yield f"must provide one of image_url, slack_file [json-pointer:{at}]"
    yield from string(value, "image_url", 3000, at)
    yield from string(value, "alt_text", 2000, at, required=True)
