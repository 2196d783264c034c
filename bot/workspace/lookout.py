"""Looking around in a workspace and waiting for things to happen there."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import TypeVar

from bot.workspace.assistant import AssistantThread, Prompts
from bot.workspace.core import Core
from bot.workspace.delivery import Delivery
from bot.workspace.driver import OtherApp, Person
from bot.workspace.model import Channel, ChannelKind, Message, User, UserGroup
from bot.workspace.socket_mode import SocketMode

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Room:
    """A channel to begin with. `members` are names; None stands for every person.

    The bot is a member too unless `bot` says otherwise.
    """

    name: str
    private: bool = False
    bot: bool = True
    members: tuple[str, ...] | None = None
    shared: bool = False
    topic: str = ""


class Lookout:
    """The people, places, messages and deliveries of a workspace, for tests and the demo."""

    def __init__(self, core: Core, socket_mode: SocketMode) -> None:
        self._core = core
        self._socket_mode = socket_mode

    @property
    def team_id(self) -> str:
        """The workspace's team id."""
        return self._core.state.team_id

    @property
    def bot(self) -> User:
        """The bot's user."""
        return self._core.state.bot

    # -- people and places --------------------------------------------------------------

    def user(self, name: str) -> Person:
        """The person with this name or id."""
        return Person(self._core, self._core.state.user_named(name))

    def add_user(
        self,
        name: str,
        *,
        guest: bool = False,
        team_id: str | None = None,
        tz: str = "Europe/London",
    ) -> Person:
        """One more person, a member of no channel yet; of another organisation by `team_id`."""
        with self._core.state.changed:
            user = self._core.state.add_user(name, guest=guest, team_id=team_id, tz=tz)
            return Person(self._core, user)

    def add_user_group(self, handle: str, members: Iterable[str]) -> UserGroup:
        """A group that these people (names) are in from now on, by its handle without @."""
        state = self._core.state
        with state.changed:
            users = [state.user_named(name).id for name in members]
            return state.add_group(handle, handle.replace("-", " ").title(), users)

    def other_app(self, name: str) -> OtherApp:
        """Another app by its name, installed on first use."""
        with self._core.state.changed:
            known = [user for user in self._core.state.users.values() if user.name == name]
            user = known[0] if known else self._core.state.add_user(name, bot=True)
            return OtherApp(self._core, user)

    def add_channel(self, room: Room) -> Channel:
        """Set up a channel without telling the app (see Person.creates_channel for that)."""
        state = self._core.state
        with state.changed:
            people = [user.id for user in state.users.values() if not user.is_bot]
            members = (
                people
                if room.members is None
                else [state.user_named(name).id for name in room.members]
            )
            if room.bot:
                members = [*members, state.bot.id]
            kind: ChannelKind = "group" if room.private else "channel"
            channel = state.add_channel(
                room.name,
                kind,
                members[0] if members else state.bot.id,
                members,
                shared=room.shared,
            )
            channel.topic = room.topic
            return channel

    def channel_id(self, name: str) -> str:
        """The id of a channel by its name."""
        return self._core.state.channel_named(name).id

    # -- looking ------------------------------------------------------------------------

    def messages(self, channel: str) -> list[Message]:
        """What stands in a channel, oldest first, replies left out."""
        with self._core.state.changed:
            place = self._core.state.channel_named(channel)
            return [m for m in place.messages.values() if not m.is_reply or m.broadcast]

    def thread(self, channel: str, ts: str) -> list[Message]:
        """A message and its replies, oldest first."""
        with self._core.state.changed:
            return list(self._core.state.channel_named(channel).thread(ts))

    def message(self, channel: str, ts: str) -> Message:
        """The message as it is now. Raises SlackError (message_not_found)."""
        with self._core.state.changed:
            return self._core.state.message(self._core.state.channel_named(channel), ts)

    def direct_messages(self, user: str) -> list[Message]:
        """The conversation of a person with the bot, oldest first."""
        state = self._core.state
        with state.changed:
            place = state.direct(state.user_named(user).id, state.bot.id)
            return list(place.messages.values())

    def ephemeral(self, channel: str, user: str) -> list[Message]:
        """What only this person sees in a channel, oldest first."""
        state = self._core.state
        with state.changed:
            reader = state.user_named(user).id
            place = state.channel_named(channel)
            return [m for m in place.ephemeral.values() if m.ephemeral_to == reader]

    def pinned(self, channel: str) -> list[Message]:
        """The pinned messages of a channel."""
        with self._core.state.changed:
            place = self._core.state.channel_named(channel)
            return [place.messages[ts] for ts in place.pins]

    def assistant_thread(self, message: Message) -> AssistantThread:
        """What the app shows beside the thread of a message: status, title, prompts."""
        state = self._core.state
        with state.changed:
            place = state.channel(message.channel)
            found = place.assistant.get(message.thread_ts or message.ts, AssistantThread())
            return replace(found, status=found.status_at(state.clock()))

    def prompts(self, user: str) -> Prompts:
        """What the app suggests to say in this person's Messages tab."""
        state = self._core.state
        with state.changed:
            return state.direct(state.user_named(user).id, state.bot.id).prompts

    @property
    def deliveries(self) -> list[Delivery]:
        """Everything sent to the app so far, with attempts and acknowledgements."""
        return list(self._core.deliveries.log)

    @property
    def connections(self) -> list[str]:
        """The app's open Socket Mode connections."""
        return self._socket_mode.connections

    # -- waiting ------------------------------------------------------------------------

    def wait_for(self, condition: Callable[[], T], timeout: float = 20.0) -> T:
        """Wait until `condition()` is true and give its value.

        It is looked at again after every change, not on a timer. Raises TimeoutError with
        what the channels show, after `timeout` seconds of real time.
        """
        state = self._core.state
        with state.changed:
            found = state.changed.wait_for(condition, timeout)
            if not found:
                raise TimeoutError(f"it did not happen within {timeout} s; {self.transcript()}")
            return found

    def wait_for_message(
        self,
        channel: str,
        containing: str = "",
        *,
        thread_ts: str | None = None,
        by_bot: bool = True,
        timeout: float = 20.0,
    ) -> Message:
        """The newest message (of the bot) whose text or blocks contain these words."""

        def found() -> Message | None:
            here = self.messages(channel) if thread_ts is None else self.thread(channel, thread_ts)
            for message in reversed(here):
                ours = not by_bot or message.user == self.bot.id
                if ours and containing in message.text + str(list(message.blocks)):
                    return message
            return None

        message = self.wait_for(found, timeout)
        assert message is not None  # wait_for gives only true values
        return message

    def wait_until_connected(self, connections: int = 1, timeout: float = 10.0) -> None:
        """Wait until the app has this many Socket Mode connections."""
        self.wait_for(lambda: len(self.connections) >= connections, timeout)

    def wait_until_acked(self, delivery: Delivery, timeout: float = 20.0) -> Delivery:
        """Wait until the app has acknowledged a delivery."""
        self.wait_for(lambda: delivery.acked, timeout)
        return delivery

    def transcript(self) -> str:
        """All channels as text, for error messages and the console."""
        state = self._core.state
        lines = []
        with state.changed:
            for channel in state.channels.values():
                lines.append(f"#{channel.name or channel.id}:")
                for message in channel.messages.values():
                    name = state.users[message.user].name
                    indent = "      " if message.is_reply else "  "
                    lines.append(f"{indent}{name}: {message.text[:200]}")
        return "\n".join(lines)

    def redeliver_last_event(self) -> Delivery:
        """Send the newest event once more, as Slack does now and then."""
        events = [d for d in self._core.deliveries.log if d.kind == "events_api"]
        if not events:
            raise LookupError("no event has been sent yet")
        self._core.deliveries.again(events[-1])
        return events[-1]
