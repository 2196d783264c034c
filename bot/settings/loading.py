"""Reading the settings: environment variables over an optional TOML file over the defaults."""

import os
import tomllib
from collections.abc import Mapping, Set
from pathlib import Path
from typing import Any

from pydantic import AliasChoices, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource

from bot.errors import SettingsError
from bot.settings.model import CONFIG_VARIABLE, SECRETS, Settings, slack_problem


def load_settings(
    config: Path | None = None, environment: Mapping[str, str] | None = None
) -> Settings:
    """Read the settings from `config` (TOML; or the file RECALL_CONFIG names) and environment.

    Raises SettingsError with one plain sentence for every problem found.
    """
    environment = os.environ if environment is None else environment
    named = environment.get(CONFIG_VARIABLE)
    path = config or (Path(named) if named else None)
    from_file = _read_toml(path) if path is not None else {}
    values, problems = _from_environment(environment)
    problems += [
        f"{path}: {key!r} is not a setting; see docs/contracts.md"
        for key in from_file
        if key not in Settings.model_fields
    ]
    known = {key: value for key, value in from_file.items() if key in Settings.model_fields}
    try:
        settings = _Explicit(**{**known, **values})
    except ValidationError as error:
        problems += [
            _plain(detail, path, known.keys() - values.keys()) for detail in error.errors()
        ]
        if all(detail["loc"] for detail in error.errors()):
            # Pydantic checks fields against each other only once each is right by itself.
            gathered = {**known, **values}
            across = slack_problem(
                bot="slack_bot_token" in gathered,
                app="slack_app_token" in gathered,
                secret="slack_signing_secret" in gathered,
            )
            problems += [across] if across else []
        raise SettingsError(problems) from None
    if problems:
        raise SettingsError(problems)
    return settings


class _Explicit(Settings):
    """Settings whose values were already gathered; reads no environment of its own."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return (init_settings,)


def _from_environment(environment: Mapping[str, str]) -> tuple[dict[str, str], list[str]]:
    values: dict[str, str] = {}
    known = {CONFIG_VARIABLE}
    for field in Settings.model_fields:
        names = variable_names(field)
        known.update(names)
        for name in names:
            if environment.get(name, "") != "":
                values[field] = environment[name]
                break
    problems = [
        f"{name} is not a setting; see docs/contracts.md for the names"
        for name in sorted(environment)
        if name.startswith("RECALL_") and name not in known and not name.startswith(SECRETS)
    ]
    return values, problems


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise SettingsError([f"the settings file {path} does not exist"]) from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsError([f"the settings file {path} cannot be read: {error}"]) from None


_PLAIN_WORDS = {"int_parsing": "is not a whole number", "float_parsing": "is not a number"}


def _plain(detail: Any, path: Path | None, from_file: Set[str]) -> str:
    """One validation error as a sentence that names the variable, never its value.

    `from_file` are the fields whose values the file `path` gave: there the key is named.
    """
    message = str(detail["msg"]).removeprefix("Value error, ")
    message = _PLAIN_WORDS.get(str(detail["type"]), message)
    location = detail["loc"]
    if not location:
        return message
    field = str(location[0])
    name = field
    for candidate in Settings.model_fields:
        if field == candidate or field in variable_names(candidate):
            name = variable_names(candidate)[-1 if len(variable_names(candidate)) > 1 else 0]
            name = f"{path}: {candidate!r}" if candidate in from_file else name
            break
    return f"{name}: {message[0].lower()}{message[1:]}"


def variable_names(field: str) -> tuple[str, ...]:
    """The environment variables that set `field`, the first that is set wins."""
    alias = Settings.model_fields[field].validation_alias
    if isinstance(alias, AliasChoices):
        return tuple(str(choice) for choice in alias.choices)
    return (f"RECALL_{field.upper()}",)
