"""Reading what happens to channels and to messages in them, from verified bodies. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from bot.incidents.cue_patterns import CueKind
from bot.incidents.cues import cue_in
from bot.people.model import Actor
from bot.slack import payloads

JSON = Mapping[str, Any]
PUSHPIN = "pushpin"
POST_LIMIT = 4_000
_DEEPEST = 8
_OPENED = ("channel_created", "channel_rename", "group_rename")
_CLOSED = (
    "channel_archive",
    "channel_deleted",
    "channel_left",
    "channel_shared",
    "group_archive",
    "group_deleted",
    "group_left",
)
_BACK = ("channel_unarchive", "channel_unshared", "group_unarchive")
_POST_KEYS = ("title", "title_link", "pretext", "text", "value", "fallback")
_BLOCK_KEYS = ("text", "fields", "elements", "title", "accessory", "url")


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomOpened:
    """A channel was made or renamed, or the bot became a member. `name` None is not told;
    `is_invited`: somebody brought the bot in."""

    team_id: str
    channel: str
    name: str | None = None
    is_invited: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomClosed:
    """A channel was archived, deleted or shared with others, or the bot was put out of it."""

    team_id: str
    channel: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomBack:
    """A channel is the team's own and in use again."""

    team_id: str
    channel: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reacted:
    """Somebody put a pushpin on a message, or took it back."""

    team_id: str
    channel: str
    ts: str
    actor: Actor
    is_added: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """A person's message was edited; with `text` None, deleted. `text` and `logs` are plain."""

    team_id: str
    channel: str
    ts: str
    thread_ts: str | None
    text: str | None
    logs: str
    actor: Actor


@dataclass(frozen=True, slots=True, kw_only=True)
class Posted:
    """Another app posted, or edited its post (`is_edit`). `text` is plain, links with their
    addresses; `message` is what Slack tells of it, with the channel in it. `is_public`: it was
    said in a public channel of the workspace."""

    team_id: str
    channel: str
    ts: str
    text: str
    message: JSON
    is_public: bool
    is_edit: bool = False


@dataclass(frozen=True, slots=True)
class Pasted:
    """Somebody pasted logs into a channel, not into a thread and not to the bot."""

    said: payloads.Said


@dataclass(frozen=True, slots=True, kw_only=True)
class Cued:
    """Somebody wrote that something was done, or what it was, in a channel or in a thread."""

    team_id: str
    channel: str
    ts: str
    actor: Actor
    kind: CueKind


RoomEvent = RoomOpened | RoomClosed | RoomBack | Reacted | Changed | Posted | Pasted


def room_event(body: JSON) -> RoomEvent | None:
    """What the body of an event tells of a channel; None for everything else, and for what
    happens in channels that are shared with other organisations."""
    event = body.get("event")
    team_id = str(body.get("team_id") or "")
    if not isinstance(event, Mapping) or not team_id or not body.get("event_id"):
        return None
    kind = event.get("type")
    if kind in _CLOSED or kind in _BACK:
        channel = _channel_id(event)
        made = RoomClosed if kind in _CLOSED else RoomBack
        return made(team_id=team_id, channel=channel) if channel else None
    if body.get("is_ext_shared_channel"):
        return None
    if kind in _OPENED or kind == "member_joined_channel":
        return _opened(body, event, team_id)
    if kind in ("reaction_added", "reaction_removed"):
        return _reacted(body, event, team_id)
    if kind == "message":
        return _message(body, event, team_id)
    return None


def cued(body: JSON) -> Cued | None:
    """The cue in what a person wrote, not to the bot, in a channel of the workspace's own."""
    event = body.get("event")
    if not isinstance(event, Mapping) or event.get("type") != "message":
        return None
    said = payloads.heard(body)
    if said is None or said.is_addressed or said.is_shared or said.is_paste or not said.ts:
        return None
    cue = cue_in(payloads.readable(str(event.get("text") or ""), payloads.bot_user_of(body)))
    if cue is None:
        return None
    return Cued(
        team_id=said.team_id,
        channel=said.channel,
        ts=said.ts,
        actor=said.actor,
        kind=cue.kind,
    )


def _channel_id(event: JSON) -> str:
    channel = event.get("channel")
    return str((channel.get("id") if isinstance(channel, Mapping) else channel) or "")


def _opened(body: JSON, event: JSON, team_id: str) -> RoomOpened | None:
    channel = _channel_id(event)
    if not channel:
        return None
    if event.get("type") == "member_joined_channel":
        if event.get("user") != payloads.bot_user_of(body):
            return None
        return RoomOpened(team_id=team_id, channel=channel, is_invited=bool(event.get("inviter")))
    told = event["channel"]
    name = str(told.get("name") or "") if isinstance(told, Mapping) else ""
    return RoomOpened(team_id=team_id, channel=channel, name=name or None)


