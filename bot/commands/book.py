"""The book of commands and forms: who may say what, and what is said to a typing mistake."""

from collections.abc import Mapping

from bot.chat.forms import Answers, Form
from bot.chat.messages import Board, BoardLine, BoardPart, Notice
from bot.commands.model import Caller, Command, FormHandler, Refused, Reply, Shortcut, Tools
from bot.commands.parsing import nearest
from bot.errors import DataError
from bot.people.model import Role

SHARED = (
    "This channel is shared with another organisation, so nothing that is on record is told or "
    "changed here. Use an internal channel or a direct message."
)
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
        name, _, words = line.strip().partition(" ")
        name = name.lower()
        try:
            self._admit(caller)
            if name in ("", "help"):
                return Reply(message=self._help(caller))
            command = self._commands.get(name)
            if command is None:
                return Reply(message=Notice(text=self._unknown(caller, name, line)))
            self._require(caller, command.role, f"`{name}`")
            return command.run(self.tools, caller, words.strip())
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
            if caller.role.includes(command.role)
        }

    def _help(self, caller: Caller) -> Board:
        lines = [
            BoardLine(text=f"/recall {name} {command.usage}".rstrip(), detail=command.says)
            for name, command in self._allowed(caller).items()
        ]
        return Board(
            title="What you can tell me",
            parts=(BoardPart(lines=tuple(lines)),),
            note=(
                "Mention me with a question or paste log lines, in a channel, a thread or a "
                "direct message. Where an incident is named, RCL-12 or 12 will do; in its own "
                "channel it can be left out."
            ),
        )

    def _unknown(self, caller: Caller, name: str, line: str) -> str:
        meant = nearest(name, self._allowed(caller))
        if meant is not None:
            rest = line.strip()[len(name) :]
            return f"I know no “{name}”. Did you mean /recall {meant}{rest}?"
        return (
            f"I know no “{name}”. /recall help lists what I know; "
            "/recall ask followed by your question searches for it."
        )
