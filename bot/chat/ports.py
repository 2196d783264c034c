"""The Chat port (a platform that can say things) and the Outbox port (what is still to be said)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from bot.chat.messages import AnyMessage
from knowledge.model import Audience


@dataclass(frozen=True, slots=True)
class Destination:
    """Where a message goes. `thread` is the platform's id of the message it replies to."""

    team_id: str
    channel: str
    thread: str | None = None

    @property
    def channel_key(self) -> str:
        return f"{self.team_id}/{self.channel}"


@dataclass(frozen=True, slots=True)
class CardRoom:
    """The channel that incident cards go to. `is_shared`: with another organisation, whose
    people may see nothing that the memory holds."""

    to: Destination
    is_shared: bool = False

    @property
    def audience(self) -> Audience:
        """Whoever reads there."""
        return Audience(channel=self.to.channel_key, sees_nothing=self.is_shared)


class Chat(Protocol):
    """A chat platform. Every method raises ChatUnavailable (later) or ChatRefused (never)."""

    def post(self, to: Destination, message: AnyMessage, *, key: str) -> str:
        """Say it; returns the platform's id of the message. `key` is kept with the message
        as metadata, so that `find` can tell whether it was said."""
        ...

    def update(self, to: Destination, ref: str, message: AnyMessage, *, key: str) -> None:
        """Change what message `ref` says, in place."""
        ...

    def find(self, to: Destination, key: str, since: datetime) -> str | None:
        """The id of the message with metadata `key`, if one was posted since then."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingMessage:
    """A message whose desired content has not been sent yet.

    `ref` is None when it was never posted; then, if `attempted_at` is set, an earlier attempt
    may have succeeded without our knowing and the sender must look before it posts.
    """

    key: str
    to: Destination
    message: AnyMessage
    revision: int
    ref: str | None
    attempted_at: datetime | None
    attempts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far saying a message has come; revisions count what was put under its key."""

    desired: int
    sent: int
    sent_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """A channel in which nothing could be said since `since`: every message is refused.

    `messages` counts those that wait there, refused; `error` is the newest reason, with advice.
    """

    team_id: str
    channel: str
    since: datetime
    messages: int
    error: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SaidMessage:
    """A message that was said, or is on its way. `at` is when it was first put, `edits` how
    often it was changed in place since, `people` are the user ids that it mentions."""

    key: str
    to: Destination
    at: datetime
    people: tuple[str, ...] = ()
    edits: int = 0


class Outbox(Protocol):
    """Desired messages: one row a key. Saying again under the same key edits in place.

    Content that changes while unsent replaces the earlier content (edits coalesce). Rows of one
    channel are sent in the order in which they were first put.
    """

    def put(self, key: str, to: Destination, message: AnyMessage, now: datetime) -> None: ...

    def update_if_posted(self, key: str, message: AnyMessage, now: datetime) -> bool:
        """Change what `key` says if it exists (sent or not); False when it was never put."""
        ...

    def say_again(self, key: str, now: datetime) -> bool:
        """Try what was refused once more, with the words that it has; False when it is not
        refused."""
        ...

    def destination(self, key: str) -> tuple[Destination, str | None] | None:
        """Where `key` went, and its platform id if posted."""
        ...

    def key_of(self, team_id: str, channel: str, ref: str) -> str | None:
        """The key of a posted message, for replies in its thread."""
        ...

    def posted(
        self, team_id: str, channel: str, prefix: str, since: datetime, limit: int
    ) -> Sequence[str]:
        """Platform ids of messages whose key begins with `prefix`, said or changed since then,
        the newest first."""
        ...

    def progress(self, key: str) -> Progress | None:
        """None when `key` was never put."""
        ...

    def troubles(self, limit: int) -> Sequence[Trouble]:
        """Channels where what was said last was refused, the one longest in trouble first. A
        message that gets through ends a channel's trouble."""
        ...

    def keys_in_thread(self, team_id: str, channel: str, thread: str) -> Sequence[str]:
        """The keys of the messages that reply under another one, oldest first."""
        ...

    def said_since(
        self,
        at: datetime,
        team_id: str | None = None,
        channel: str | None = None,
        until: datetime | None = None,
    ) -> Sequence[SaidMessage]:
        """What was first put at `at` or later, and before `until`, oldest first; refused ones are
        left out. Edits of older messages are none of it."""
        ...

    def speak_in_turn(self) -> None:
        """Until this unit ends nobody else decides whether there is room for a message."""
        ...

    def message(self, key: str) -> AnyMessage | None:
        """What `key` is to say by now; None if it was never put."""
        ...

    def in_thread(
        self, team_id: str, channel: str, thread: str, limit: int
    ) -> Sequence[tuple[str, AnyMessage]]:
        """(key, what it says) of our messages in a thread, the one that it hangs under
        included; the newest `limit`, in the order in which they were first put."""
        ...

    def last_thread(self, team_id: str, channel: str, since: datetime) -> str | None:
        """The thread that we were last told to speak in, if that was since then."""
        ...

    def claim(self, now: datetime, lease_seconds: float, limit: int) -> Sequence[PendingMessage]:
        """At most one due message a channel, the oldest; leased, its attempt noted first."""
        ...

    def renew(self, keys: Sequence[str], now: datetime, lease_seconds: float) -> None:
        """Hold on to claimed messages whose leases have not run out."""
        ...

    def mark_sent(self, key: str, revision: int, ref: str, now: datetime) -> None: ...

    def mark_retry(self, key: str, not_before: datetime, error: str) -> None: ...

    def mark_refused(self, key: str, error: str, now: datetime) -> None:
        """Given up for good; kept and shown, never dropped."""
        ...

    def release_leases(self) -> int:
        """Forget all leases; only right when no other sender can be alive."""
        ...