def _reacted(body: JSON, event: JSON, team_id: str) -> Reacted | None:
    item = event.get("item")
    user = str(event.get("user") or "")
    bot = payloads.bot_user_of(body)
    if event.get("reaction") != PUSHPIN or not isinstance(item, Mapping):
        return None
    # The bot's own messages hold nothing that the incident does not know already.
    if item.get("type") != "message" or not user or bot in (user, event.get("item_user")):
        return None
    return Reacted(
        team_id=team_id,
        channel=str(item.get("channel") or ""),
        ts=str(item.get("ts") or ""),
        actor=Actor(team_id, user),
        is_added=event["type"] == "reaction_added",
    )


def _message(body: JSON, event: JSON, team_id: str) -> RoomEvent | None:
    subtype = event.get("subtype")
    if event.get("channel_type") == "im":
        return None
    if subtype in ("message_changed", "message_deleted"):
        return _changed(body, event, team_id)
    if is_other_app(event, body):
        return _posted(event, event, team_id)
    said = payloads.heard(body)
    if said is None or said.thread_ts is not None or said.mentions_bot:
        return None
    return Pasted(said) if said.is_paste and said.logs else None


def _changed(body: JSON, event: JSON, team_id: str) -> Changed | Posted | None:
    before = event.get("previous_message")
    before = before if isinstance(before, Mapping) else {}
    now = event.get("message")
    now = now if isinstance(now, Mapping) and event["subtype"] == "message_changed" else {}
    # A deleted message with replies stays as a tombstone, which Slack tells as an edit.
    is_gone = not now or now.get("subtype") == "tombstone"
    shown = before if is_gone else now
    ts = str(event.get("deleted_ts") or shown.get("ts") or now.get("ts") or "")
    if not ts or is_own(shown, body):
        return None
    if is_other_app(shown, body):
        return None if is_gone else _posted(event, now, team_id)
    if not is_gone and now.get("text") == before.get("text"):
        return None  # a preview of a link was added, or somebody replied
    bot = payloads.bot_user_of(body)
    question, logs = payloads.split(payloads.readable(str(now.get("text") or ""), bot))
    edited = now.get("edited")
    editor = edited.get("user") if isinstance(edited, Mapping) else None
    user = str(editor or shown.get("user") or "")
    return Changed(
        team_id=team_id,
        channel=_channel_id(event),
        ts=ts,
        thread_ts=str(shown["thread_ts"]) if shown.get("thread_ts") else None,
        text=None if is_gone else f"{question}\n{logs}".strip(),
        logs="\n".join(part for part in (logs, *payloads.previews(now)) if part),
        actor=Actor(team_id, user or "unknown"),
    )


def _posted(event: JSON, message: JSON, team_id: str) -> Posted | None:
    ts, text = str(message.get("ts") or ""), post_text(message)
    if message.get("thread_ts") not in (None, "", ts) or not ts or not text:
        return None
    channel = _channel_id(event)
    return Posted(
        team_id=team_id,
        channel=channel,
        ts=ts,
        text=text,
        message={**message, "channel": channel},
        is_public=event.get("channel_type") == "channel",
        is_edit=event is not message,
    )


def is_own(message: JSON, body: JSON) -> bool:
    """Whether this bot said it."""
    app = body.get("api_app_id")
    return message.get("user") == payloads.bot_user_of(body) or (
        bool(app) and message.get("app_id") == app
    )


def is_other_app(message: JSON, body: JSON) -> bool:
    """Whether another app said it."""
    is_app = bool(message.get("bot_id")) or message.get("subtype") == "bot_message"
    return is_app and not is_own(message, body)


def post_text(message: JSON) -> str:
    """All that an app's post says, in its text, attachments and blocks: plain, one part a
    line, at most POST_LIMIT characters."""
    parts: list[str] = [str(message.get("text") or "")]
    for attachment in message.get("attachments") or ():
        if isinstance(attachment, Mapping):
            parts += [str(attachment[key]) for key in _POST_KEYS if attachment.get(key)]
            parts += _texts(attachment.get("fields"), 0)
            parts += _texts(attachment.get("blocks"), 0)
    parts += _texts(message.get("blocks"), 0)
    lines: dict[str, None] = {}
    room = POST_LIMIT
    for part in parts:
        line = payloads.readable(part[:POST_LIMIT], None, with_addresses=True)
        if line and line not in lines and room > 0:
            lines[line[:room]] = None
            room -= len(line) + 1
    return "\n".join(lines)[:POST_LIMIT]


def _texts(value: Any, depth: int) -> Iterator[str]:
    """Every text inside blocks or fields; what is nested deeper than any block is left out."""
    if depth > _DEEPEST:
        return
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for key in (*_BLOCK_KEYS, "value"):
            if key in value and not (key == "value" and "action_id" in value):
                yield from _texts(value[key], depth + 1)
    elif isinstance(value, list | tuple):
        for one in value:
            yield from _texts(one, depth + 1)


def moment_of(ts: str, otherwise: datetime) -> datetime:
    """When a message was said, from its timestamp."""
    try:
        return datetime.fromtimestamp(float(ts), UTC)
    except (ValueError, OverflowError, OSError):
        return otherwise
