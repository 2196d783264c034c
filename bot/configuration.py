"""What of the configuration decides who may have what run: put on record at each start."""

from collections.abc import Mapping
from typing import Any

from bot.actions.catalogue import ActionCatalogue, CatalogueFolder
from bot.actions.digest import digest_of
from bot.audit.configuration import note_configuration
from bot.clock import Clock
from bot.settings import Settings
from bot.uow import UnitOfWorkFactory

_ROLES = (
    "leads",
    "admins",
    "lead_groups",
    "break_glass",
    "approve_in_console",
    "same_people",
    "runner_commands",
    "runner_hosts",
    "oidc_responders",
    "oidc_leads",
    "oidc_admins",
)


def note_start(settings: Settings, units: UnitOfWorkFactory, clock: Clock, process: str) -> None:
    """Put on the audit record what changed since that kind of process started last."""
    facts = {
        "catalogue": catalogue_facts(CatalogueFolder(settings.actions_dir).current()),
        "roles": role_facts(settings),
    }
    note_configuration(units, facts, process=process, now=clock.now())


def catalogue_facts(catalogue: ActionCatalogue) -> Mapping[str, Any]:
    """By template its version and hash, and the hashes of what templates refer to."""
    facts: dict[str, Any] = {
        f"template {name}": f"v{one.version} {catalogue.digest(name)}"
        for name, one in sorted(catalogue.templates.items())
    }
    if catalogue.inventory.hosts or catalogue.inventory.objects:
        facts["inventory"] = digest_of(catalogue.inventory.model_dump(mode="json"))
    if catalogue.calendar.freezes:
        facts["freezes"] = digest_of(catalogue.calendar.model_dump(mode="json"))
    if catalogue.playbooks:
        facts["playbooks"] = catalogue.playbooks
    return facts


def role_facts(settings: Settings) -> Mapping[str, Any]:
    """Who holds what by the settings. Nothing of it is secret."""
    facts = {name: sorted(getattr(settings, name)) for name in _ROLES}
    if settings.oidc_issuer:
        facts["oidc"] = [settings.oidc_issuer, settings.oidc_role_claim, settings.oidc_actor_claim]
    return facts
