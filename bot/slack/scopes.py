"""Which scopes and events each feature needs beyond saying things; one row a feature.

Without its scopes a feature is left out, with one line in the log.
"""

from collections.abc import Mapping
from typing import NamedTuple


class Needs(NamedTuple):
    """What a feature asks of Slack: Web API methods, bot scopes, subscribed events."""

    methods: tuple[str, ...]
    scopes: tuple[str, ...]
    events: tuple[str, ...]


FEATURES: Mapping[str, Needs] = {
    "assistant pane": Needs(
        methods=("assistant.threads.setStatus", "assistant.threads.setSuggestedPrompts"),
        scopes=("assistant:write", "im:history"),
        events=(
            "app_home_opened",
            "assistant_thread_context_changed",
            "assistant_thread_started",
            "message.im",
        ),
    ),
    "digest": Needs(methods=("conversations.open",), scopes=("im:write",), events=()),
    "forms": Needs(methods=("views.open", "views.update"), scopes=(), events=()),
    "home": Needs(methods=("views.publish",), scopes=(), events=("app_home_opened",)),
    "incident channels": Needs(
        methods=("conversations.history", "conversations.info", "conversations.join"),
        scopes=(
            "channels:history",
            "channels:join",
            "channels:read",
            "groups:history",
            "groups:read",
        ),
        events=(
            "channel_archive",
            "channel_created",
            "channel_deleted",
            "channel_left",
            "channel_rename",
            "channel_shared",
            "channel_unarchive",
            "channel_unshared",
            "group_archive",
            "group_deleted",
            "group_left",
            "group_unarchive",
            "member_joined_channel",
            "message.channels",
            "message.groups",
        ),
    ),
    "message shortcuts": Needs(methods=("views.open",), scopes=("commands",), events=()),
    "messages in the timeline": Needs(
        methods=("chat.getPermalink", "conversations.replies", "users.info"),
        scopes=("channels:history", "groups:history", "reactions:read", "users:read"),
        events=("reaction_added", "reaction_removed"),
    ),
    "pinned cards": Needs(
        methods=(
            "bookmarks.add",
            "bookmarks.list",
            "chat.getPermalink",
            "pins.add",
            "pins.list",
        ),
        scopes=("bookmarks:read", "bookmarks:write", "pins:read", "pins:write"),
        events=(),
    ),
    "profile": Needs(methods=("users.info",), scopes=("users:read",), events=()),
    "shared files": Needs(
        methods=(),
        scopes=("files:read",),
        events=("message.channels", "message.groups", "message.im"),
    ),
    "thread mode": Needs(
        methods=(),
        scopes=("channels:history", "groups:history"),
        events=("message.channels", "message.groups"),
    ),
}
