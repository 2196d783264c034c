"""conversations.*: which channels there are, who is in them, what was said."""

import re

from bot.workspace import messages
from bot.workspace.api.call import Call
from bot.workspace.api.chat import shown
from bot.workspace.errors import SlackError
from bot.workspace.model import JSON, Channel, ChannelKind, Message

_KINDS = {
    "public_channel": "channel",
    "private_channel": "group",
    "im": "im",
    "mpim": "mpim",
}
_NAME = re.compile(r"[^\W_A-Z][\w-]{0,79}|[a-z0-9_-]{1,80}")


def _wanted(call: Call) -> list[Channel]:
    kinds = set()
    for name in call.text("types", "public_channel").split(","):
        if name.strip() not in _KINDS:
            raise SlackError("invalid_types")
        kinds.add(_KINDS[name.strip()])
    skip_archived = call.flag("exclude_archived")
    return [
        channel
        for channel in call.state.channels.values()
        if channel.kind in kinds
        and (channel.kind == "channel" or call.bot.id in channel.members)
        and not (skip_archived and channel.is_archived)
    ]


def list_all(call: Call) -> JSON:
    """conversations.list"""
    page, metadata = call.page(_wanted(call))
    return {"channels": [c.json(call.bot.id) for c in page], "response_metadata": metadata}


def list_own(call: Call) -> JSON:
    """users.conversations: those that the user (the bot by default) is a member of."""
    user = call.text("user", call.bot.id)
    mine = [channel for channel in _wanted(call) if user in channel.members]
    page, metadata = call.page(mine)
    return {"channels": [c.json(call.bot.id) for c in page], "response_metadata": metadata}


def info(call: Call) -> JSON:
    """conversations.info"""
    return {"channel": call.channel().json(call.bot.id)}


def join(call: Call) -> JSON:
    """conversations.join: public channels only."""
    channel = call.channel()
    if channel.kind != "channel":
        raise SlackError("method_not_supported_for_channel_type")
    joined = messages.join(call.state, channel, call.bot)
    answer: JSON = {"channel": channel.json(call.bot.id)}
    return answer if joined else answer | {"warning": "already_in_channel"}


def leave(call: Call) -> JSON:
    """conversations.leave"""
    channel = call.channel()
    if call.bot.id not in channel.members:
        return {"not_in_channel": True}
    messages.leave(call.state, channel, call.bot)
    return {}


def _windowed(call: Call, found: list[Message]) -> list[Message]:
    oldest, latest = call.text("oldest") or "0", call.text("latest")
    inclusive = call.flag("inclusive")

    def inside(message: Message) -> bool:
        at = float(message.ts)
        if inclusive and message.ts in (oldest, latest):
            return True
        return float(oldest) < at and (not latest or at < float(latest))

    try:
        return [message for message in found if inside(message)]
    except ValueError:
        raise SlackError("invalid_ts_oldest") from None


def _with_threads(call: Call, channel: Channel, page: list[Message]) -> list[JSON]:
    replies = channel.replies()
    return [_with_thread(call, channel, m, replies.get(m.ts, [])) for m in page]


def _with_thread(call: Call, channel: Channel, message: Message, replies: list[Message]) -> JSON:
    body = shown(message, with_metadata=call.flag("include_all_metadata"))
    if replies:
        people = list(dict.fromkeys(reply.user for reply in replies))
        body |= {
            "reply_count": len(replies),
            "reply_users": people,
            "reply_users_count": len(people),
            "latest_reply": replies[-1].ts,
        }
    if message.ts in channel.pins:
        body["pinned_to"] = [channel.id]
    return body


def history(call: Call) -> JSON:
    """conversations.history: newest first, without replies unless broadcast."""
    channel = call.channel(member=True)
    top = [m for m in channel.messages.values() if not m.is_reply or m.broadcast]
    found = _windowed(call, top)[::-1]
    page, metadata = call.page(found, most=999)
    return {
        "messages": _with_threads(call, channel, page),
        "has_more": bool(metadata["next_cursor"]),
        "pin_count": len(channel.pins),
        "response_metadata": metadata,
    }


