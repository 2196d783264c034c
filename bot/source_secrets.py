"""Sources' secrets of this installation, put together from its settings."""

from collections.abc import Callable

from bot.alerts.sources import all_sources
from bot.alerts.sources.secrets import load_secrets
from bot.clock import Clock
from bot.errors import DataError
from bot.secrets.keeping import SecretKeeping
from bot.secrets.sealing import KEY_FILE, Sealer, Sealing, key_in_file
from bot.settings import Settings
from bot.uow import UnitOfWorkFactory


def open_sealing(settings: Settings) -> Sealing:
    """Opens the key when it is needed first, and keeps it."""
    opened: list[Sealer] = []

    def sealing() -> Sealer:
        if not opened:
            opened.append(Sealer(_keys(settings)))
        return opened[0]

    return sealing


def _keys(settings: Settings) -> list[str]:
    if settings.secret_key is not None:
        return keys_in(settings.secret_key.get_secret_value())
    if not settings.database.startswith("sqlite"):
        # A file would be another key on every machine.
        raise DataError(
            "set RECALL_SECRET_KEY, the same on every machine, to keep secrets in this database; "
            "`recall sources key` makes one"
        )
    return key_in_file(settings.data_dir / KEY_FILE)


def keys_in(text: str) -> list[str]:
    """The keys of the setting, which are separated by commas."""
    return [key.strip() for key in text.split(",") if key.strip()]


def open_secret_keeping(
    settings: Settings,
    units: UnitOfWorkFactory,
    clock: Clock,
    sealing: Sealing,
    changed: Callable[[], None] = lambda: None,
) -> SecretKeeping:
    """Raises SettingsError and DataError where a file that the settings name is wrong."""
    sources = all_sources(settings.sources_dir)
    from_file = load_secrets(settings.source_secrets, sources)
    counted = {name: len(secrets) for name, secrets in from_file.items()}
    return SecretKeeping(units, clock, sources, sealing, counted, changed)
