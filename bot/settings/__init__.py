"""What can be set, and how it is read."""

from bot.settings.loading import load_settings, variable_names
from bot.settings.model import CONFIG_VARIABLE, Settings

__all__ = ["CONFIG_VARIABLE", "Settings", "load_settings", "variable_names"]
