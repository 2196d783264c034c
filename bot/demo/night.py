"""One night of the story while it is played: what is known so far, and how to look at things
from outside: through the workspace, where people look, and the HTTP API, where programs do."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from bot.demo.machines.plant import Plant
from bot.demo.seen import Seen
from bot.demo.stage import CHANNEL, Stage
from bot.demo.story import Story, StoryAlert, TrueCause
from bot.demo.text_card import message_text
from bot.workspace.model import Message

PATIENCE_SECONDS = 60.0
"""How long a beat waits for what it has to see: on an idle machine a few seconds are enough, on one
on which all else runs as well they are not."""


@dataclass(slots=True)
class Night:
    """What the beats share. `card` is the one of the first alert, `tonight` its incident's key,
    `request` the message of the action that was asked for, `pid` the process that it restarts."""

    stage: Stage
    story: Story
    cause: TrueCause
    plant: Plant
    card: Message | None = None
    tonight: str = ""
    request: Message | None = None
    pid: int = 0
    names: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        stage = self.stage
        users = [stage.workspace.bot, *(stage.person(name).user for name in stage.users)]
        self.names = {user.id: user.name for user in users}

    def seen(self) -> Seen:
        return Seen(names=self.names)

    # -- what comes in ------------------------------------------------------------------------

    def fire(self, alert: StoryAlert, status: str = "firing") -> None:
        self.stage.alert(alert.source, alert.body(datetime.now(UTC), status=status))

    # -- waiting ------------------------------------------------------------------------------

    def wait(self, seen: Callable[[], Any]) -> Any:
        """What `seen` gives once it gives something, looked at whenever the workspace changes.
        Raises TimeoutError."""
        return self.stage.workspace.wait_for(seen, PATIENCE_SECONDS)

    def until(self, condition: Callable[[], bool]) -> None:
        """Until something holds that is seen through the API or at the machines. Raises
        TimeoutError."""
        self.stage.bot.until(condition, PATIENCE_SECONDS)

    def happens(self, condition: Callable[[], bool]) -> bool:
        """Whether it holds in time: for what is then told as a check."""
        try:
            self.until(condition)
        except TimeoutError:
            return False
        return True

    # -- what there is ------------------------------------------------------------------------

    def the_card(self) -> Message:
        if self.card is None:
            raise RuntimeError("the first beat has not been played")
        return self.card

    def the_request(self) -> Message:
        if self.request is None:
            raise RuntimeError("nothing has been asked for")
        return self.request

    def cards(self) -> list[Message]:
        """The bot's messages in the channel that are no replies, oldest first."""
        return [m for m in self.stage.bot_messages() if not m.is_reply]

    def wait_card(self, *said: str, but: Sequence[Message] = ()) -> Message:
        """The newest message that says all that, apart from those given."""
        old = {message.ts for message in but}

        def found() -> Message | None:
            new = (m for m in reversed(self.cards()) if m.ts not in old)
            return next((m for m in new if all(part in words(m) for part in said)), None)

        card: Message = self.wait(found)
        return card

    def current(self, message: Message) -> Message:
        """The message as it stands there now."""
        return next(m for m in self.stage.messages() if m.ts == message.ts)

    def wait_says(self, message: Message, *said: str) -> Message:
        """The message, once it was edited and says all that."""

        def found() -> Message | None:
            now = self.current(message)
            return now if now.edited and all(part in words(now) for part in said) else None

        edited: Message = self.wait(found)
        return edited

    def replies(self, under: Message) -> list[Message]:
        """The bot's replies in a thread, oldest first."""
        thread = self.stage.workspace.thread(CHANNEL, under.ts)
        bot = self.stage.workspace.bot.id
        return [m for m in thread if m.user == bot and m.ts != under.ts]

    def last_reply(self, under: Message) -> Message | None:
        replies = self.replies(under)
        return replies[-1] if replies else None

    def incident(self, alert_name: str) -> Mapping[str, Any]:
        """The newest incident with that alert. Raises LookupError."""
        incident = self.stage.incident(alert_name)
        if incident is None:
            raise LookupError(f"no incident of {alert_name}")
        return incident

    def tonights(self) -> Mapping[str, Any]:
        """The incident that the story is about."""
        found: Mapping[str, Any] = self.stage.bot.get(f"/v1/incidents/{self.tonight}")
        return found

    def ask(self, alert: StoryAlert) -> Mapping[str, Any]:
        """What the API answers to somebody who asks about that alert."""
        with self.stage.bot.client() as client:
            body = {"text": f"{alert.name}: {alert.text}", "labels": dict(alert.labels)}
            answer: Mapping[str, Any] = client.post("/v1/suggest", json=body).json()
        return answer


def words(message: Message) -> str:
    return message_text(message.blocks, message.text)
