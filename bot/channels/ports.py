"""The repositories behind channels: preferences, placements, posts of other apps."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from bot.alerts.model import AlertStatus
from bot.channels.model import ChannelSettings, PersonSettings, Placement, ToolPost
from bot.chat.ports import CardRoom


class Preferences(Protocol):
    """What channels and people chose. Never set is the same as the defaults."""

    def channel(self, team_id: str, channel: str) -> ChannelSettings: ...

    def channels(self, team_id: str) -> Mapping[str, ChannelSettings]:
        """All that were ever set, by channel id, in the order of the ids."""
        ...

    def everywhere(self) -> Mapping[tuple[str, str], ChannelSettings]:
        """All channels that ever chose something, by (team id, channel id), in that order."""
        ...

    def person(self, team_id: str, user_id: str) -> PersonSettings: ...

    def save_channel(
        self, team_id: str, channel: str, settings: ChannelSettings, *, actor: str, now: datetime
    ) -> None: ...

    def save_person(
        self, team_id: str, user_id: str, settings: PersonSettings, *, actor: str, now: datetime
    ) -> None: ...


class Placements(Protocol):
    """Where incidents are spoken of."""

    def place(self, placement: Placement) -> None:
        """Keep it; the first word on an incident stands."""
        ...

    def of(self, incident_id: int) -> Placement | None: ...

    def since(self, team_id: str, channel: str, at: datetime) -> Sequence[Placement]:
        """Those of a channel from `at` on, oldest first."""
        ...

    def everywhere_since(self, at: datetime) -> Sequence[Placement]:
        """Those of all channels from `at` on, oldest first."""
        ...

    def dedicate(self, team_id: str, channel: str, incident_id: int, now: datetime) -> None:
        """This channel was made for that incident; a later word replaces an earlier one."""
        ...

    def incident_of(self, team_id: str, channel: str) -> int | None:
        """The incident that a channel was made for; a closed channel is for none."""
        ...

    def channel_of(self, incident_id: int) -> tuple[str, str] | None:
        """(team id, channel) that was made for the incident; the newest of several that are
        not closed."""
        ...

    def channels_of(self, incident_id: int) -> Sequence[tuple[str, str]]:
        """All that were made for the incident and are not closed, newest first."""
        ...

    def close(self, team_id: str, channel: str, now: datetime) -> bool:
        """The channel was archived or is gone; False when it was made for no incident, or was
        closed before."""
        ...

    def reopen(self, team_id: str, channel: str) -> bool:
        """The channel is back; False when it was not closed."""
        ...

    def is_closed(self, team_id: str, channel: str) -> bool: ...

    def add_post(self, post: ToolPost) -> bool:
        """Keep it, or its new text after an edit; False when it was kept like this before."""
        ...

    def posts(self, team_id: str, channel: str, since: datetime) -> Sequence[ToolPost]:
        """Newest first."""
        ...

    def told(self, team_id: str, channel: str, ts: str) -> Mapping[str, AlertStatus]:
        """The alerts that were read out of a post, by fingerprint, as it told them last."""
        ...

    def keep_told(
        self, team_id: str, channel: str, ts: str, told: Mapping[str, AlertStatus], at: datetime
    ) -> None: ...

    def heard_in(self, incident_id: int) -> Sequence[tuple[str, str]]:
        """(team id, channel) of the posts that an incident's alerts were read out of, the one
        heard first in front."""
        ...

    def purge_posts(self, before: datetime) -> int: ...


class Rooms(Protocol):
    """The platform's channels, as places that cards can go to."""

    def default(self) -> CardRoom | None:
        """The configured channel for cards; None where none is. May raise ChatUnavailable or
        ChatRefused."""
        ...

    def of(self, team_id: str, channel: str) -> CardRoom:
        """That channel, and whether it is shared. May raise as `default` does."""
        ...

    def shadow(self) -> CardRoom | None:
        """The configured shadow channel; None where none is."""
        ...
