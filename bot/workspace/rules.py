"""Slack's limits for messages and views, those its own client library leaves out included.

Sources: the Block Kit reference, and for `TOTAL_CHARACTERS` measurements of the undocumented
limit behind `msg_blocks_too_long`.
"""

from collections.abc import Iterator
from typing import Any

from bot.workspace import elements
from bot.workspace.errors import SlackError, invalid
from bot.workspace.model import JSON

POST_TEXT = 40_000
UPDATE_TEXT = 4_000
MESSAGE_BLOCKS = 50
VIEW_BLOCKS = 100
TOTAL_CHARACTERS = 13_200
ATTACHMENTS = 100
METADATA_BYTES = 8_000
VIEW_BYTES = 250_000

_RICH_TEXT = (
    "rich_text_section",
    "rich_text_list",
    "rich_text_preformatted",
    "rich_text_quote",
)
_EVERYWHERE = ("section", "divider", "image", "actions", "context", "header", "rich_text")
IN_MESSAGE = (*_EVERYWHERE, "input", "markdown", "video", "table", "context_actions", "file")
IN_VIEW = (*_EVERYWHERE, "input", "video")


def check_message(
    text: str, blocks: list[JSON] | None, attachments: list[JSON] | None, *, limit: int = POST_TEXT
) -> None:
    """Refuse what Slack refuses of a message; `limit` is the method's limit of `text`.

    Raises SlackError: no_text, msg_too_long, invalid_blocks, msg_blocks_too_long,
    too_many_attachments, invalid_attachments.
    """
    if not text.strip() and not blocks and not attachments:
        raise SlackError("no_text")
    if len(text) > limit:
        # Slack cuts a posted text silently at this length; losing the end of a message
        # unnoticed is nothing a test should let pass, so it is refused here.
        raise SlackError("msg_too_long")
    if attachments is not None:
        _check_attachments(attachments)
    if blocks:
        check_blocks(blocks, IN_MESSAGE, MESSAGE_BLOCKS)
        if characters(blocks) > TOTAL_CHARACTERS:
            raise SlackError("msg_blocks_too_long")


def check_blocks(blocks: Any, allowed: tuple[str, ...], most: int) -> None:
    """Refuse with `invalid_blocks` and a sentence for every broken rule."""
    problems = list(block_problems(blocks, allowed, most))
    if problems:
        raise invalid("invalid_blocks", *problems)


def block_problems(blocks: Any, allowed: tuple[str, ...], most: int) -> Iterator[str]:
    """A sentence for every rule that a list of blocks breaks."""
    found, problems = elements.objects({"blocks": blocks}, "blocks", 0, most, "")
    yield from problems
    block_ids: set[str] = set()
    action_ids: set[str] = set()
    for at, block in found:
        kind = block.get("type")
        if kind not in allowed:
            yield f"unsupported type: {kind} [json-pointer:{at}/type]"
            continue
        yield from elements.string(block, "block_id", 255, at)
        yield from _unique(block.get("block_id"), block_ids, "block_id", f"{at}/block_id")
        for element in elements_of(block):
            action_id = element.get("action_id")
            yield from _unique(action_id, action_ids, "action_id", f"{at}/action_id")
        yield from _CHECKS.get(str(kind), _anything)(block, at)


def _unique(value: Any, seen: set[str], name: str, at: str) -> Iterator[str]:
    if isinstance(value, str) and value:
        if value in seen:
            yield f"`{name}` {value} already exists [json-pointer:{at}]"
        seen.add(value)


def elements_of(block: JSON) -> list[JSON]:
    """The interactive elements of a block, whatever key the block keeps them under."""
    if block.get("type") in ("actions", "context_actions"):
        listed = block.get("elements")
        candidates = listed if isinstance(listed, list) else []
    else:
        candidates = [block.get("accessory"), block.get("element")]
    return [item for item in candidates if isinstance(item, dict)]


def _anything(block: JSON, at: str) -> Iterator[str]:
    return iter(())


def _section(block: JSON, at: str) -> Iterator[str]:
    yield from elements.text(block, "text", 3000, at, required="fields" not in block)
    if "fields" in block:
        fields, problems = elements.objects(block, "fields", 1, 10, at)
        yield from problems
        for here, field in fields:
            yield from elements.text_object(field, 2000, here)
    accessory = block.get("accessory")
    if isinstance(accessory, dict):
        yield from elements.element(accessory, elements.IN_SECTION, f"{at}/accessory")


def _header(block: JSON, at: str) -> Iterator[str]:
    yield from elements.text(block, "text", 150, at, plain=True)


def _context(block: JSON, at: str) -> Iterator[str]:
    found, problems = elements.objects(block, "elements", 1, 10, at)
    yield from problems
    for here, item in found:
        if item.get("type") == "image":
            yield from elements.image(item, here)
        else:
            yield from elements.text_object(item, 3000, here)


