"""What makes a conversation of questions: follow-ups, commands in a mention, shared files, the
assistant pane. Runs in the engine, before and beside `inbound`."""

import logging
import re
from collections.abc import Callable
from dataclasses import dataclass, replace

from bot.chat.messages import AnyMessage, Board, Notice
from bot.chat.ports import Destination
from bot.clock import Clock
from bot.commands.book import CommandBook
from bot.commands.model import Caller, Reply
from bot.commands.typed import command_line, without_ask
from bot.errors import ChatRefused
from bot.people.model import Actor, Role
from bot.slack.assistant import Pane, PaneOpened
from bot.slack.client import is_direct
from bot.slack.files import FileReader
from bot.slack.payloads import Said
from bot.suggestions.following import Asked, FollowUps
from bot.suggestions.followups import FollowUp, Understood
from bot.suggestions.threads import Thread
from bot.uow import UnitOfWorkFactory
from knowledge.model import Audience

_log = logging.getLogger(__name__)

_OPENS = (
    "That opens a form, which Slack lets me do only for a command or a button: "
    "type /recall {line} in the message field."
)
_EMOJI = re.compile(r":[a-z0-9_+'-]{1,60}:", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """A message with its files read. `problems` say which could not be, and what to do."""

    said: Said
    problems: tuple[str, ...] = ()

    @property
    def note(self) -> str:
        return " ".join(self.problems)


class Asking:
    """`is_shared` tells whether a channel is shared with another organisation."""

    def __init__(
        self,
        units: UnitOfWorkFactory,
        clock: Clock,
        follow_ups: FollowUps,
        *,
        book: CommandBook | None = None,
        role_of: Callable[[Actor], Role] | None = None,
        files: FileReader | None = None,
        pane: Pane | None = None,
        is_shared: Callable[[str, str], bool] | None = None,
        redact: Callable[[str], str] = lambda text: text,
    ) -> None:
        self._units = units
        self._clock = clock
        self._follow_ups = follow_ups
        self._book = book
        self._role_of = role_of
        self._files = files
        self._pane = pane
        self._is_shared = is_shared
        self._redact = redact

    # -- what was said ----------------------------------------------------------------------

    def hear(self, said: Said) -> Heard:
        """The message with the texts of its files as log lines. May take its time."""
        said = replace(said, question=without_ask(said.question))
        if self._files is None or not said.files:
            return Heard(said=said)
        texts, problems = [said.typed_logs], []
        for file in said.files:
            read = self._files.read(file)
            texts.append(read.text)
            if read.problem:
                problems.append(self._redact(read.problem))
        logs = "\n".join(text.strip("\n") for text in texts if text.strip())
        return Heard(said=replace(said, logs=logs), problems=tuple(problems))

    def is_guest(self, said: Said) -> bool:
        """Whether whoever says it holds no role: a guest of the workspace, or somebody of another
        organisation in a conversation that is not known as shared. May ask Slack."""
        if self._role_of is None:
            return False
        if said.actor.team_id != said.team_id:
            return not said.is_shared
        return not self._role_of(said.actor).includes(Role.RESPONDER)

    # -- what it asks for -------------------------------------------------------------------

    def understood(self, said: Said, thread: Thread) -> Understood:
        return self._follow_ups.understood(said.question, said.logs, thread)

    def follow(self, said: Said, key: str, thread: Thread, meant: Understood) -> bool:
        """Answer a follow-up; False when it is a question of its own."""
        if meant.kind in (FollowUp.ANOTHER, FollowUp.ENVIRONMENT):
            self.working(said)
        place = Destination(said.team_id, said.channel)
        asked = Asked(
            actor=said.actor,
            to=Destination(said.team_id, said.channel, thread=said.thread_ts or said.ts),
            key=key,
            question=said.question,
            logs=said.logs,
            audience=Audience(channel=place.channel_key, sees_nothing=said.is_shared),
        )
        return self._follow_ups.answer(asked, thread, meant)

    def command(self, said: Said, key: str) -> bool:
        """Do what a mention that is a command says, and reply in the thread; False for a
        question."""
        if self._book is None or self._role_of is None or said.logs:
            return False
        line = command_line(said.question, self._book.names)
        if line is None:
            return False
        to = Destination(said.team_id, said.channel, thread=said.thread_ts or said.ts)
        is_ours = said.actor.team_id == said.team_id
        caller = Caller(
            actor=said.actor,
            name=said.actor.user_id,
            role=self._role_of(said.actor) if is_ours else Role.GUEST,
            at=to,
            is_shared=said.is_shared,
        )
        message = _message_of(self._book.run(caller, line), line)
        if isinstance(message, Board):
            message = message.model_copy(update={"asked_by": said.actor.key})
        with self._units.begin() as uow:
            if uow.outbox.destination(key) is None:
                uow.outbox.put(key, to, message, self._clock.now())
        return True

    # -- Slack ------------------------------------------------------------------------------

    def working(self, said: Said) -> None:
        """Say in the pane that a search is on."""
        if self._pane is not None and said.is_direct:
            self._pane.working(said.channel, said.thread_ts or said.ts)

    def pane_opened(self, opened: PaneOpened) -> None:
        """Offer what is open to whoever looks at the pane; nothing to a guest."""
        viewer = Actor(opened.team_id, opened.user_id)
        if self._role_of is not None and not self._role_of(viewer).includes(Role.RESPONDER):
            return
        if self._pane is not None:
            self._pane.offer(opened)

    def is_shared(self, team_id: str, channel: str) -> bool:
        """Where it cannot be told, it counts as shared: then nothing is said of any record."""
        if self._is_shared is None or is_direct(channel):
            return False
        try:
            return self._is_shared(team_id, channel)
        except ChatRefused as error:
            _log.warning("a channel could not be looked at: %s", error)
            return True


def is_nothing(question: str) -> bool:
    """Whether there is no word in it: only emoji, punctuation, or nothing at all."""
    return not any(letter.isalnum() for letter in _EMOJI.sub(" ", question))


def _message_of(reply: Reply, line: str) -> AnyMessage:
    if reply.message is not None:
        return reply.message
    return Notice(text=_OPENS.format(line=line))
