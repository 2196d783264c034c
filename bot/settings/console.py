"""Settings of the console: where browsers reach it, and who lets people in."""

from urllib.parse import urlsplit

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings


class ConsoleSettings(BaseSettings):
    """A part of Settings."""

    public_url: str = Field(
        "",
        description="address at which browsers reach Recall, such as https://recall.example.org; "
        "empty means that of RECALL_HOST and RECALL_PORT",
    )

    @field_validator("public_url")
    @classmethod
    def _public_url(cls, value: str) -> str:
        parts = urlsplit(value)
        if value and (parts.scheme not in ("http", "https") or not parts.hostname):
            raise ValueError("must be an http or https address")
        return value.rstrip("/")
