"""What the front needs from the rest of the house, as ports; the composition root fills it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Protocol, cast

from fastapi import Depends, Request

from bot.actions.catalogue import ActionCatalogue
from bot.alerts.sources import Source, all_sources
from bot.alerts.sources.secrets import Secrets
from bot.clock import Clock, SystemClock
from bot.engine.ports import EngineClient
from bot.jobs.ports import InboxAdder
from bot.secrets.live import LiveSecrets
from bot.services.catalogue import Catalogue
from bot.suggestions.changed import ChangedLast
from bot.uow import UnitOfWorkFactory
from bot.web.metrics import FrontMetrics
from bot.web.sns import SnsVerifier, fetch_over_https
from bot.web.token_bounds import TokenBounds


class SlackProbe(Protocol):
    """How the connection to Slack is."""

    def __call__(self) -> Mapping[str, object]:
        """At least `mode` ("off", "socket", "http") and `ok`; `age_seconds` since the last
        sign of life where that is known. Never raises and never waits."""
        ...


def slack_off() -> Mapping[str, object]:
    """The probe of an installation without Slack."""
    return {"mode": "off", "ok": True}


@dataclass(frozen=True, slots=True, kw_only=True)
class FrontDeps:
    """All that the front works with. `token` None means that everything guarded is closed, but
    the sources that `secrets` opens, or, where that has none for them, `kept`: the secrets that
    were written in the console. `tokens` bounds the use of personal tokens, whose requests the
    engine has `act_seconds` for; `public_url` is where browsers reach the console."""

    units: UnitOfWorkFactory
    inbox: InboxAdder
    engine: EngineClient
    clock: Clock
    metrics: FrontMetrics
    token: str | None
    max_body_bytes: int = 1_048_576
    body_seconds: float = 30.0
    suggest_seconds: float = 10.0
    slack: SlackProbe = slack_off
    sources: Mapping[str, Source] = field(default_factory=all_sources)
    actions: Callable[[], ActionCatalogue] = ActionCatalogue
    secrets: Secrets = field(default_factory=dict)
    kept: LiveSecrets | None = None
    changed: ChangedLast = field(default_factory=lambda: ChangedLast(Catalogue()))
    tokens: TokenBounds = field(default_factory=TokenBounds)
    act_seconds: float = 10.0
    public_url: str = ""
    sns: SnsVerifier = field(default_factory=lambda: SnsVerifier(fetch_over_https(), SystemClock()))


def front_deps(request: Request) -> FrontDeps:
    """The dependencies that `create_app` was given."""
    return cast(FrontDeps, request.app.state.deps)


Front = Annotated[FrontDeps, Depends(front_deps)]
