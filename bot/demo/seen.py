"""What a beat of the story is, and what it showed."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from bot.demo.text_card import message_text
from bot.workspace.model import Message


@dataclass(slots=True)
class Seen:
    """What a beat showed: messages as text, and the checks with how they came out.

    `names` are people's names by their ids, for the messages that mention them.
    """

    names: Mapping[str, str] = field(default_factory=dict)
    shown: list[tuple[str, str]] = field(default_factory=list)
    checks: list[tuple[str, bool]] = field(default_factory=list)

    def check(self, what: str, came_true: bool) -> None:
        self.checks.append((what, came_true))

    def show(self, title: str, message: Message) -> None:
        self.shown.append((title, message_text(message.blocks, message.text, self.names)))

    @property
    def ok(self) -> bool:
        return all(came_true for _, came_true in self.checks)


@dataclass(frozen=True, slots=True)
class Beat:
    """`what` happens, and what people see of it once it has been played (`then`)."""

    time: str
    what: str
    then: str
    play: Callable[[], Seen]
