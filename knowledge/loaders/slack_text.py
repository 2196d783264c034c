"""Slack messages of an export as plain text, and the code blocks in them."""

import html
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

_CODE = re.compile(r"```(.*?)```", re.DOTALL)
_ANGLED = re.compile(r"<([^<>\n]{1,3000})>")
_NOT_SAID = frozenset(
    {
        "channel_join",
        "channel_leave",
        "channel_archive",
        "channel_unarchive",
        "channel_name",
        "channel_topic",
        "channel_purpose",
        "channel_convert_to_private",
        "group_join",
        "group_leave",
        "group_archive",
        "group_name",
        "group_topic",
        "group_purpose",
        "pinned_item",
        "reminder_add",
        "bot_add",
        "bot_remove",
        "tombstone",
    }
)
"""Subtypes by which Slack itself speaks; nobody said these."""


@dataclass(frozen=True, slots=True)
class Message:
    """What one message says: its words, its code blocks, and what a bot attached."""

    at: datetime
    text: str
    code: tuple[str, ...]
    attached: str
    by_bot: bool


def message_of(raw: object, users: Mapping[str, str]) -> Message | None:
    """A message of the export; None for what is not one, or was said by Slack itself."""
    if not isinstance(raw, Mapping) or raw.get("type", "message") != "message":
        return None
    at = _time(raw.get("ts"))
    if at is None or raw.get("subtype") in _NOT_SAID or raw.get("hidden") is True:
        return None
    written = raw.get("text")
    written = written if isinstance(written, str) else ""
    code = tuple(_plain(block, users).strip("\n") for block in _CODE.findall(written))
    return Message(
        at=at,
        text=_plain(_CODE.sub("\n", written), users).strip(),
        code=tuple(block for block in code if block.strip()),
        attached=_attached(raw.get("attachments"), users),
        by_bot="bot_id" in raw or raw.get("subtype") == "bot_message",
    )


def user_names(users: object) -> dict[str, str]:
    """User id to the name shown for it, from users.json."""
    names: dict[str, str] = {}
    for user in users if isinstance(users, list) else []:
        if isinstance(user, Mapping) and isinstance(user.get("id"), str):
            profile = user.get("profile")
            shown = profile.get("display_name") if isinstance(profile, Mapping) else None
            name = shown or user.get("name")
            if isinstance(name, str) and name:
                names[user["id"]] = name
    return names


def _time(value: object) -> datetime | None:
    try:
        seconds = float(value) if isinstance(value, str | int | float) else 0.0
        return datetime.fromtimestamp(seconds, UTC) if seconds > 0 else None
    except (ValueError, OverflowError, OSError):
        return None


def _plain(text: str, users: Mapping[str, str]) -> str:
    """Slack's angle-bracket forms and entities as a person reads them."""
    return html.unescape(_ANGLED.sub(lambda found: _spoken(found[1], users), text))


def _spoken(inner: str, users: Mapping[str, str]) -> str:
    target, _, label = inner.partition("|")
    if target.startswith("@"):
        return f"@{users.get(target[1:], label or target[1:])}"
    if target.startswith("#"):
        return f"#{label or target[1:]}"
    if target.startswith("!"):
        return label or f"@{target[1:].split('^')[0]}"
    return label if label and label != target else target


def _attached(attachments: object, users: Mapping[str, str]) -> str:
    """The words of attachments, as alerting tools post them: pretext, title, text, fields."""
    lines: list[str] = []
    for attachment in attachments if isinstance(attachments, Sequence) else []:
        if not isinstance(attachment, Mapping):
            continue
        said = [attachment.get(key) for key in ("pretext", "title", "text")]
        if not any(said):
            said = [attachment.get("fallback")]
        fields = attachment.get("fields")
        for field in fields if isinstance(fields, list) else []:
            if isinstance(field, Mapping):
                said.append(f"{field.get('title', '')}: {field.get('value', '')}".strip(": "))
        lines += [_plain(text, users) for text in said if isinstance(text, str) and text.strip()]
    return "\n".join(dict.fromkeys(line.strip() for line in lines))
