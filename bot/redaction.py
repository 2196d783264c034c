"""Redaction as the settings want it, for every process that reads them."""

from bot.redact import set_up
from bot.settings import Settings


def set_up_redaction(settings: Settings) -> None:
    """Raises SettingsError with every mistake in the team's own rules."""
    set_up(settings.redact_file, emails=settings.redact_emails, cards=settings.redact_cards)
