"""The parts of a post in Slack that can hold an alert: attachments, or all of its blocks. Pure.

Slack's markup is undone here: what comes out is plain text, and links stand beside it.
Formats: https://docs.slack.dev/legacy/legacy-messaging/legacy-secondary-message-attachments and
https://docs.slack.dev/reference/block-kit/blocks.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from bot.alerts.lenient import rows, table, text
from bot.alerts.reading import web_link

MOST_PARTS = 100
"""Most attachments of one post that are looked at; Slack advises against more than 20."""
MOST_TEXT = 12_000
_DEEPEST = 8
_MOST_LINKS = 60

_LINK = re.compile(r"<(https?://[^|<>\s]{1,2048})(?:\|([^<>]{0,1000}))?>")
_NAMED_LINK = re.compile(r"(?:([A-Za-z][\w ]{1,30}):\*?\s*)?" + _LINK.pattern)
_MENTION = re.compile(r"<(?:[@#!])[^<>|]{0,100}(?:\|([^<>]{0,200}))?>")
_ENTITIES = {"&lt;": "<", "&gt;": ">", "&amp;": "&"}
_ENTITY = re.compile("|".join(_ENTITIES))
_MARKS = re.compile(r"(?<!\w)[*_~`]{1,3}(?=\S)|(?<=\S)[*_~`]{1,3}(?!\w)")
_RUNS = ("rich_text_section", "rich_text_preformatted", "rich_text_quote")


@dataclass(slots=True)
class Part:
    """One attachment, or the blocks of a post. `lines` are in reading order, `fields` as the tool
    names them, `links` are label and address; `link` is where the title leads."""

    title: str = ""
    link: str = ""
    color: str = ""
    lines: list[str] = field(default_factory=list)
    fields: dict[str, str] = field(default_factory=dict)
    links: list[tuple[str, str]] = field(default_factory=list)

    @property
    def text(self) -> str:
        return "\n".join(self.lines)


def parts_of(post: Mapping[str, Any]) -> list[Part]:
    """The parts of a post, those without any words left out. Its own text stands above the
    only part there is, for tools that write the headline there."""
    attached = [_attachment(one) for one in rows(post, "attachments")[:MOST_PARTS]]
    found = [part for part in attached if part is not None]
    if rows(post, "blocks"):
        own = Part()
        _blocks(own, post.get("blocks"), 0)
        _name(own)
        # A coloured attachment under the blocks belongs to them.
        if own.title and len(found) == 1 and not found[0].title:
            _join(own, found.pop())
        if own.title:
            found.insert(0, own)
    above = _plain_lines(text(post, "text"))
    if above and len(found) == 1:
        part = found[0]
        part.lines = [*(line for line in above if line not in part.lines), *part.lines]
        part.links += _links_in(text(post, "text"))
        _name(part)
    return [part for part in found if part.title or part.lines]


def plain(marked: str) -> str:
    """Slack's markup as plain text: a link is its label, or its address where it has none."""
    marked = _LINK.sub(lambda match: match[2] or match[1], marked[:MOST_TEXT])
    marked = _MENTION.sub(lambda match: match[1] or "", marked)
    unescaped = _ENTITY.sub(lambda match: _ENTITIES[match[0]], marked)
    return _MARKS.sub("", unescaped).strip()


def _attachment(value: object) -> Part | None:
    if not isinstance(value, dict):
        return None
    part = Part(color=text(value, "color"))
    for name in ("pretext", "title", "text"):
        _add(part, text(value, name))
    part.title = plain(text(value, "title"))
    for address in (text(value, "title_link"), text(value, "from_url")):
        part.link = part.link or web_link(address) or ""
    for one in rows(value, "fields"):
        name, told = plain(text(one, "title")), text(one, "value")
        if name:
            part.fields.setdefault(name, plain(told))
        part.links += _links_in(told)
    for action in rows(value, "actions"):
        _button(part, action)
    _blocks(part, value.get("blocks"), 0)
    if not part.lines:
        _add(part, text(value, "fallback"))
    for name in ("footer", "author_name", "service_name"):
        if said := plain(text(value, name)):
            part.fields.setdefault(name, said)
    if part.title and not part.link:
        part.link = next((address for _, address in _links_in(text(value, "title"))), "")
    _name(part)
    return part