def replies(call: Call) -> JSON:
    """conversations.replies: the thread, oldest first."""
    channel = call.channel(member=True)
    thread = channel.thread(call.required("ts", "thread_not_found"))
    if not thread:
        raise SlackError("thread_not_found")
    head = [m for m in thread if not m.is_reply]
    found = head + _windowed(call, [m for m in thread if m.is_reply])
    page, metadata = call.page(found, most=1000)
    return {
        "messages": _with_threads(call, channel, page),
        "has_more": bool(metadata["next_cursor"]),
        "response_metadata": metadata,
    }


def members(call: Call) -> JSON:
    """conversations.members"""
    page, metadata = call.page(call.channel().members)
    return {"members": page, "response_metadata": metadata}


def open_direct(call: Call) -> JSON:
    """conversations.open: a direct conversation with one user."""
    if call.text("channel"):
        channel = call.channel()
    else:
        users = [user for user in call.text("users").split(",") if user]
        if len(users) != 1:
            raise SlackError("not_enough_users" if not users else "too_many_users")
        channel = call.state.direct(call.bot.id, call.state.user(users[0]).id)
    return {"channel": {"id": channel.id}}


def create(call: Call) -> JSON:
    """conversations.create"""
    name = call.required("name", "invalid_name_required")
    if len(name) > 80:
        raise SlackError("invalid_name_maxlength")
    if not _NAME.fullmatch(name):
        raise SlackError("invalid_name_specials")
    if any(channel.name == name for channel in call.state.channels.values()):
        raise SlackError("name_taken")
    kind: ChannelKind = "group" if call.flag("is_private") else "channel"
    channel = call.state.add_channel(name, kind, call.bot.id, [call.bot.id])
    announce_created(call, channel)
    return {"channel": channel.json(call.bot.id)}


def announce_created(call: Call, channel: Channel) -> None:
    """Tell the app of a new public channel."""
    if channel.kind == "channel":
        call.core.emit(created_event(channel, call.state.next_ts()))
    call.state.touch()


def created_event(channel: Channel, ts: str) -> JSON:
    """The `channel_created` event."""
    return {
        "type": "channel_created",
        "channel": {
            "id": channel.id,
            "name": channel.name,
            "created": channel.created,
            "creator": channel.creator,
        },
        "event_ts": ts,
    }


def invite(call: Call) -> JSON:
    """conversations.invite"""
    channel = call.channel(member=True)
    people = [call.state.user(user) for user in call.required("users").split(",")]
    joined = [messages.join(call.state, channel, user, call.bot.id) for user in people]
    if not any(joined):
        raise SlackError("already_in_channel")
    return {"channel": channel.json(call.bot.id)}


def kick(call: Call) -> JSON:
    """conversations.kick"""
    channel = call.channel(member=True)
    user = call.state.user(call.required("user", "user_not_found"))
    if user.id == call.bot.id:
        raise SlackError("cant_kick_self")
    messages.leave(call.state, channel, user)
    return {}


def archive(call: Call) -> JSON:
    """conversations.archive"""
    messages.archive(call.state, call.channel(member=True), call.bot)
    return {}


def set_topic(call: Call) -> JSON:
    """conversations.setTopic"""
    channel, words = _described(call, "topic")
    channel.topic = words
    return {"channel": channel.json(call.bot.id)}


def set_purpose(call: Call) -> JSON:
    """conversations.setPurpose"""
    channel, words = _described(call, "purpose")
    channel.purpose = words
    return {"channel": channel.json(call.bot.id)}


def _described(call: Call, name: str) -> tuple[Channel, str]:
    """The channel that gets a new topic or purpose, and its words."""
    channel = call.channel(member=True)
    if channel.is_archived:
        raise SlackError("is_archived")
    words = call.text(name)
    if len(words) > 250:
        raise SlackError("too_long")
    call.state.touch()
    return channel, words
