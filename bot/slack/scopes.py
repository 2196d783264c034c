"""Which scopes and events each feature needs; one row a feature, the manifests' one source.

Without its scopes a feature is left out, with one line in the log; `recall doctor` says which.
"""

from collections.abc import Mapping
from typing import NamedTuple

CORE = "questions and cards"
"""What a bot that is not this is no bot at all; the minimal manifest asks for it alone."""


class Needs(NamedTuple):
    """What a feature asks of Slack: Web API methods, bot scopes, subscribed events."""

    methods: tuple[str, ...] = ()
    scopes: tuple[str, ...] = ()
    events: tuple[str, ...] = ()


_HISTORY = ("channels:history", "groups:history", "im:history")
_TALK = ("message.channels", "message.groups")

FEATURES: Mapping[str, Needs] = {
    CORE: Needs(
        methods=(
            "auth.test",
            "chat.postMessage",
            "chat.update",
            "conversations.info",
            "conversations.list",
            "views.open",
            "views.update",
        ),
        # Whether a channel is shared with another organisation has to be known before anything
        # is said in it, so reading what a channel is belongs to the least there is.
        scopes=(
            "app_mentions:read",
            "channels:read",
            "chat:write",
            "commands",
            "groups:read",
            "im:history",
        ),
        events=("app_mention", "message.im"),
    ),
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
    "digests and requests in private": Needs(methods=("conversations.open",), scopes=("im:write",)),
    "home tab": Needs(methods=("views.publish",), events=("app_home_opened",)),
    "incident channels": Needs(
        methods=("conversations.history", "conversations.info", "conversations.join"),
        scopes=(*_HISTORY[:2], "channels:join", "channels:read", "groups:read"),
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
            "group_rename",
            "group_unarchive",
            "member_joined_channel",
            *_TALK,
        ),
    ),
    "logs pasted under a card": Needs(scopes=_HISTORY[:2], events=_TALK),
    "looking before saying again": Needs(
        methods=("conversations.history", "conversations.replies"), scopes=_HISTORY
    ),
    "messages in the timeline": Needs(
        methods=("chat.getPermalink", "conversations.history", "conversations.replies"),
        scopes=(*_HISTORY[:2], "reactions:read"),
        events=("reaction_added", "reaction_removed"),
    ),
    "long output as a file": Needs(
        methods=("files.completeUploadExternal", "files.getUploadURLExternal"),
        scopes=("files:write",),
    ),
    "pinned cards": Needs(
        methods=("bookmarks.add", "bookmarks.list", "chat.getPermalink", "pins.add", "pins.list"),
        scopes=("bookmarks:read", "bookmarks:write", "pins:read", "pins:write"),
    ),
    "roles by user groups": Needs(
        methods=("usergroups.users.list", "users.info"), scopes=("usergroups:read", "users:read")
    ),
    "shared files": Needs(scopes=("files:read",), events=(*_TALK, "message.im")),
    "thread mode": Needs(scopes=_HISTORY[:2], events=_TALK),
    "time zones and guests": Needs(methods=("users.info",), scopes=("users:read",)),
    "what was said while it was away": Needs(
        methods=("conversations.history", "conversations.replies", "users.conversations"),
        scopes=(*_HISTORY, "channels:read", "groups:read", "im:read"),
    ),
}
"""By feature. Files are fetched from their own address, by no method; the shortcuts on messages
(`SHORTCUTS`) need `commands`."""

SHORTCUTS: Mapping[str, tuple[str, str]] = {
    "recall_find_similar": ("Find similar", "Past incidents and runbooks like this message"),
    "recall_save_resolution": ("Save as resolution", "End the incident; this is what fixed it"),
    "recall_to_timeline": ("Add to timeline", "Keep this message with its incident"),
}
"""Message shortcuts: callback id to (name, what it does), as the manifest tells Slack."""


def scopes_of(features: Mapping[str, Needs]) -> Mapping[str, tuple[str, ...]]:
    """Each scope, in order, with the names of the features that need it."""
    found: dict[str, list[str]] = {}
    for name, needs in features.items():
        for scope in needs.scopes:
            found.setdefault(scope, []).append(name)
    return {scope: tuple(found[scope]) for scope in sorted(found)}


def features_off(held: frozenset[str]) -> Mapping[str, tuple[str, ...]]:
    """The features that these scopes are too few for, with the scopes that each lacks."""
    lacking = {
        name: tuple(scope for scope in needs.scopes if scope not in held)
        for name, needs in FEATURES.items()
    }
    return {name: missing for name, missing in lacking.items() if missing}
