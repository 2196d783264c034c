"""The credentials of executors: in the runner's environment, and in no other process's."""

from collections.abc import Mapping

from bot.errors import SettingsError

PREFIX = "RECALL_RUNNER_SECRET_"
"""`RECALL_RUNNER_SECRET_DEPLOY_TOKEN` is what a template names `${secret:DEPLOY_TOKEN}`."""


def credentials(environment: Mapping[str, str]) -> dict[str, str]:
    """By the name that templates use."""
    return {
        name.removeprefix(PREFIX): value
        for name, value in environment.items()
        if name.startswith(PREFIX) and value
    }


def without_credentials(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment for every other process."""
    return {name: value for name, value in environment.items() if not name.startswith(PREFIX)}


def refuse_credentials(environment: Mapping[str, str], process: str) -> None:
    """Raises SettingsError when a process that meets text from outside holds credentials."""
    if held := sorted(name for name in environment if name.startswith(PREFIX)):
        raise SettingsError(
            [f"{', '.join(held)}: the {process} holds no credentials; give them to `recall runner`"]
        )
