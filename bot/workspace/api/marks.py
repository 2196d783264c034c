"""What hangs on messages and channels: reactions, pins, bookmarks."""

from bot.workspace import messages
from bot.workspace.api.call import Call
from bot.workspace.api.chat import shown
from bot.workspace.errors import SlackError
from bot.workspace.model import JSON, Bookmark

MAX_PINS = 100
MAX_BOOKMARKS = 100


def add_reaction(call: Call) -> JSON:
    """reactions.add"""
    channel = call.channel(member=True)
    name = call.required("name", "invalid_name").strip(":")
    messages.react(call.state, channel, call.required("timestamp", "bad_timestamp"), call.bot, name)
    return {}


def remove_reaction(call: Call) -> JSON:
    """reactions.remove"""
    channel = call.channel(member=True)
    name = call.required("name", "invalid_name").strip(":")
    ts = call.required("timestamp", "bad_timestamp")
    messages.unreact(call.state, channel, ts, call.bot, name)
    return {}


def get_reactions(call: Call) -> JSON:
    """reactions.get: of a message."""
    channel = call.channel(member=True)
    message = call.state.message(channel, call.required("timestamp", "no_item_specified"))
    return {"type": "message", "channel": channel.id, "message": shown(message)}


def add_pin(call: Call) -> JSON:
    """pins.add"""
    channel = call.channel(member=True)
    message = call.state.message(channel, call.required("timestamp", "no_item_specified"))
    if message.ts in channel.pins:
        raise SlackError("already_pinned")
    if len(channel.pins) >= MAX_PINS:
        raise SlackError("too_many_pins")
    channel.pins[message.ts] = call.bot.id
    call.state.touch()
    return {}


def remove_pin(call: Call) -> JSON:
    """pins.remove"""
    channel = call.channel(member=True)
    if channel.pins.pop(call.required("timestamp", "no_item_specified"), None) is None:
        raise SlackError("no_pin")
    call.state.touch()
    return {}


def list_pins(call: Call) -> JSON:
    """pins.list"""
    channel = call.channel(member=True)
    items = [
        {
            "type": "message",
            "channel": channel.id,
            "created_by": user,
            "message": shown(channel.messages[ts]),
        }
        for ts, user in channel.pins.items()
    ]
    return {"items": items}


def _bookmarked(call: Call) -> str:
    return call.required("channel_id", "channel_not_found")


def add_bookmark(call: Call) -> JSON:
    """bookmarks.add"""
    channel = call.state.channel(_bookmarked(call), viewer=call.bot.id)
    if call.bot.id not in channel.members:
        raise SlackError("not_in_channel")
    if len(channel.bookmarks) >= MAX_BOOKMARKS:
        raise SlackError("too_many_bookmarks")
    if call.required("type", "invalid_bookmark_type") != "link":
        raise SlackError("invalid_bookmark_type")
    link = call.required("link", "invalid_link")
    if not link.startswith(("http://", "https://")):
        raise SlackError("invalid_link")
    bookmark = Bookmark(
        id=call.state.next_id("Bk"),
        channel=channel.id,
        title=call.required("title"),
        link=link,
        emoji=call.text("emoji"),
    )
    channel.bookmarks[bookmark.id] = bookmark
    call.state.touch()
    return {"bookmark": bookmark.json()}


def list_bookmarks(call: Call) -> JSON:
    """bookmarks.list"""
    channel = call.state.channel(_bookmarked(call), viewer=call.bot.id)
    return {"bookmarks": [bookmark.json() for bookmark in channel.bookmarks.values()]}


def remove_bookmark(call: Call) -> JSON:
    """bookmarks.remove"""
    channel = call.state.channel(_bookmarked(call), viewer=call.bot.id)
    if channel.bookmarks.pop(call.required("bookmark_id"), None) is None:
        raise SlackError("not_found")
    call.state.touch()
    return {}
