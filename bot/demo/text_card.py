"""Block Kit as terminal text: what `recall demo --once` prints of a message."""

import html
import re
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

_WIDTH = 92
_LINK = re.compile(r"<(https?://[^|>]+)(?:\|([^>]*))?>")


def message_text(blocks: Sequence[Mapping[str, Any]], fallback: str = "") -> str:
    """The message as lines a person can read, without markup; `fallback` where it has no blocks."""
    lines = [line for block in blocks for line in _block(block)]
    return "\n".join(lines) if lines else plain(fallback)


def plain(mrkdwn: str) -> str:
    """Slack's wire text as a person sees it: links by their label, entities as characters."""
    return html.unescape(_LINK.sub(lambda match: match[2] or match[1], mrkdwn))


def framed(text: str, title: str) -> str:
    """`text` in a frame with a title, long lines folded."""
    folded = [
        part
        for line in text.splitlines()
        for part in (textwrap.wrap(line, _WIDTH - 4, drop_whitespace=False) or [""])
    ]
    top = f"┌─ {title} ".ljust(_WIDTH - 1, "─") + "┐"
    body = [f"│ {line.ljust(_WIDTH - 4)} │" for line in folded]
    return "\n".join([top, *body, "└" + "─" * (_WIDTH - 2) + "┘"])


def _block(block: Mapping[str, Any]) -> Iterator[str]:
    kind = block.get("type")
    if kind == "header":
        yield plain(block["text"]["text"])
    elif kind == "section":
        if block.get("text"):
            yield from plain(block["text"]["text"]).splitlines()
        for field in block.get("fields", ()):
            yield "  " + plain(field["text"]).replace("\n", ": ")
    elif kind == "context":
        yield "  ".join(
            plain(element["text"]) for element in block["elements"] if "text" in element
        )
    elif kind == "divider":
        yield ""
    elif kind == "actions":
        yield "  ".join(
            f"[ {element['text']['text']} ]"
            for element in block["elements"]
            if element.get("type") == "button"
        )
    elif kind == "rich_text":
        for element in block["elements"]:
            yield from _rich(element)


def _rich(element: Mapping[str, Any], bullet: str = "") -> Iterator[str]:
    if element.get("type") == "rich_text_list":
        for item in element["elements"]:
            yield from _rich(item, "• ")
        return
    text = "".join(
        str(part.get("text") or part.get("url") or part.get("user_id", ""))
        for part in element.get("elements", ())
    )
    indent = "    " if element.get("type") == "rich_text_preformatted" else bullet
    for line in text.splitlines():
        yield indent + line
