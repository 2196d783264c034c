"""The settings of who may have actions run, and of where the audit record is anchored."""

import re
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode

_GROUP = re.compile(r"[A-Z0-9]+/S[A-Z0-9]+", re.ASCII)
_ACTOR = re.compile(r"[A-Z0-9]+/[A-Z0-9]+", re.ASCII)
_MOST_GROUPS = 10


class GuardSettings(BaseSettings):
    """A part of `Settings`."""

    lead_groups: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        description=(
            "Slack user groups whose members lead where the risk of an action is read or low, as "
            "TEAM_ID/GROUP_ID, separated by commas; at most 10"
        ),
    )
    break_glass: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        description=(
            "who may break the glass: stand in, with a reason, for the approvals an action lacks; "
            "as TEAM_ID/USER_ID, separated by commas"
        ),
    )
    approve_in_console: Annotated[tuple[Literal["low", "high", "critical"], ...], NoDecode] = Field(
        (),
        description=(
            "risks of actions that are approved in the console alone, by single sign-on, separated "
            "by commas: low, high, critical"
        ),
    )
    anchor_syslog: str = Field(
        "",
        description=(
            "where `recall audit anchor` sends anchors by syslog (RFC 5424): udp://HOST:PORT or "
            "tcp://HOST:PORT"
        ),
    )
    anchor_url: str = Field(
        "", description="where `recall audit anchor` posts anchors as JSON: an https address"
    )
    anchor_token: SecretStr | None = Field(None, description="bearer token for RECALL_ANCHOR_URL")

    @field_validator("lead_groups", "break_glass", "approve_in_console", mode="before")
    @classmethod
    def _listed(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        return tuple(one for one in (part.strip() for part in value.split(",")) if one)

    @field_validator("lead_groups")
    @classmethod
    def _group_keys(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for key in value:
            if not _GROUP.fullmatch(key):
                raise ValueError(f"{key!r} is not of the form TEAM_ID/GROUP_ID, such as T1/S2")
        if len(value) > _MOST_GROUPS:
            raise ValueError(f"names more than {_MOST_GROUPS} groups")
        return value

    @field_validator("break_glass")
    @classmethod
    def _people_keys(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for key in value:
            if not _ACTOR.fullmatch(key):
                raise ValueError(f"{key!r} is not of the form TEAM_ID/USER_ID")
        return value

    @field_validator("anchor_syslog")
    @classmethod
    def _syslog(cls, value: str) -> str:
        if not value:
            return value
        try:
            parts = urlsplit(value)
            is_whole = parts.scheme in ("udp", "tcp") and parts.hostname and parts.port
        except ValueError:
            is_whole = None
        if not is_whole or parts.path or parts.query:
            raise ValueError("must be udp://HOST:PORT or tcp://HOST:PORT")
        return value

    @field_validator("anchor_url")
    @classmethod
    def _anchor_url(cls, value: str) -> str:
        parts = urlsplit(value)
        is_here = parts.scheme == "http" and parts.hostname in ("127.0.0.1", "::1", "localhost")
        if value and not (parts.hostname and (parts.scheme == "https" or is_here)):
            raise ValueError("must be an https address (http only for this machine)")
        return value

    @model_validator(mode="after")
    def _console_is_there(self) -> Self:
        if self.approve_in_console and not getattr(self, "oidc_issuer", ""):
            raise ValueError(
                "RECALL_APPROVE_IN_CONSOLE is set; set RECALL_OIDC_ISSUER too: nobody could approve"
            )
        return self
