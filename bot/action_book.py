"""Composition of the book of actions: the catalogue, and who is who."""

from bot.actions.book import ActionBook
from bot.actions.catalogue import CatalogueFolder
from bot.actions.template import Risk
from bot.catalogue import catalogue_of
from bot.people.model import RoleBook
from bot.people.same import SamePeople
from bot.settings import Settings


def build_book(settings: Settings, roles: RoleBook | None = None) -> ActionBook:
    """The catalogue as it is on disk now, and who is who; `roles` are the configured ones where
    nobody knows better. Raises DataError."""
    return ActionBook(
        source=CatalogueFolder(settings.actions_dir).current,
        services=tuple(catalogue_of(settings).services),
        roles=roles or RoleBook(settings.leads, settings.admins),
        same=SamePeople(group.split("=") for group in settings.same_people),
        approvers=(*settings.leads, *settings.admins),
        lead_groups=settings.lead_groups,
        break_glass=settings.break_glass,
        in_console=tuple(Risk(one) for one in settings.approve_in_console),
        console_url=settings.public_url or f"http://{settings.host}:{settings.port}",
    )