def _actions(block: JSON, at: str) -> Iterator[str]:
    found, problems = elements.objects(block, "elements", 1, 25, at)
    yield from problems
    for here, item in found:
        yield from elements.element(item, elements.IN_ACTIONS, here)


def _context_actions(block: JSON, at: str) -> Iterator[str]:
    found, problems = elements.objects(block, "elements", 1, 5, at)
    yield from problems
    for here, item in found:
        yield from elements.element(item, elements.IN_CONTEXT_ACTIONS, here)


def _image(block: JSON, at: str) -> Iterator[str]:
    yield from elements.image(block, at)
    yield from elements.text(block, "title", 2000, at, required=False, plain=True)


def _input(block: JSON, at: str) -> Iterator[str]:
    yield from elements.text(block, "label", 2000, at, plain=True)
    yield from elements.text(block, "hint", 2000, at, required=False, plain=True)
    element = block.get("element")
    if isinstance(element, dict):
        yield from elements.element(element, elements.IN_INPUT, f"{at}/element")
    else:
        yield f"missing required field: element [json-pointer:{at}]"


def _rich_text(block: JSON, at: str) -> Iterator[str]:
    found, problems = elements.objects(block, "elements", 1, 1000, at)
    yield from problems
    for here, item in found:
        if item.get("type") not in _RICH_TEXT:
            yield f"unsupported type: {item.get('type')} [json-pointer:{here}/type]"


def _markdown(block: JSON, at: str) -> Iterator[str]:
    yield from elements.string(block, "text", 12_000, at, required=True)


_CHECKS = {
    "section": _section,
    "header": _header,
    "context": _context,
    "actions": _actions,
    "context_actions": _context_actions,
    "image": _image,
    "input": _input,
    "rich_text": _rich_text,
    "markdown": _markdown,
}


def characters(value: Any) -> int:
    """How many characters a reader of these blocks gets to see."""
    if isinstance(value, dict):
        own = value.get("text")
        rest = sum(characters(item) for key, item in value.items() if key != "text")
        return rest + (len(own) if isinstance(own, str) else characters(own))
    if isinstance(value, list):
        return sum(characters(item) for item in value)
    return 0


def _check_attachments(attachments: Any) -> None:
    if not isinstance(attachments, list):
        raise SlackError("invalid_attachments")
    if len(attachments) > ATTACHMENTS:
        raise SlackError("too_many_attachments")
    for attachment in attachments:
        if not isinstance(attachment, dict):
            raise SlackError("invalid_attachments")
        if "blocks" in attachment:
            check_blocks(attachment["blocks"], IN_MESSAGE, MESSAGE_BLOCKS)


def check_metadata(metadata: Any, size: int) -> None:
    """Refuse metadata that has not an event_type and a flat event_payload, or is too large."""
    if not isinstance(metadata, dict) or not isinstance(metadata.get("event_type"), str):
        raise SlackError("invalid_metadata_format")
    if not isinstance(metadata.get("event_payload"), dict):
        raise SlackError("invalid_metadata_format")
    if size > METADATA_BYTES:
        raise SlackError("metadata_too_large")


def check_view(view: Any, size: int) -> None:
    """Refuse a modal or home tab that Slack refuses, `size` being its JSON's length in bytes."""
    if not isinstance(view, dict):
        raise invalid("invalid_arguments", "must provide an object [json-pointer:/view]")
    if size > VIEW_BYTES:
        raise SlackError("view_too_large")
    problems = list(_view_problems(view))
    if problems:
        raise invalid("invalid_arguments", *problems)


def _view_problems(view: JSON) -> Iterator[str]:
    at = "/view"
    kind = view.get("type")
    if kind not in ("modal", "home"):
        yield f"must be one of modal, home [json-pointer:{at}/type]"
    yield from elements.string(view, "callback_id", 255, at, least=0)
    yield from elements.string(view, "external_id", 255, at, least=0)
    yield from elements.string(view, "private_metadata", 3000, at, least=0)
    if kind == "modal":
        yield from elements.text(view, "title", 24, at, plain=True)
        yield from elements.text(view, "submit", 24, at, required=False, plain=True)
        yield from elements.text(view, "close", 24, at, required=False, plain=True)
    blocks = view.get("blocks")
    yield from block_problems(blocks, IN_VIEW, VIEW_BLOCKS)
    has_input = isinstance(blocks, list) and any(
        isinstance(block, dict) and block.get("type") == "input" for block in blocks
    )
    if kind == "modal" and has_input and view.get("submit") is None:
        yield f"submit is required when a view has input blocks [json-pointer:{at}/submit]"
