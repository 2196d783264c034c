"""The book of commands and forms: who may say what, and what is said to a typing mistake."""

from collections.abc import Iterator, Mapping

from bot.chat.forms import Answers, Form
from bot.chat.messages import AnyMessage, Board, BoardLine, BoardPart, Notice
from bot.commands.model import (
    INCIDENT,
    Caller,
    Command,
    FormHandler,
    Refused,
    Reply,
    Shortcut,
    Tools,
)
from bot.commands.parsing import meant_of, mistyped_key, nearest, other_key, split_key
from bot.errors import DataError
from bot.people.model import Role

SHARED = (
    "This channel is shared with another organisation, so nothing that is on record is told or "
    "changed here. Use an internal channel or a direct message."
)
_A_QUESTION = 3
"""So many words are more likely a question than a mistyped command."""
_QUOTED = 200
GUEST = "Guests hold no role here. Ask somebody of the team."


class CommandBook:
    """The use case behind slash commands, forms and shortcuts."""

    def __init__(
        self,
        tools: Tools,
        commands: Mapping[str, Command],
        forms: Mapping[str, FormHandler],
        shortcuts: Mapping[str, Shortcut] | None = None,
    ) -> None:
        self.tools = tools
        self._shortcuts = dict(shortcuts or {})
        self._commands = commands
        self._forms = forms

    @property
    def names(self) -> tuple[str, ...]:
        """What a line can begin with."""
        return (*self._commands, "help")

    def run(self, caller: Caller, line: str) -> Reply:
        """Do what `line` says (`status`, `ack RCL-12`, nothing for help). What cannot be done
        is told in words; Retryable errors come through."""
        typed, _, words = line.strip().partition(" ")
        name, words = typed.lower().rstrip("?!.,:;"), words.strip()
        try:
            self._admit(caller)
            if name in ("", "help"):
                return Reply(message=self._help(caller, words))
            command = self._commands.get(name)
            if command is None:
                return Reply(message=Notice(text=self._unknown(caller, typed, line)))
            self._require(caller, command.role, f"`{name}`")
            _check_key(command, words)
            return command.run(self.tools, caller, words)
        except (Refused, DataError) as error:
            return Reply(message=Notice(text=str(error)))

    def open(self, caller: Caller, form: str, about: str) -> Form:
        """The form `form` about something. Raises Refused or DataError."""
        self._admit(caller)
        handler = self._form(form)
        self._require(caller, handler.role, "this form")
        return handler.open(self.tools, caller, about)

    def fill(self, caller: Caller, form: str, about: str, offer: str) -> Form:
        """The form filled in by one tap. Raises Refused or DataError."""
        self._admit(caller)
        handler = self._form(form)
        self._require(caller, handler.role, "this form")
        if handler.fill is None:
            raise Refused("that offer is not known any more")
        return handler.fill(self.tools, caller, about, offer)

    def shortcut(self, caller: Caller, name: str, text: str) -> Form:
        """The form that a shortcut on a message opens; `text` is what the message says. Raises
        Refused or DataError."""
        self._admit(caller)
        shortcut = self._shortcuts.get(name)
        if shortcut is None:
            raise Refused("that shortcut is not known here; the app needs its newest manifest")
        return shortcut(self.tools, caller, text)

    def submit(self, caller: Caller, form: str, about: str, answers: Answers) -> Reply:
        """Take what was filled in. Raises FieldErrors, Refused or DataError."""
        self._admit(caller)
        handler = self._form(form)
        self._require(caller, handler.role, "this form")
        return handler.submit(self.tools, caller, about, answers)

    def _form(self, name: str) -> FormHandler:
        handler = self._forms.get(name)
        if handler is None:
            raise Refused("that form is not known any more; use the newest message")
        return handler

    def _admit(self, caller: Caller) -> None:
        if caller.is_shared:
            raise Refused(SHARED)
        if not caller.role.includes(Role.RESPONDER):
            raise Refused(GUEST)

    def _require(self, caller: Caller, role: Role, what: str) -> None:
        if not caller.role.includes(role):
            raise Refused(f"Only a {role.value} may use {what}; you are a {caller.role.value}.")

    def _allowed(self, caller: Caller) -> Mapping[str, Command]:
        return {
            name: command
            for name, command in self._commands.items()
            if caller.role.includes(command.role) and command.offered(self.tools, caller)
        }

    def _help(self, caller: Caller, about: str) -> AnyMessage:
        """What the caller may do; of one command, where one is named."""
        allowed = self._allowed(caller)
        wanted = about.lower().removeprefix("/recall ").strip()
        if wanted and wanted not in allowed:
            told = meant_of(wanted, allowed, "/recall help ") or " /recall help lists what I know."
            return Notice(text=f"I know no “{wanted}”.{told}")
        shown = {wanted: allowed[wanted]} if wanted else allowed
        lines = [line for command in shown.values() for line in self._lines_of(caller, command)]
        return Board(
            title="What you can tell me",
            parts=(BoardPart(lines=tuple(lines)),),
            note=(
                "Mention me with a question or paste log lines, in a channel, a thread or a "
                f"direct message. Where an incident is named, {INCIDENT} or 12 will do; in its own "
                "channel it can be left out."
            ),
        )

    def _lines_of(self, caller: Caller, command: Command) -> Iterator[BoardLine]:
        yield _line(command.name, command.usage, command.says)
        for more in command.more:
            if caller.role.includes(more.role) and more.offered(self.tools, caller):
                yield _line(command.name, more.usage, more.says)

    def _unknown(self, caller: Caller, name: str, line: str) -> str:
        """What is told to a line that begins with no command."""
        line = line.strip()
        key, rest = split_key(line)
        key = key or mistyped_key(line)
        if key is not None and not rest.partition(" ")[2]:
            return f"I know no “{name}”. Did you mean /recall status {key}?"
        allowed = self._allowed(caller)
        meant = nearest(name, allowed)
        if meant is not None:
            return f"I know no “{name}”. Did you mean /recall {meant}{line[len(name) :]}?"
        if len(line.split()) >= _A_QUESTION and "ask" in allowed:
            question = f"{line[:_QUOTED]}…" if len(line) > _QUOTED else line
            return (
                f"I know no “{name}”; /recall help lists what I know. To search for it: "
                f"/recall ask {question}"
            )
        return (
            f"I know no “{name}”. /recall help lists what I know; "
            "/recall ask followed by your question searches for it."
        )


def _line(name: str, usage: str, says: str) -> BoardLine:
    return BoardLine(text=f"/recall {name} {usage}".rstrip(), detail=says)


def _check_key(command: Command, words: str) -> None:
    """Raises Refused where an incident's key is mistyped: without a key the incident of the
    place is meant, and so the wrong one would be acknowledged or resolved."""
    if not command.names_incident or split_key(words)[0] is not None:
        return
    meant, typed = mistyped_key(words), other_key(words)
    if meant is not None:
        rest = words.strip()[len(typed or "") :]
        raise Refused(
            f"There is no incident “{typed}”. Did you mean /recall {command.name} {meant}{rest}?"
        )
    if typed is not None and command.takes_only_incident:
        raise Refused(f"“{typed}” is no incident of mine; they are written like {INCIDENT}.")
