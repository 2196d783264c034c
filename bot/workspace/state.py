"""Everything the workspace knows, behind one lock, with a signal for every change.

All other modules work on one `State` while they hold `state.changed`; nothing blocks while
holding it, so that a test thread, the server's loop and the page never see half a change.
"""

import threading
from collections.abc import Callable

from bot.workspace.errors import SlackError
from bot.workspace.model import JSON, Channel, ChannelKind, File, Message, User, UserGroup, View

_BASE36 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"

Emit = Callable[[JSON], None]


class State:
    """The workspace's memory: users, channels, files, views.

    `clock` gives seconds since the epoch. Ids count up, so the same story has the same ids.
    `emit` takes an event object (the inner `event`) that the app should hear of.
    """

    def __init__(
        self, *, team_id: str, team_name: str, bot_name: str, clock: Callable[[], float]
    ) -> None:
        self.clock = clock
        self.changed = threading.Condition(threading.RLock())
        self.revision = 0
        self.listeners: list[Callable[[], None]] = []
        self.emit: Emit = lambda event: None
        self.base_url = ""
        self._counter = 0
        self._last_ts = 0
        self.team_id = team_id
        self.team_name = team_name
        self.team_domain = team_name.lower().replace(" ", "-")
        self.app_id = self.next_id("A")
        self.users: dict[str, User] = {}
        self.channels: dict[str, Channel] = {}
        self.files: dict[str, File] = {}
        self.groups: dict[str, UserGroup] = {}
        self.views: dict[str, list[View]] = {}
        self.homes: dict[str, View] = {}
        self.bot = self.add_user(bot_name, bot=True)

    # -- time and ids -------------------------------------------------------------------

    def next_id(self, prefix: str) -> str:
        """A new id such as `C0LW000007`: the prefix, then a counter in base 36."""
        self._counter += 1
        number, digits = self._counter, ""
        while number:
            number, rest = divmod(number, 36)
            digits = _BASE36[rest] + digits
        return f"{prefix}0LW{digits.rjust(6, '0')}"

    def next_ts(self) -> str:
        """A message timestamp in seconds with six decimals, unique and increasing."""
        self._last_ts = max(self._last_ts + 1, int(self.clock() * 1_000_000))
        return f"{self._last_ts // 1_000_000}.{self._last_ts % 1_000_000:06d}"

    def touch(self) -> None:
        """Tell everybody who waits that something has changed."""
        with self.changed:
            self.revision += 1
            self.changed.notify_all()
            for listener in self.listeners:
                listener()

    # -- people -------------------------------------------------------------------------

    def add_user(
        self,
        name: str,
        *,
        real_name: str = "",
        guest: bool = False,
        bot: bool = False,
        team_id: str | None = None,
        tz: str = "Europe/London",
    ) -> User:
        """Add a person (of another organisation with its `team_id`), or the bot user of an app."""
        user = User(
            id=self.next_id("U"),
            team_id=team_id or self.team_id,
            name=name,
            real_name=real_name or name.replace(".", " ").title(),
            email=f"{name}@{self.team_domain}.example",
            tz=tz,
            is_guest=guest,
            bot_id=self.next_id("B") if bot else None,
            app_id=self.app_id if bot and not self.users else self.next_id("A") if bot else None,
        )
        self.users[user.id] = user
        return user

    def user(self, user_id: str) -> User:
        """The user with this id; `user_not_found` otherwise."""
        try:
            return self.users[user_id]
        except KeyError:
            raise SlackError("user_not_found") from None

    def user_named(self, name: str) -> User:
        """The user with this name or id; KeyError otherwise (a mistake of the test)."""
        for user in self.users.values():
            if name in (user.name, user.id):
                return user
        raise KeyError(f"nobody is called {name!r} here")

    def names(self) -> tuple[dict[str, str], dict[str, str]]:
        """Lower-case names to ids, of users and of public channels."""
        users = {user.name.lower(): user.id for user in self.users.values()}
        channels = {c.name: c.id for c in self.channels.values() if c.kind == "channel"}
        return users, channels

    def add_group(self, handle: str, name: str, users: list[str]) -> UserGroup:
        """Add a group of people (user ids), or set who is in the one with this handle."""
        known = next((g.id for g in self.groups.values() if g.handle == handle), None)
        group = UserGroup(known or self.next_id("S"), handle, name, tuple(users))
        self.groups[group.id] = group
        return group

    # -- channels -----------------------------------------------------------------------

    def add_channel(
        self,
        name: str,
        kind: ChannelKind,
        creator: str,
        members: list[str],
        *,
        shared: bool = False,
    ) -> Channel:
        """Add a channel that has `members` (user ids) from the start."""
        prefix = {"channel": "C", "group": "C", "im": "D"}[kind]
        channel = Channel(
            id=self.next_id(prefix),
            name=name,
            kind=kind,
            creator=creator,
            created=int(self.clock()),
            members=list(dict.fromkeys(members)),
            is_shared=shared,
        )
        self.channels[channel.id] = channel
        return channel

    def channel(self, channel_id: str, *, viewer: str | None = None) -> Channel:
        """The channel with this id, if `viewer` may know of it; else `channel_not_found`."""
        channel = self.channels.get(channel_id)
        if channel is None:
            raise SlackError("channel_not_found")
        if viewer is not None and channel.kind != "channel" and viewer not in channel.members:
            raise SlackError("channel_not_found")
        return channel

    def channel_named(self, name: str) -> Channel:
        """The channel with this name (with or without #) or id; KeyError otherwise."""
        wanted = name.removeprefix("#")
        for channel in self.channels.values():
            if wanted == channel.id or (channel.kind != "im" and wanted == channel.name):
                return channel
        raise KeyError(f"no channel is called {name!r} here")

    def direct(self, one: str, other: str) -> Channel:
        """The direct conversation of two users, opened when it was not yet."""
        for channel in self.channels.values():
            if channel.kind == "im" and set(channel.members) == {one, other}:
                return channel
        return self.add_channel("", "im", one, [one, other])

    def message(self, channel: Channel, ts: str) -> Message:
        """The visible message at `ts`; `message_not_found` otherwise."""
        try:
            return channel.messages[ts]
        except KeyError:
            raise SlackError("message_not_found") from None

    def file(self, file_id: str) -> File:
        """The file with this id; `file_not_found` otherwise."""
        try:
            return self.files[file_id]
        except KeyError:
            raise SlackError("file_not_found") from None
