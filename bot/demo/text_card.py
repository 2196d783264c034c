"""Block Kit as terminal text: what `recall demo --once` prints of a message."""

import html
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.cells import cell_len, chop_cells

_WIDTH = 92
_FENCE = "```"
_CODE_INDENT = "    "
_LINK = re.compile(r"<(https?://[^|>]+)(?:\|([^>]*))?>")
_PERSON = re.compile(r"<@([A-Z0-9]+)(?:\|[^>]*)?>")
_UNSEEN = re.compile("[\u200b\u2060]")
# A mark counts only where no word and no joiner touches it from outside: text from outside
# carries joiners next to its marks, so that they stay what they are.
_STYLED = re.compile(
    r"(?<![\w\u2060])(?P<mark>[*_~])(?![\s\u2060])(?P<text>[^*_~\n]+?)(?P=mark)(?![\w\u2060])"
)
_CODE = re.compile(r"`([^`\n]+)`")
_LIST_MARK = re.compile(r"(?:[•✓-]|\d+\.) ")

Names = Mapping[str, str]
_NOBODY: Names = {}


def message_text(
    blocks: Sequence[Mapping[str, Any]], fallback: str = "", names: Names = _NOBODY
) -> str:
    """The message as lines a person can read, without markup; `fallback` where it has no blocks.

    `names` are people's names by their ids; an id without a name stays as it is.
    """
    lines = [line for block in blocks for line in _block(block, names)]
    return "\n".join(lines) if lines else plain(fallback, names)


def plain(mrkdwn: str, names: Names = _NOBODY) -> str:
    """Slack's wire text as a person sees it: links by their label, people by their names,
    entities as characters, code blocks indented, no marks of formatting."""
    lines: list[str] = []
    for number, part in enumerate(mrkdwn.split(_FENCE)):
        if number % 2:
            code = html.unescape(_UNSEEN.sub("", part)).strip("\n")
            lines += [_CODE_INDENT + line for line in code.split("\n")]
        elif part.strip():
            lines += _inline(part, names).strip("\n").split("\n")
    return "\n".join(lines)


def _inline(mrkdwn: str, names: Names) -> str:
    text = _LINK.sub(lambda match: match[2] or match[1], mrkdwn)
    text = _PERSON.sub(lambda match: "@" + names.get(match[1], match[1]), text)
    quoted = _CODE.split(text)
    # Every second piece is code, and nothing in it is a mark.
    bare = [part if n % 2 else _STYLED.sub(r"\g<text>", part) for n, part in enumerate(quoted)]
    return html.unescape(_UNSEEN.sub("", "".join(bare)))


def framed(text: str, title: str) -> str:
    """`text` in a frame with a title, long lines folded; columns are counted as a terminal
    shows them."""
    room = _WIDTH - 4
    folded = [part for line in text.splitlines() for part in _folded(line, room)]
    top = _filled(f"┌─ {title} ", _WIDTH - 1, "─") + "┐"
    body = [f"│ {_filled(line, room)} │" for line in folded]
    return "\n".join([top, *body, "└" + "─" * (_WIDTH - 2) + "┘"])


def _filled(text: str, width: int, filler: str = " ") -> str:
    return text + filler * max(0, width - cell_len(text))


def _folded(line: str, width: int) -> Iterator[str]:
    """The pieces of a line, cut between words; what follows the first stands under its text."""
    if line.startswith(_CODE_INDENT):
        pieces = chop_cells(line[len(_CODE_INDENT) :], width - len(_CODE_INDENT)) or [""]
        yield from (_CODE_INDENT + piece for piece in pieces)
        return
    mark = _LIST_MARK.match(line)
    indent = " " * (cell_len(mark[0]) if mark else 0)
    current = ""
    for word in line.split(" "):
        longer = f"{current} {word}" if current else word
        if cell_len(longer) <= width:
            current = longer
            continue
        if current.strip():
            yield current
        *whole, rest = chop_cells(word, width - len(indent)) or [""]
        yield from (indent + piece for piece in whole)
        current = indent + rest
    yield current


def _block(block: Mapping[str, Any], names: Names) -> Iterator[str]:
    kind = block.get("type")
    if kind == "header":
        yield html.unescape(block["text"]["text"])
        yield ""
    elif kind == "section":
        if block.get("text"):
            yield from plain(block["text"]["text"], names).split("\n")
        for field in block.get("fields", ()):
            yield "  " + plain(field["text"], names).replace("\n", ": ")
    elif kind == "context":
        yield "  ".join(
            plain(element["text"], names) for element in block["elements"] if "text" in element
        )
    elif kind == "divider":
        yield ""
    elif kind == "actions":
        yield ""
        yield "  ".join(
            f"[ {element['text']['text']} ]"
            for element in block["elements"]
            if element.get("type") == "button"
        )
    elif kind == "rich_text":
        for element in block["elements"]:
            yield from _rich(element, names)


def _rich(element: Mapping[str, Any], names: Names, bullet: str = "") -> Iterator[str]:
    if element.get("type") == "rich_text_list":
        for item in element["elements"]:
            yield from _rich(item, names, "• ")
        return
    text = "".join(_rich_part(part, names) for part in element.get("elements", ()))
    indent = _CODE_INDENT if element.get("type") == "rich_text_preformatted" else bullet
    for line in text.splitlines():
        yield indent + line


def _rich_part(part: Mapping[str, Any], names: Names) -> str:
    if part.get("type") == "user":
        user_id = str(part["user_id"])
        return "@" + names.get(user_id, user_id)
    return str(part.get("text") or part.get("url") or "")
