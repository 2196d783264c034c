"""What each feature beyond posting needs of Slack, in one table.

Each degrades by itself: without a scope or a method the feature is off, and one line in the log
says which.
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Needs:
    """The Web API methods that a feature calls, the bot scopes and events that it takes."""

    methods: tuple[str, ...] = ()
    scopes: tuple[str, ...] = ()
    events: tuple[str, ...] = ()


FEATURES: Mapping[str, Needs] = {
    "digest": Needs(methods=("conversations.open",), scopes=("im:write",)),
    "home": Needs(methods=("views.publish",), events=("app_home_opened",)),
    "profile": Needs(methods=("users.info",), scopes=("users:read",)),
}
