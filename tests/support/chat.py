"""FakeChat: the Chat port in memory, with the troubles of a real platform on demand."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from bot.chat.messages import AnyMessage
from bot.chat.ports import Destination
from bot.clock import Clock
from bot.errors import ChatRefused, ChatUnavailable

Said = AnyMessage


@dataclass
class Post:
    """A message as it stands in a channel."""

    to: Destination
    ref: str
    key: str
    message: Said
    at: datetime
    edits: list[Said] = field(default_factory=list)


class FakeChat:
    """Keeps what was said in `posts`. Troubles are exceptions queued in `troubles`, raised by
    the next calls before anything happens; `lose_answers` posts, and then says that it failed.
    """

    def __init__(self, clock: Clock) -> None:
        self.posts: list[Post] = []
        self.calls: list[tuple[str, str]] = []
        self.troubles: list[Exception] = []
        self.lose_answers = 0
        self.on_post: Callable[[], None] = lambda: None
        self._clock = clock
        self._lock = threading.Lock()

    def texts(self, channel: str) -> list[str]:
        """The notices of a channel as they stand now, in order."""
        return [str(getattr(p.message, "text", "")) for p in self.posts if p.to.channel == channel]

    def post(self, to: Destination, message: Said, *, key: str) -> str:
        with self._lock:
            self._trouble("post", key)
            ref = f"{len(self.posts) + 1}.0"
            self.posts.append(Post(to, ref, key, message, self._clock.now()))
        self.on_post()
        if self.lose_answers:
            self.lose_answers -= 1
            raise ChatUnavailable("posted, but the answer was lost")
        return ref

    def update(self, to: Destination, ref: str, message: Said, *, key: str) -> None:
        with self._lock:
            self._trouble("update", key)
            for post in self.posts:
                if post.ref == ref and post.to.channel == to.channel:
                    post.edits.append(message)
                    post.message = message
                    return
        raise ChatRefused("message_not_found", code="message_not_found")

    def find(self, to: Destination, key: str, since: datetime) -> str | None:
        with self._lock:
            self._trouble("find", key)
            for post in reversed(self.posts):
                if post.key == key and post.to == to and post.at >= since:
                    return post.ref
        return None

    def _trouble(self, call: str, key: str) -> None:
        self.calls.append((call, key))
        if self.troubles:
            raise self.troubles.pop(0)
