"""What an app shows while it helps somebody: its status, a title, prompts to pick from."""

from dataclasses import dataclass, field, replace
from typing import Any

STATUS_SECONDS = 120.0
MAX_PROMPTS = 4
MAX_LOADING_MESSAGES = 10


@dataclass(frozen=True, slots=True)
class Prompt:
    """A suggestion: `title` stands on the button, `message` is said when it is pressed."""

    title: str
    message: str


@dataclass(frozen=True, slots=True)
class Prompts:
    """The suggestions on screen, under a title."""

    offered: tuple[Prompt, ...] = ()
    title: str = ""

    def json(self) -> dict[str, Any]:
        """What the page shows of them."""
        prompts = [{"title": one.title, "message": one.message} for one in self.offered]
        return {"title": self.title, "prompts": prompts}


@dataclass(frozen=True, slots=True)
class AssistantThread:
    """One thread with the app. `expires` is when an unanswered status goes, in seconds.

    `context` is the channel id that the person looks at beside it.
    """

    status: str = ""
    loading_messages: tuple[str, ...] = ()
    expires: float = 0.0
    title: str = ""
    prompts: Prompts = field(default_factory=Prompts)
    context: str = ""

    def status_at(self, now: float) -> str:
        """The status that is on screen at `now`; empty when there is none."""
        return self.status if now <= self.expires else ""

    def working(self, status: str, loading: tuple[str, ...], now: float) -> "AssistantThread":
        """The same thread with this status, which lasts two minutes at most."""
        expires = now + STATUS_SECONDS
        return replace(self, status=status, loading_messages=loading, expires=expires)

    def answered(self) -> "AssistantThread":
        """The same thread after the app has said something in it: the status is over."""
        return replace(self, status="", loading_messages=())

    def spoken_to(self) -> "AssistantThread":
        """The same thread after a person has written there: the prompts are used up."""
        return replace(self, prompts=Prompts())

    def json(self, now: float) -> dict[str, Any]:
        """What the page shows of it."""
        status = self.status_at(now)
        return {
            "status": status,
            "loading_messages": list(self.loading_messages) if status else [],
            "title": self.title,
            "suggested": self.prompts.json(),
        }
