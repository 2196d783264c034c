"""What each feature needs of Slack: without its scopes it is left out, and nothing else is."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Feature:
    """`methods` of the Web API, `scopes` of the bot token, `events` to subscribe to."""

    methods: tuple[str, ...]
    scopes: tuple[str, ...]
    events: tuple[str, ...] = ()


FEATURES: Mapping[str, Feature] = {
    "assistant pane": Feature(
        methods=("assistant.threads.setStatus", "assistant.threads.setSuggestedPrompts"),
        scopes=("assistant:write", "im:history"),
        events=(
            "app_home_opened",
            "assistant_thread_context_changed",
            "assistant_thread_started",
            "message.im",
        ),
    ),
    "find similar": Feature(
        methods=("views.open", "views.update"),
        scopes=("commands",),
    ),
    "shared files": Feature(
        methods=(),
        scopes=("files:read",),
        events=("message.channels", "message.groups", "message.im"),
    ),
}
"""By feature. "find similar" is the message shortcut `recall_find_similar`; shared files are
fetched from their `url_private`, by no method."""
