"""One frozen Settings: environment variables over an optional TOML file over the defaults.

Every mistake is found at once and told in plain words; secrets are `SecretStr` and never shown.
"""

import re
from pathlib import Path
from typing import Annotated, Literal
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
from pydantic_settings import NoDecode, SettingsConfigDict

from bot.settings.console import ConsoleSettings
from bot.settings.guard import GuardSettings
from bot.settings.knowledge import KnowledgeSettings
from bot.settings.lifecycle import LifecycleSettings

DEFAULT_DATA_DIR = Path("recall-data")
CONFIG_VARIABLE = "RECALL_CONFIG"
SECRETS = "RECALL_RUNNER_SECRET_"
"""Credentials of the runner's executors: no settings, so that no other process keeps them."""
_HTTP_URL = TypeAdapter(AnyHttpUrl)
_CANARY_MINUTES = 5
_LONGEST_PATTERN = 200
_ACTOR_KEY = re.compile(r"^[A-Z0-9]+/[A-Z0-9]+$")


def _slack(name: str) -> AliasChoices:
    """Slack's customary variable name, with RECALL_ in front accepted as well."""
    return AliasChoices(f"RECALL_{name}", name)


class Settings(ConsoleSettings, GuardSettings, LifecycleSettings, KnowledgeSettings):
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
    leads_channel: str = Field(
        "",
        description=(
            "channel for the weekly digest: an id, or a name with or without #; empty means a "
            "direct message to each lead"
        ),
    )
    remind_minutes: int = Field(
        60,
        ge=0,
        le=10_080,
        description=(
            "how long nothing happens in an acknowledged incident that still fires before its "
            "owner is reminded; 0 means never"
        ),
    )
    noise_limit: int = Field(
        50,
        ge=1,
        le=10_000,
        description="posts a day and channel that nobody asked for; more wait, critical ones never",
    )
    https_proxy: str | None = Field(
        None,
        validation_alias=AliasChoices("RECALL_HTTPS_PROXY", "HTTPS_PROXY", "https_proxy"),
        description="HTTP proxy for all that goes to Slack, PagerDuty and the heartbeat address",
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
    redact_file: Path | None = Field(
        None, description="YAML or TOML file of your own redaction patterns; see docs/operating.md"
    )
    redact_emails: bool = Field(False, description="whether e-mail addresses are taken out as well")
    redact_cards: bool = Field(False, description="whether card numbers are taken out as well")
    noise_file: Path | None = Field(
        None, description="noise.yaml: silences, maintenance windows, minimum counts, inhibition"
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
    pagerduty_token: SecretStr | None = Field(
        None, description="PagerDuty REST API key; with it, taking on and resolving tell PagerDuty"
    )
    pagerduty_from: str | None = Field(
        None, description="e-mail address of the PagerDuty user in whose name that is done"
    )
    pagerduty_url: str = Field(
        "https://api.pagerduty.com",
        description="base address of PagerDuty's REST API (EU: https://api.eu.pagerduty.com)",
    )
    records_dir: Path | None = Field(
        None,
        description="folder for confirmed incident records; empty means records in the data folder",
    )
    group_window_seconds: int = Field(
        300, ge=0, le=86_400, description="alerts of one service within this time are one incident"
    )
    inbox_keep_hours: int = Field(
        72, ge=1, le=720, description="how long raw bodies are kept, failed ones included"
    )
    actions_dir: Path | None = Field(
        None, description="folder of action templates; none means that nothing can be run"
    )
    same_people: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="identities of one person, as TEAM/USER=TEAM/USER, separated by commas"
    )
    runner_commands: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="programs that the runner may start: absolute paths, separated by commas"
    )
    runner_hosts: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        description=(
            "hosts that the runner may call: HOST[:PORT][@NETWORK], separated by commas; a private "
            "address needs its network"
        ),
    )
    runner_lease_seconds: int = Field(
        30, ge=2, le=3_600, description="how long after a runner is lost a human is asked"
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="how much is logged"
    )

    @field_validator(
        "leads", "admins", "same_people", "runner_commands", "runner_hosts", mode="before"
    )
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

    @field_validator("same_people")
    @classmethod
    def _groups_of_keys(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for group in value:
            keys = group.split("=")
            if len(keys) < 2 or not all(_ACTOR_KEY.match(key) for key in keys):
                raise ValueError(f"{group!r} is not of the form TEAM/USER=TEAM/USER")
        return value

    @field_validator("slack_api_url")
    @classmethod
    def _api_url(cls, value: str) -> str:
        try:
            _HTTP_URL.validate_python(value)
        except ValidationError as error:
            raise ValueError("is not an http or https address") from error
        return value if value.endswith("/") else f"{value}/"

    @field_validator("pagerduty_url")
    @classmethod
    def _pager_url(cls, value: str) -> str:
        try:
            _HTTP_URL.validate_python(value)
        except ValidationError as error:
            raise ValueError("is not an http or https address") from error
        return value.rstrip("/")

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

    @field_validator(
        "webhook_token",
        "slack_bot_token",
        "slack_app_token",
        "slack_signing_secret",
        "pagerduty_token",
    )
    @classmethod
    def _not_blank(cls, value: SecretStr | None) -> SecretStr | None:
        """An empty variable is the customary way to unset one."""
        return value if value is not None and value.get_secret_value().strip() else None

    @field_validator("actions_dir", "sources_dir")
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
        problem = slack_problem(
            bot=self.slack_bot_token is not None,
            app=self.slack_app_token is not None,
            secret=self.slack_signing_secret is not None,
        )
        if problem:
            raise ValueError(problem)
        return self

    @model_validator(mode="after")
    def _pager_is_whole(self) -> "Settings":
        if self.pagerduty_token is not None and not self.pagerduty_from:
            raise ValueError(
                "RECALL_PAGERDUTY_TOKEN is set; set RECALL_PAGERDUTY_FROM too, the e-mail address "
                "of a PagerDuty user"
            )
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
    def records_folder(self) -> Path:
        """Where the Markdown files of confirmed incident records go."""
        return self.records_dir or self.data_dir / "records"

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


def slack_problem(*, bot: bool, app: bool, secret: bool) -> str | None:
    """What is missing for Slack to work at all, or None."""
    if app and not bot:
        return "SLACK_APP_TOKEN is set but SLACK_BOT_TOKEN is not; set both"
    if bot and not app and not secret:
        return (
            "SLACK_BOT_TOKEN is set; set SLACK_APP_TOKEN too (Socket Mode) "
            "or SLACK_SIGNING_SECRET (HTTP mode)"
        )
    return None
