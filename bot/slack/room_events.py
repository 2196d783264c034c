"""From what happens to channels and messages to its use case. Runs in the engine."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from bot.slack import payloads
from bot.slack.cue_proposals import CueProposals
from bot.slack.degrade import OptionalCalls
from bot.slack.incident_rooms import IncidentRooms
from bot.slack.kept_messages import KeptMessages
from bot.slack.let_in import LetIn
from bot.slack.reading import SlackReader
from bot.slack.room_payloads import (
    Changed,
    Pasted,
    Posted,
    Reacted,
    RoomBack,
    RoomClosed,
    RoomOpened,
    cued,
    room_event,
)
from bot.slack.tool_posts import ToolPosts


class RoomEvents:
    """`rooms` is None where no incident channels are configured. `let_in` is told of channels that
    the bot is in again."""

    def __init__(
        self,
        rooms: IncidentRooms | None,
        kept: KeptMessages,
        posts: ToolPosts,
        reader: SlackReader,
        cues: CueProposals,
        optional: OptionalCalls,
        let_in: LetIn,
    ) -> None:
        self._let_in = let_in
        self._optional = optional
        self._rooms = rooms
        self._cues = cues
        self._kept = kept
        self._posts = posts
        self._reader = reader

    def press(self, click: payloads.Click, team_id: str) -> bool:
        """Whether the button is one of a proposal for a timeline; then it is dealt with."""
        return self._cues.press(click, team_id)

    def process(self, body: Mapping[str, Any], paste: Callable[[payloads.Said], None]) -> bool:
        """False for what is none of these events. `paste` takes in pasted logs. May raise
        ChatUnavailable."""
        said_so = cued(body) if self._rooms is not None else None
        if said_so is not None:
            self._cues.heard(said_so)  # and it may be more than that: a reply under a card
        event = room_event(body)
        if isinstance(event, RoomOpened | RoomBack):
            self._let_in(event.team_id, event.channel)
        match event:
            case None:
                return False
            case RoomOpened() if self._rooms is not None:
                self._rooms.opened(event)
            case RoomClosed() if self._rooms is not None:
                self._rooms.closed(event)
            case RoomBack() if self._rooms is not None:
                self._rooms.back(event)
            case Reacted():
                self._kept.reacted(event)
            case Changed():
                self._kept.changed(event)
                self._cues.changed(event)
            case Posted():
                self._posts.posted(event)
            case Pasted(said):
                current = self._as_it_is(said)
                if current is not None:
                    paste(current)
        return True

    def _as_it_is(self, said: payloads.Said) -> payloads.Said | None:
        """The message as it is now: edits and deletions can be dealt with before it is."""

        def logs() -> str | None:
            message = self._reader.message(said.channel, said.ts)
            return message.logs if message is not None else None

        as_told: str | None = said.logs
        now = self._optional.ask("looking whether a paste was edited", logs, otherwise=as_told)
        return replace(said, logs=now) if now else None
