"""One frozen Settings: environment variables over an optional TOML file over the defaults.

Every mistake is found at once and told in plain words; secrets are `SecretStr` and never shown.
"""

import os
import re
import tomllib
from collections.abc import Mapping, Set
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import (
    AliasChoices,
    AnyHttpUrl,
    Field,
    SecretStr,
    TypeAdapter,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from bot.errors import SettingsError

DEFAULT_DATA_DIR = Path("recall-data")
CONFIG_VARIABLE = "RECALL_CONFIG"
_HTTP_URL = TypeAdapter(AnyHttpUrl)
_CANARY_MINUTES = 5
_LONGEST_PATTERN = 200
_ACTOR_KEY = re.compile(r"^[A-Z0-9]+/[A-Z0-9]+$")


def _slack(name: str) -> AliasChoices:
    """Slack's customary variable name, with RECALL_ in front accepted as well."""
    return AliasChoices(f"RECALL_{name}", name)


class Settings(BaseSettings):
    """All that can be set. Each field's description is what `docs/contracts.md` prints."""

    model_config = SettingsConfigDict(
        env_prefix="RECALL_", frozen=True, extra="forbid", populate_by_name=True
    )

    data_dir: Path = Field(DEFAULT_DATA_DIR, description="folder for the database and the index")
    database_url: str = Field(
        "", description="SQLAlchemy URL; empty means SQLite in the data folder"
    )
    host: str = Field("127.0.0.1", description="address to listen on")
    port: int = Field(8080, ge=0, le=65535, description="port to listen on; 0 picks a free one")
    webhook_token: SecretStr | None = Field(
        None, description="bearer token for webhooks and the API; none set means closed"
    )
    max_body_bytes: int = Field(
        1_048_576, ge=1024, le=64 * 1_048_576, description="largest webhook body accepted, bytes"
    )
    model: str | None = Field(
        None, description="sentence-transformers model, name or folder; empty means the bundled one"
    )
    slack_bot_token: SecretStr | None = Field(
        None, validation_alias=_slack("SLACK_BOT_TOKEN"), description="bot token (xoxb-...)"
    )
    slack_app_token: SecretStr | None = Field(
        None,
        validation_alias=_slack("SLACK_APP_TOKEN"),
        description="app-level token (xapp-...) for Socket Mode",
    )
    slack_signing_secret: SecretStr | None = Field(
        None,
        validation_alias=_slack("SLACK_SIGNING_SECRET"),
        description="signing secret, for HTTP mode",
    )
    slack_api_url: str = Field(
        "https://slack.com/api/",
        validation_alias=_slack("SLACK_API_URL"),
        description="base address of the Slack Web API",
    )
    slack_channel: str | None = Field(
        None, description="channel for incident cards: an id, or a name with or without #"
    )
    rollout: Literal["off", "shadow", "thread", "card"] = Field(
        "shadow",
        description=(
            "how far the bot is switched on in channels that chose nothing: off, shadow (answers "
            "only in the shadow channel, to be graded), thread (under the alerting tool's post) "
            "or card"
        ),
    )
    shadow_channel: str | None = Field(
        None, description="private channel for shadow answers: an id, or a name with or without #"
    )
    admin_channel: str | None = Field(
        None, description="channel for notices about Recall itself; empty means slack_channel"
    )
    canary_minutes: int | None = Field(
        None,
        ge=0,
        le=1440,
        description="minutes between canary alerts, 0 for none; empty means 5 where a canary "
        "channel or a heartbeat address is set, else none",
    )
    canary_seconds: int = Field(
        30, ge=1, le=3600, description="longest time from canary alert to card, in seconds"
    )
    canary_channel: str | None = Field(
        None,
        description="private channel for the canary's one message; without it the way is "
        "measured up to the outbox",
    )
    heartbeat_url: SecretStr | None = Field(
        None,
        description="https address to GET after each canary that is in time; kept secret",
    )
    incident_channels: str = Field(
        "",
        description=(
            "regular expression for the names of incident channels, such as ^inc-; the bot joins "
            "them and keeps a pinned card there; empty means off"
        ),
    )
    https_proxy: str | None = Field(
        None,
        validation_alias=AliasChoices("RECALL_HTTPS_PROXY", "HTTPS_PROXY", "https_proxy"),
        description="HTTP proxy for everything that goes to Slack, and for the heartbeat",
    )
    ca_bundle: Path | None = Field(
        None,
        validation_alias=AliasChoices("RECALL_CA_BUNDLE", "SSL_CERT_FILE"),
        description="PEM file of certificate authorities to trust",
    )
    services_file: Path | None = Field(
        None, description="services.yaml: services, aliases, dependencies, environments"
    )
    sources_dir: Path | None = Field(
        None, description="folder of your own mapping files (NAME.yaml) for further sources"
    )
    source_secrets: Path | None = Field(
        None, description="TOML file of each source's own secrets; see docs/sources.md"
    )
    noise_file: Path | None = Field(
        None,
        description="noise.yaml: silences, maintenance windows, minimum counts, inhibition",
    )
    leads: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="team leads as team_id/user_id, separated by commas"
    )
    admins: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="administrators as team_id/user_id, separated by commas"
    )
    answer_threshold: float | None = Field(
        None, ge=0.0, le=1.0, description="least confidence at which the bot speaks up by itself"
    )
    group_window_seconds: int = Field(
        300, ge=0, le=86_400, description="alerts of one service within this time are one incident"
    )
    inbox_keep_hours: int = Field(
        72, ge=1, le=720, description="how long raw bodies are kept, failed ones included"
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="how much is logged"
    )

    @field_validator("leads", "admins", mode="before")
    @classmethod
    def _split_list(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(part.strip() for part in value.split(",") if part.strip())
        return value

    @field_validator("leads", "admins")
    @classmethod
    def _actor_keys(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for key in value:
            if not _ACTOR_KEY.match(key):
                raise ValueError(f"{key!r} is not of the form TEAM_ID/USER_ID")
        return value

    @field_validator("incident_channels")
    @classmethod
    def _pattern(cls, value: str) -> str:
        if len(value) > _LONGEST_PATTERN:
            raise ValueError(f"is longer than {_LONGEST_PATTERN} characters")
        try:
            matches_all = re.compile(value).match("") if value else None
        except re.error as error:
            raise ValueError(
                f"is no regular expression ({error}); write one like ^inc-|^incident-"
            ) from error
        if matches_all is not None:
            raise ValueError("matches every channel; write one like ^inc-|^incident-")
        return value

    @field_validator("slack_api_url")
    @classmethod
    def _api_url(cls, value: str) -> str:
        try:
            _HTTP_URL.validate_python(value)
        except ValidationError as error:
            raise ValueError("is not an http or https address") from error
        return value if value.endswith("/") else f"{value}/"

    @field_validator("model")
    @classmethod
    def _no_test_model(cls, value: str | None) -> str | None:
        if value is not None and value.strip().lower() in ("hashing", "hashing-embedder"):
            raise ValueError("the hashing embedder is for unit tests alone; name a real model")
        return value

    @field_validator("heartbeat_url")
    @classmethod
    def _heartbeat_is_safe(cls, value: SecretStr | None) -> SecretStr | None:
        if value is None or not value.get_secret_value().strip():
            return None
        parts = urlsplit(value.get_secret_value())
        is_here = parts.scheme == "http" and parts.hostname in ("127.0.0.1", "::1", "localhost")
        if not parts.hostname or not (parts.scheme == "https" or is_here):
            raise ValueError("must be an https address (http only for this machine)")
        return value

    @field_validator("webhook_token", "slack_bot_token", "slack_app_token", "slack_signing_secret")
    @classmethod
    def _not_blank(cls, value: SecretStr | None) -> SecretStr | None:
        """An empty variable is the customary way to unset one."""
        return value if value is not None and value.get_secret_value().strip() else None

    @field_validator("sources_dir")
    @classmethod
    def _folder_exists(cls, value: Path | None) -> Path | None:
        if value is not None and not value.is_dir():
            raise ValueError(f"{value} is not a folder")
        return value

    @field_validator("ca_bundle", "services_file", "source_secrets", "noise_file")
    @classmethod
    def _file_exists(cls, value: Path | None) -> Path | None:
        if value is not None and not value.is_file():
            raise ValueError(f"{value} is not a file")
        return value

    @model_validator(mode="after")
    def _slack_is_whole(self) -> "Settings":
        problem = _slack_problem(
            bot=self.slack_bot_token is not None,
            app=self.slack_app_token is not None,
            secret=self.slack_signing_secret is not None,
        )
        if problem:
            raise ValueError(problem)
        return self

    @property
    def database(self) -> str:
        """The database URL in force."""
        return self.database_url or f"sqlite:///{self.data_dir.resolve() / 'recall.db'}"

    @property
    def incident_channel_pattern(self) -> re.Pattern[str] | None:
        """What the names of incident channels match, searched from anywhere in the name; None
        where the feature is off."""
        return re.compile(self.incident_channels) if self.incident_channels else None

    @property
    def index_dir(self) -> Path:
        """Where the search index lives; it can always be rebuilt from the database."""
        return self.data_dir / "index"

    @property
    def calibration_file(self) -> Path:
        """What `recall calibrate` made; without it the confidence is what Recall comes with."""
        return self.data_dir / "calibration.json"

    @property
    def canary_every_minutes(self) -> int:
        """Minutes between canaries in force; 0 for none."""
        if self.canary_minutes is not None:
            return self.canary_minutes
        return _CANARY_MINUTES if self.canary_channel or self.heartbeat_url else 0

    @property
    def slack_mode(self) -> Literal["off", "socket", "http"]:
        if self.slack_bot_token is None:
            return "off"
        return "socket" if self.slack_app_token is not None else "http"


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
            across = _slack_problem(
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


def _slack_problem(*, bot: bool, app: bool, secret: bool) -> str | None:
    """What is missing for Slack to work at all, or None."""
    if app and not bot:
        return "SLACK_APP_TOKEN is set but SLACK_BOT_TOKEN is not; set both"
    if bot and not app and not secret:
        return (
            "SLACK_BOT_TOKEN is set; set SLACK_APP_TOKEN too (Socket Mode) "
            "or SLACK_SIGNING_SECRET (HTTP mode)"
        )
    return None


def variable_names(field: str) -> tuple[str, ...]:
    """The environment variables that set `field`, the first that is set wins."""
    alias = Settings.model_fields[field].validation_alias
    if isinstance(alias, AliasChoices):
        return tuple(str(choice) for choice in alias.choices)
    return (f"RECALL_{field.upper()}",)


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
        if name.startswith("RECALL_") and name not in known
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
