"""Optional libraries: imported when they are first needed, and named when they are absent."""

from importlib import import_module
from typing import Any

from bot.actions.executors.port import NotAllowed


def library(module: str, extra: str) -> Any:
    """The module. NotAllowed, naming the extra to install, where it is not there."""
    try:
        return import_module(module)
    except ImportError:
        raise NotAllowed(
            f"the runner lacks {module}: install oncall-recall[{extra}] for it"
        ) from None
