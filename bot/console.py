"""The console's parts, put together for the front process: no model and no index is loaded."""

import ssl
from collections.abc import Callable, Mapping

from bot.action_book import build_book
from bot.actions.catalogue import CatalogueFolder
from bot.actions.presses import ActionButtons
from bot.catalogue import catalogue_of
from bot.chat.ports import CardRoom
from bot.clock import Clock
from bot.commands import COMMANDS, FORMS
from bot.commands.book import CommandBook
from bot.commands.model import Refused, Tools
from bot.console_facts import actions_in, facts_of
from bot.console_models import ModelRoom
from bot.counting import open_counts
from bot.engine.ports import EngineClient
from bot.pager.opening import open_pager
from bot.people.same import SamePeople
from bot.people.sign_on import SignOnRules
from bot.people.token_desk import TokenDesk
from bot.redact import redact
from bot.secrets.keeping import SecretKeeping
from bot.settings import Settings
from bot.suggestions.changed import ChangedLast
from bot.suggestions.model import Suggestion
from bot.sync.model import in_words, parse_source, state_of
from bot.uow import UnitOfWorkFactory
from bot.web.console.parts import ConsoleParts, Documents, Rollout
from bot.web.console.sign_on import SignOn
from bot.web.oidc import OidcClient, OidcProvider
from knowledge.model import Query


def console_parts(
    settings: Settings,
    units: UnitOfWorkFactory,
    engine: EngineClient,
    clock: Clock,
    wake: Callable[[], None],
    documents: Documents,
    secrets: SecretKeeping | None = None,
) -> ConsoleParts:
    """Raises SettingsError where a file that the settings name is wrong. `secrets` is None where
    none can be written."""
    catalogue = catalogue_of(settings)
    tools = Tools(
        units=units,
        clock=clock,
        builder=_SearchElsewhere(),
        rooms=_NoRooms(),
        redact=redact,
        settings=settings,
        pager=open_pager(settings),
        catalogue=catalogue,
    )
    folder = CatalogueFolder(settings.actions_dir) if settings.actions_dir else None
    return ConsoleParts(
        units=units,
        engine=engine,
        clock=clock,
        book=CommandBook(tools, COMMANDS, FORMS),
        public_url=settings.public_url,
        sign_on=open_sign_on(settings, clock),
        rollout=Rollout(default=settings.rollout, noise_limit=settings.noise_limit),
        facts=lambda: {**facts_of(settings, _kept(units)), **_files(settings, units)},
        secrets=secrets,
        actions=lambda: actions_in(folder),
        models=ModelRoom(settings.data_dir, settings.index_dir, settings.model or ""),
        wake=wake,
        deciding=_deciding(settings, units, clock),
        tokens=_tokens(settings, units, clock),
        documents=documents,
        counts=open_counts(settings, units, clock, documents),
        changed=ChangedLast(catalogue, settings.change_window),
    )


def _deciding(settings: Settings, units: UnitOfWorkFactory, clock: Clock) -> ActionButtons | None:
    if settings.actions_dir is None:
        return None
    return ActionButtons(units, build_book(settings), clock)


def _tokens(settings: Settings, units: UnitOfWorkFactory, clock: Clock) -> TokenDesk | None:
    if settings.actions_dir is None:
        return None
    same = SamePeople(group.split("=") for group in settings.same_people)
    return TokenDesk(units, same, clock)


def open_sign_on(settings: Settings, clock: Clock) -> SignOn | None:
    """Single sign-on as the settings have it; None where they name no identity provider."""
    secret = settings.oidc_client_secret
    if not settings.oidc_issuer or secret is None:
        return None
    client = OidcClient(
        issuer=settings.oidc_issuer,
        client_id=settings.oidc_client_id,
        client_secret=secret.get_secret_value(),
        redirect_uri=f"{settings.public_url}/console/oidc/back",
        scopes=settings.oidc_scopes,
        proxy=settings.https_proxy,
        ca=ssl.create_default_context(cafile=settings.ca_bundle),
    )
    rules = SignOnRules(
        role_claim=settings.oidc_role_claim,
        responders=frozenset(settings.oidc_responders),
        leads=frozenset(settings.oidc_leads),
        admins=frozenset(settings.oidc_admins),
        actor_claim=settings.oidc_actor_claim,
    )
    return SignOn(provider=OidcProvider(client, clock), rules=rules)


class _SearchElsewhere:
    """The console searches by the engine; commands that search are not among those it offers."""

    def suggest(self, query: Query, *, asked: bool) -> Suggestion:
        raise Refused("Use the search page for that.")


class _NoRooms:
    """The console is no channel, and asks nothing of the chat platform."""

    def default(self) -> CardRoom | None:
        return None

    def of(self, team_id: str, channel: str) -> CardRoom:
        raise Refused("The console is not connected to channels.")

    def shadow(self) -> CardRoom | None:
        return None


def _kept(units: UnitOfWorkFactory) -> Mapping[str, int]:
    """How many secrets of each source were written in the console."""
    with units.read() as uow:
        return {name: len(one.secrets) for name, one in uow.secrets.everything().items()}


def _files(settings: Settings, units: UnitOfWorkFactory) -> Mapping[str, Mapping[str, str]]:
    """Where runbooks are read from again and again, and how the last time went."""
    if not settings.sync_sources:
        return {}
    sources = [parse_source(one) for one in settings.sync_sources]
    with units.read() as uow:
        told = {one.name: in_words(state_of(uow.marks.get(one.key))) for one in sources}
    return {"Runbooks from files": told}
