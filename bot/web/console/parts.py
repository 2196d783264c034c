"""What the console needs from the rest of the house."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Annotated, Protocol, cast

from fastapi import Depends, Request

from bot.actions.catalogue import ActionCatalogue
from bot.actions.presses import ActionButtons
from bot.clock import Clock
from bot.commands.book import CommandBook
from bot.counts.counting import Counts
from bot.engine.ports import EngineClient
from bot.people.token_desk import TokenDesk
from bot.secrets.keeping import SecretKeeping
from bot.services.catalogue import Catalogue
from bot.suggestions.changed import ChangedLast
from bot.uow import UnitOfWorkFactory
from bot.web.console.attempts import Attempts
from knowledge.model import Document, DocumentKind

Documents = Callable[[DocumentKind], Sequence[Document]]
"""All documents of one kind, in any state."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rollout:
    """How far the bot is switched on where nobody chose; for reading."""

    default: str = "shadow"
    noise_limit: int = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class SignOnParts:
    """What bot.web.console.sign_on needs; it knows how it is made."""


@dataclass(frozen=True, slots=True)
class ModelLine:
    name: str
    is_current: bool
    may_be_promoted: bool
    made_at: str
    verdict: str


@dataclass(frozen=True, slots=True)
class IndexLine:
    """`passages` is None while the index is not complete."""

    name: str
    passages: int | None
    bytes: int
    is_served: bool


class Models(Protocol):
    """The models of this installation; all but `indexes` raise DataError in words."""

    @property
    def pinned(self) -> str: ...

    def models(self) -> Sequence[ModelLine]: ...

    def indexes(self) -> Sequence[IndexLine]: ...

    def promote(self, name: str) -> str: ...

    def rollback(self) -> str: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsoleParts:
    """`book` does what people say, as in chat. `team_id` is the workspace of what is done here,
    "" where no platform is connected. `public_url` is where browsers reach the console, "" for
    wherever they ask. `sign_on` is None without an identity provider. `facts` are what the
    settings page tells, by heading, `actions` what may be run (None where nothing is known of
    that), `deciding` decides on requests and `tokens` makes personal tokens, both None where none
    may be run, and `models` is None where there are none to look at. `secrets` is None where no
    secret of a source can be written. `counts` has what takes long to count."""

    units: UnitOfWorkFactory
    engine: EngineClient
    clock: Clock
    book: CommandBook
    counts: Counts
    search_seconds: float = 10.0
    public_url: str = ""
    sign_on: SignOnParts | None = None
    rollout: Rollout = field(default_factory=Rollout)
    facts: Callable[[], Mapping[str, Mapping[str, str]]] = dict
    actions: Callable[[], ActionCatalogue | None] = lambda: None
    deciding: ActionButtons | None = None
    tokens: TokenDesk | None = None
    models: Models | None = None
    secrets: SecretKeeping | None = None
    wake: Callable[[], None] = lambda: None
    documents: Documents = lambda _: ()
    changed: ChangedLast = field(default_factory=lambda: ChangedLast(Catalogue()))
    attempts: Attempts = field(
        default_factory=lambda: Attempts(most=10, within=timedelta(minutes=5))
    )


def console_parts(request: Request) -> ConsoleParts:
    return cast(ConsoleParts, request.app.state.console)


Console = Annotated[ConsoleParts, Depends(console_parts)]
