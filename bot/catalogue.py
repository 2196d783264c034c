"""The service catalogue as the settings have it."""

from bot.services.catalogue import Catalogue
from bot.services.file import load_catalogue
from bot.settings import Settings


def catalogue_of(settings: Settings) -> Catalogue:
    """From services.yaml and Backstage's files. Raises DataError with every mistake in them."""
    return load_catalogue(settings.services_file, settings.backstage_path)
