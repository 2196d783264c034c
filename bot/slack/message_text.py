"""The words of any message: its text, its blocks and its attachments, once each. Pure."""

from collections.abc import Iterator, Mapping
from typing import Any

from bot.slack.payloads import readable

JSON = Mapping[str, Any]
MOST = 8_000
"""Characters of a message that are looked at."""

_DEEP = 12
"""Blocks are nested no deeper than this; a payload that is gets no further look."""

_ATTACHED = ("pretext", "title", "text", "fallback")


def words_of(message: JSON) -> str:
    """A paragraph a part, in reading order; what is said twice stands once."""
    told: list[str] = []
    left = MOST
    for part in _parts(message):
        text = readable(part, None)[:left]
        if not text or any(text in before for before in told):
            continue
        told = [before for before in told if before not in text]
        told.append(text)
        left = MOST - sum(map(len, told))
        if left <= 0:
            break
    return "\n".join(told)[:MOST]


def _parts(message: JSON) -> Iterator[str]:
    yield str(message.get("text") or "")
    yield from _texts(message.get("blocks"), _DEEP)
    attachments = message.get("attachments")
    for attached in attachments if isinstance(attachments, list) else ():
        if not isinstance(attached, Mapping):
            continue
        said = [str(attached.get(name) or "") for name in _ATTACHED]
        # The fallback is for programs that cannot show the rest.
        yield from said[:3] if any(said[:3]) else said
        yield from _texts(attached.get("blocks"), _DEEP)
        fields = attached.get("fields")
        for field in fields if isinstance(fields, list) else ():
            if isinstance(field, Mapping):
                yield f"{field.get('title') or ''}: {field.get('value') or ''}".strip(": ")


def _texts(value: Any, deep: int) -> Iterator[str]:
    """The texts of blocks; the elements of one rich text line are one text."""
    if deep <= 0:
        return
    if isinstance(value, list):
        for one in value:
            yield from _texts(one, deep - 1)
    elif isinstance(value, Mapping):
        kind = value.get("type")
        if kind in ("rich_text_section", "rich_text_preformatted", "rich_text_quote"):
            elements = value.get("elements")
            yield "".join(_run(one) for one in elements) if isinstance(elements, list) else ""
        elif kind in ("mrkdwn", "plain_text", "markdown") and isinstance(value.get("text"), str):
            yield value["text"]
        elif kind not in ("button", "actions"):
            for name in ("text", "fields", "elements"):
                yield from _texts(value.get(name), deep - 1)


def _run(element: Any) -> str:
    if not isinstance(element, Mapping):
        return ""
    return str(element.get("text") or element.get("url") or "")
