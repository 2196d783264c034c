"""From what a person picks or types to the values that Slack sends for it."""

from typing import Any

from bot.workspace import rules
from bot.workspace.model import JSON

_SINGLE = ("static_select", "radio_buttons", "overflow")
_MULTIPLE = ("multi_static_select", "checkboxes")
_PICKED = {
    "users_select": "selected_user",
    "channels_select": "selected_channel",
    "conversations_select": "selected_conversation",
    "datepicker": "selected_date",
    "timepicker": "selected_time",
}


def words(value: Any) -> str:
    """The visible words of a text object; empty for anything else."""
    return str(value.get("text", "")) if isinstance(value, dict) else ""


def options_of(element: JSON) -> list[JSON]:
    """The options of a menu, groups flattened; the two buttons of feedback_buttons."""
    if element.get("type") == "feedback_buttons":
        return [element["positive_button"], element["negative_button"]]
    groups = element.get("option_groups") or [element]
    return [option for group in groups for option in group.get("options", [])]


def find(
    blocks: list[JSON], wanted: str, option: str | None = None
) -> tuple[JSON, JSON, JSON | None]:
    """The block, element and (for menus) option that `wanted` names.

    `wanted` is an action_id, the text on a button, or the text of an option; `option` names
    the option by text or value where `wanted` names the menu. Raises LookupError naming what
    there is.
    """
    seen: list[str] = []
    for block in blocks:
        for element in rules.elements_of(block):
            choosable = options_of(element)
            named = wanted in (element.get("action_id"), words(element.get("text")))
            if named and (option is not None or not choosable):
                return block, element, _chosen(choosable, option)
            for item in choosable:
                if wanted == words(item.get("text")):
                    return block, element, item
            seen += [str(element.get("action_id", "")), words(element.get("text"))]
            seen += [words(item.get("text")) for item in choosable]
    there = ", ".join(name for name in seen if name)
    raise LookupError(f"nothing here is called {wanted!r}; there are: {there or 'no elements'}")


def _chosen(choosable: list[JSON], option: str | None) -> JSON | None:
    if option is None:
        return None
    for item in choosable:
        if option in (words(item.get("text")), item.get("value")):
            return item
    raise LookupError(f"there is no option {option!r}")


def action(block: JSON, element: JSON, option: JSON | None, action_ts: str) -> JSON:
    """The entry of `actions` in a block_actions payload."""
    kind = element["type"]
    body: JSON = {
        "type": kind,
        "action_id": element.get("action_id", ""),
        "block_id": block.get("block_id", ""),
        "action_ts": action_ts,
    }
    if kind in ("button", "icon_button"):
        body["text"] = element["text"]
        body |= {key: element[key] for key in ("value", "style") if key in element}
    elif kind == "feedback_buttons" and option is not None:
        body |= {"text": option["text"], "value": option["value"]}
    elif option is not None:
        body[_option_key(kind)] = [option] if kind in _MULTIPLE else option
    return body


def _option_key(kind: str) -> str:
    return "selected_options" if kind in _MULTIPLE else "selected_option"


def inputs(view: JSON) -> list[tuple[JSON, JSON]]:
    """Blocks with an element that a person fills in, in order."""
    return [
        (block, element)
        for block in view.get("blocks", [])
        if block.get("type") == "input"
        for element in rules.elements_of(block)
    ]


def fill(view: JSON, given: JSON) -> tuple[JSON, dict[str, str]]:
    """`state.values` for a view, and what the person left out or got wrong by block id.

    `given` maps a block id, action id or label to a text, an option's text or value, or a list
    of those; an initial value counts where nothing is given. Raises LookupError for a name
    that the view does not have.
    """
    values: JSON = {}
    errors: dict[str, str] = {}
    unknown = set(given)
    for block, element in inputs(view):
        names = [block["block_id"], element.get("action_id", ""), words(block.get("label"))]
        name = next((name for name in names if name in given), None)
        unknown.discard(name or "")
        value = _value(element, given[name]) if name is not None else _initial(element)
        values[block["block_id"]] = {element.get("action_id", ""): value}
        problem = _problem(block, element, value)
        if problem:
            errors[block["block_id"]] = problem
    if unknown:
        raise LookupError(f"the view has no input called {', '.join(sorted(unknown))}")
    return values, errors


def _problem(block: JSON, element: JSON, value: JSON) -> str | None:
    content = next((item for key, item in value.items() if key != "type"), None)
    if not content:
        return None if block.get("optional") else "Please complete this required field."
    if isinstance(content, str):
        if len(content) > element.get("max_length", 3000):
            return f"Must be at most {element.get('max_length', 3000)} characters."
        if len(content) < element.get("min_length", 0):
            return f"Must be at least {element['min_length']} characters."
    return None


def _value(element: JSON, given: Any) -> JSON:
    kind = element["type"]
    if kind in _MULTIPLE:
        wanted = given if isinstance(given, list) else [given]
        return {
            "type": kind,
            "selected_options": [_chosen(options_of(element), item) for item in wanted],
        }
    if kind in _SINGLE:
        chosen = _chosen(options_of(element), given) if given else None
        return {"type": kind, "selected_option": chosen}
    return {"type": kind, _PICKED.get(kind, "value"): str(given) if given else None}


def _initial(element: JSON) -> JSON:
    kind = element["type"]
    if kind in _MULTIPLE:
        return {"type": kind, "selected_options": element.get("initial_options", [])}
    if kind in _SINGLE:
        return {"type": kind, "selected_option": element.get("initial_option")}
    key = _PICKED.get(kind, "value")
    return {
        "type": kind,
        key: element.get(key.replace("selected", "initial"))
        if kind in _PICKED
        else element.get("initial_value"),
    }