def _blocks(part: Part, value: object, depth: int) -> None:
    """Every text of blocks, and what their buttons lead to."""
    if depth > _DEEPEST:
        return
    for block in value if isinstance(value, list) else ():
        if not isinstance(block, dict):
            continue
        kind = block.get("type")
        if kind == "header" and not part.title:
            part.title = plain(text(block, "text", "text"))
        if kind in _RUNS:
            _add(part, "".join(_run(one) for one in rows(block, "elements")))
            continue
        if kind in ("button", "overflow", "static_select"):
            _button(part, block)
            continue
        if kind in ("mrkdwn", "plain_text", "markdown"):
            _add(part, text(block, "text"))
            continue
        _blocks(part, [block.get("text")], depth + 1)
        for one in rows(block, "fields"):
            _field(part, one, depth)
        _blocks(part, block.get("elements"), depth + 1)
        _blocks(part, [block.get("accessory")], depth + 1)


def _field(part: Part, value: object, depth: int) -> None:
    """A field of a block: its name stands in bold before its value or above it."""
    match = _FIELD.match(text(value, "text"))
    name = plain(match[1]).strip(" :") if match is not None else ""
    if match is None or not name:
        _blocks(part, [value], depth + 1)
        return
    part.fields.setdefault(name, plain(match[2]))
    part.links = [*part.links, *_links_in(match[2])][:_MOST_LINKS]


def _run(element: object) -> str:
    """One element of rich text, in the markup that a link of it would have elsewhere."""
    link, said = web_link(text(element, "url")), text(element, "text")
    return f"<{link}|{said}>" if link and said else f"<{link}>" if link else at_text(element)


def at_text(element: object) -> str:
    """The words of an element as they are: blanks at its ends keep words apart."""
    found = table(element).get("text")
    return found[:MOST_TEXT] if isinstance(found, str) else ""


def _button(part: Part, value: object) -> None:
    label = text(value, "text") or text(value, "text", "text")
    link = web_link(text(value, "url"))
    if link and label and len(part.links) < _MOST_LINKS:
        part.links.append((plain(label), link))


def _add(part: Part, marked: str) -> None:
    part.lines += _plain_lines(marked)
    part.links = [*part.links, *_links_in(marked)][:_MOST_LINKS]


def _plain_lines(marked: str) -> list[str]:
    return [line.strip() for line in plain(marked).splitlines() if line.strip()]


def _links_in(marked: str) -> list[tuple[str, str]]:
    """Label and address; of `Runbook: <address|:book:>` what stands before it is in the label."""
    return [
        (f"{before.strip()} {plain(label)}".strip(), address)
        for before, address, label in _NAMED_LINK.findall(marked[:MOST_TEXT])
    ]


def _name(part: Part) -> None:
    """Where there is no title, the first line is it, or what it links to; it leads where its
    words lead."""
    if not part.title and part.lines:
        line = part.lines[0]
        linked = (label for label, _ in part.links if label in line and 3 * len(label) > len(line))
        part.title = next(linked, line)
    if not part.link:
        named = (address for label, address in part.links if label and label in part.title)
        part.link = next(named, "")


def _join(part: Part, other: Part) -> None:
    part.color = part.color or other.color
    part.lines += other.lines
    part.links += other.links
    for name, value in other.fields.items():
        part.fields.setdefault(name, value)


def pairs_in(lines: list[str]) -> Iterator[tuple[str, str]]:
    """`name: value` and `name = value` lines, list marks in front of them or not."""
    parts = [part for line in lines for part in _WIDE.split(line)]
    for place, line in enumerate(parts):
        match = _PAIR.match(line)
        if match is None:
            continue
        value = match[2].strip()
        if not value and line.endswith(":") and place + 1 < len(parts):
            value = parts[place + 1]  # the name stands above its value
        if value and not value.startswith("//"):
            yield match[1].strip(), value


_FIELD = re.compile(r"^\s*\*([^*\n]{1,80})\*\s*:?\s*(.+)$", re.DOTALL)
_WIDE = re.compile(r"\s{2,}|\s\|\s")
_PAIR = re.compile(r"^[\s•▪\-–*]{0,6}([A-Za-z][\w .@/-]{0,39}?)\s?(?::|=)\s*(.*)$")
