"""What somebody tells the bot in a line, a form or a shortcut, and what is told back."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from bot.actions.requests import Requests
from bot.alerts.model import StoredAlert
from bot.channels.ports import Rooms
from bot.chat.forms import Answers, Form
from bot.chat.messages import AnyMessage
from bot.chat.ports import Destination
from bot.clock import Clock
from bot.errors import Permanent
from bot.people.model import Actor, Role
from bot.services.catalogue import Catalogue
from bot.settings import Settings
from bot.suggestions.jobs import Suggester
from bot.uow import UnitOfWorkFactory
from knowledge.model import Audience

INCIDENT = "RCL-12"
"""How the help writes any incident's key."""


class Refused(Permanent):
    """It is not done, and why; fit to be shown to whoever asked."""


class FieldErrors(Permanent):
    """A form was filled in wrong. `errors` has a sentence for each such field."""

    def __init__(self, errors: Mapping[str, str]) -> None:
        super().__init__("; ".join(errors.values()))
        self.errors = dict(errors)


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who says it, and where. Identity is from the verified payload alone; `name` is for
    reading. `at` is the channel, or the thread, in which it was said."""

    actor: Actor
    name: str
    role: Role
    at: Destination
    is_shared: bool = False

    @property
    def audience(self) -> Audience:
        """Whoever reads there: what the caller sees, all of them may see."""
        return Audience(channel=self.at.channel_key, sees_nothing=self.is_shared)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What comes back. `message` is for the caller alone; `opens` is a form to fill in."""

    message: AnyMessage | None = None
    opens: Form | None = None


class Pager(Protocol):
    """The configured pager, which stops paging when it is told to.

    Each call is one short try; it raises PagerUnavailable when it may work later.
    """

    name: str

    def references(self, alerts: Sequence[StoredAlert]) -> tuple[str, ...]:
        """The pages behind these alerts, by the pager's own ids; none: it sent none of them."""
        ...

    def acknowledge(self, references: tuple[str, ...], actor: str) -> str | None:
        """Acknowledge these pages; a sentence on why it was refused, or None."""
        ...

    def resolve(self, references: tuple[str, ...], actor: str) -> str | None:
        """Resolve these pages; a sentence on why it was refused, or None."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Tools:
    """What commands and forms work with. `pager` is None where none is configured, `actions`
    where no action may be run; `time_zone_of` tells a person's zone where the platform lets it
    be known."""

    units: UnitOfWorkFactory
    clock: Clock
    builder: Suggester
    rooms: Rooms
    redact: Callable[[str], str]
    settings: Settings
    pager: Pager | None = None
    time_zone_of: Callable[[Actor], str | None] = lambda _: None
    catalogue: Catalogue = field(default_factory=Catalogue)
    actions: Requests | None = None


Offered = Callable[[Tools, Caller], bool]
"""Whether there is anything behind a line of the help, for this caller."""


@dataclass(frozen=True, slots=True, kw_only=True)
class More:
    """What a command does besides, for some: a line of its own in their help.

    It is for reading alone; who may do it is decided by the command.
    """

    usage: str
    says: str
    role: Role = Role.RESPONDER
    offered: Offered = lambda _, __: True


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """One thing to say after the command's name.

    `usage` is what follows the name, for everybody who may say it; `says` what it does, for the
    help; `more` what others may add. `run` gets the words after the name and raises Refused, or
    DataError, for what cannot be done.
    """

    name: str
    usage: str
    says: str
    run: Callable[[Tools, Caller, str], Reply]
    role: Role = Role.RESPONDER
    more: tuple[More, ...] = ()
    offered: Offered = lambda _, __: True

    @property
    def names_incident(self) -> bool:
        """Whether an incident's key may stand behind the name."""
        return INCIDENT in self.usage

    @property
    def takes_only_incident(self) -> bool:
        """Whether nothing but an incident's key may stand there."""
        return self.usage == f"[{INCIDENT}]"


Shortcut = Callable[[Tools, Caller, str], Form]
"""A shortcut on a message: the form that it opens, from what the message says. Raises Refused."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FormHandler:
    """How a form is opened about something, filled in one tap, and submitted.

    `submit` raises FieldErrors for what is filled in wrong, Refused for what is not allowed.
    """

    open: Callable[[Tools, Caller, str], Form]
    submit: Callable[[Tools, Caller, str, Answers], Reply]
    fill: Callable[[Tools, Caller, str, str], Form] | None = None
    role: Role = Role.RESPONDER
