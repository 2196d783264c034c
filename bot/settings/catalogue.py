"""The settings of where services are declared beside services.yaml."""

from pathlib import Path

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings


class CatalogueSettings(BaseSettings):
    """A part of `Settings`."""

    backstage_path: Path | None = Field(
        None,
        description=(
            "Backstage's catalog-info.yaml: one file, or a folder that is searched for them; read "
            "after services.yaml, which goes first"
        ),
    )

    @field_validator("backstage_path")
    @classmethod
    def _is_there(cls, value: Path | None) -> Path | None:
        if value is not None and not value.exists():
            raise ValueError(f"{value} is neither a file nor a folder")
        return value
