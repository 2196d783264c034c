"""What use cases share that take people's messages into the record of an incident."""

from collections.abc import Callable
from dataclasses import dataclass

from bot.chat.ports import Destination
from bot.clock import Clock
from bot.incidents.noting import Message
from bot.people.model import Actor, Role
from bot.slack.reading import ReadMessage, SlackReader
from bot.slack.room_payloads import moment_of
from bot.uow import UnitOfWorkFactory


@dataclass(frozen=True, slots=True)
class Taking:
    """`role_of` decides who may; `redact` takes secrets out of names and texts."""

    units: UnitOfWorkFactory
    reader: SlackReader
    role_of: Callable[[Actor], Role]
    redact: Callable[[str], str]
    clock: Clock

    def name_of(self, user_id: str) -> str:
        """A person's name, for reading. May raise ChatUnavailable."""
        return self.redact(self.reader.somebody(user_id).name)

    def taken(
        self, to: Destination, read: ReadMessage, *, is_private: bool, cue: str = ""
    ) -> Message:
        """The message as it is kept; of a private channel for that channel alone. May raise
        ChatUnavailable."""
        author = self.name_of(read.user) if read.user else self.redact(read.name or "an app")
        return Message(
            team_id=to.team_id,
            channel=to.channel,
            ts=read.ts,
            author=author,
            text=self.redact(read.text),
            at=moment_of(read.ts, self.clock.now()),
            link=self.reader.permalink(to.channel, read.ts),
            only=to.channel_key if is_private else "",
            cue=cue,
        )
