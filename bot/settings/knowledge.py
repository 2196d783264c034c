"""Settings of where runbooks come from, and how long what people wrote in incidents is kept."""

from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import NoDecode

from bot.settings.catalogue import CatalogueSettings
from knowledge.errors import BadDocument


class KnowledgeSettings(CatalogueSettings):
    """A part of `Settings`, with where services are described."""

    sync_sources: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        description=(
            "where runbooks are read again and again, separated by commas: /FOLDER, /FILE.zip, or "
            "git+https://HOST/REPOSITORY#BRANCH:FOLDER (ssh and file as well)"
        ),
    )
    sync_retires: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        description=(
            "those of the sources, written alike, whose pages are retired by themselves when they "
            "are gone from it; of others a lead is asked"
        ),
    )
    sync_minutes: int = Field(
        60,
        ge=0,
        le=10_080,
        description="minutes between two syncs of a source; 0: only `recall sync` does it",
    )
    sync_tokens: SecretStr | None = Field(
        None,
        description=(
            "who signs in to https repositories, as HOST=USER:TOKEN, separated by commas; sent to "
            "that host alone"
        ),
    )
    alert_rules: Annotated[tuple[Path, ...], NoDecode] = Field(
        (),
        description=(
            "Prometheus rule files, or folders of them, separated by commas: coverage compares "
            "their alerts with the runbooks too"
        ),
    )
    people_file: Path | None = Field(
        None,
        description=(
            "file of who may own a runbook, a name a line; with it, pages whose owner has left "
            "are told of"
        ),
    )
    keep_texts_days: int = Field(
        0,
        ge=0,
        le=36_500,
        description=(
            "days after which what people wrote in an incident that is over is removed from it, "
            "and the texts of its alerts; 0: never"
        ),
    )

    @model_validator(mode="after")
    def _retires_are_sources(self) -> Self:
        for one in self.sync_retires:
            if one not in self.sync_sources:
                raise ValueError(f"sync_retires names {one!r}, which is none of sync_sources")
        return self

    @field_validator("alert_rules")
    @classmethod
    def _rules_are_there(cls, value: tuple[Path, ...]) -> tuple[Path, ...]:
        for path in value:
            if not path.exists():
                raise ValueError(f"{path} is neither a file nor a folder")
        return value

    @field_validator("people_file")
    @classmethod
    def _people_are_there(cls, value: Path | None) -> Path | None:
        if value is not None and not value.is_file():
            raise ValueError(f"{value} is not a file")
        return value

    @field_validator("sync_sources", "sync_retires", "alert_rules", mode="before")
    @classmethod
    def _sources(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        return tuple(one for one in (part.strip() for part in value.split(",")) if one)

    @field_validator("sync_sources")
    @classmethod
    def _sources_can_be_read(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        from bot.sync.model import parse_source

        for one in value:
            try:
                parse_source(one)
            except BadDocument as error:
                raise ValueError(str(error)) from error
        if len(set(value)) < len(value):
            raise ValueError("names one source twice")
        return value

    @field_validator("sync_tokens")
    @classmethod
    def _tokens_are_whole(cls, value: SecretStr | None) -> SecretStr | None:
        if value is None or not value.get_secret_value().strip():
            return None
        tokens_by_host(value)
        return value

    @property
    def sync_folder(self) -> Path:
        """Where copies of repositories are kept; they can always be fetched again."""
        data_dir: Path = getattr(self, "data_dir")  # noqa: B009 - of the whole Settings
        return data_dir / "sync"


def tokens_by_host(tokens: SecretStr | None) -> dict[str, tuple[str, str]]:
    """(user, token) by host. ValueError, which never tells a token, when one is not whole."""
    found: dict[str, tuple[str, str]] = {}
    written = tokens.get_secret_value().split(",") if tokens is not None else ()
    for number, one in enumerate(written, 1):
        if not one.strip():
            continue
        host, _, rest = one.strip().partition("=")
        user, _, token = rest.partition(":")
        if not host or not user or not token or any(c.isspace() for c in one.strip()):
            raise ValueError(f"entry {number} is not of the form HOST=USER:TOKEN")
        found[host.lower()] = (user, token)
    return found
