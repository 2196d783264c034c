"""Settings of the console: where browsers reach it, and who lets people in."""

from ipaddress import ip_address
from typing import Annotated, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode

from bot.errors import SettingsError

_DETAILS = (
    "oidc_role_claim",
    "oidc_responders",
    "oidc_leads",
    "oidc_admins",
    "oidc_actor_claim",
    "oidc_scopes",
)
"""What means nothing without an identity provider."""


class ConsoleSettings(BaseSettings):
    """A part of Settings."""

    public_url: str = Field(
        "",
        description="address at which browsers reach Recall, such as https://recall.example.org; "
        "empty means that of RECALL_HOST and RECALL_PORT",
    )
    secret_key: SecretStr | None = Field(
        None,
        description="key that seals secrets written in the console, or several separated by "
        "commas, the newest first; empty means the file secret.key in the data folder, made at "
        "first use (SQLite only)",
    )
    oidc_issuer: str = Field(
        "",
        description="identity provider that signs people in to the console: the issuer as its "
        "discovery document names it; empty means one-time links only",
    )
    oidc_client_id: str = Field("", description="what the identity provider calls Recall")
    oidc_client_secret: SecretStr | None = Field(
        None, description="Recall's secret at the identity provider"
    )
    oidc_scopes: str = Field(
        "openid profile email",
        description="scopes asked for, separated by spaces; some providers need `groups` as well",
    )
    oidc_role_claim: str = Field(
        "groups",
        description="claim of the ID token with somebody's groups; may be a path such as "
        "realm_access.roles",
    )
    oidc_responders: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        description="groups that may come in, separated by commas; empty means everybody whom "
        "the provider signs in",
    )
    oidc_leads: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="groups whose members are leads in the console, separated by commas"
    )
    oidc_admins: Annotated[tuple[str, ...], NoDecode] = Field(
        (),
        description="groups whose members are administrators in the console, separated by commas",
    )
    oidc_actor_claim: str = Field(
        "",
        description="claim that holds TEAM_ID/USER_ID, so that somebody is the same person as in "
        "Slack; people must not be able to set it themselves",
    )

    @field_validator("secret_key")
    @classmethod
    def _key_is_one(cls, value: SecretStr | None) -> SecretStr | None:
        from bot.secrets.sealing import NO_KEY, Sealer

        if value is None or not value.get_secret_value().strip():
            return None
        try:
            Sealer([key.strip() for key in value.get_secret_value().split(",") if key.strip()])
        except SettingsError:
            raise ValueError(NO_KEY) from None
        return value

    @field_validator("public_url")
    @classmethod
    def _public_url(cls, value: str) -> str:
        parts = urlsplit(value)
        if value and (parts.scheme not in ("http", "https") or not parts.hostname):
            raise ValueError("must be an http or https address")
        return value.rstrip("/")

    @field_validator("oidc_issuer")
    @classmethod
    def _issuer(cls, value: str) -> str:
        parts = urlsplit(value)
        if value and (not _is_safe(value) or parts.query or parts.fragment or parts.username):
            raise ValueError(
                "must be an https address without query, such as https://login.example.org "
                "(http only on this machine)"
            )
        return value

    @field_validator("oidc_responders", "oidc_leads", "oidc_admins", mode="before")
    @classmethod
    def _groups(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        return tuple(one for one in (part.strip() for part in value.split(",")) if one)

    @field_validator("oidc_scopes")
    @classmethod
    def _scopes(cls, value: str) -> str:
        if "openid" not in value.split():
            raise ValueError("must name openid, or there is no ID token")
        return " ".join(value.split())

    @model_validator(mode="after")
    def _sign_on_is_whole(self) -> Self:
        needed = {
            "RECALL_OIDC_ISSUER": bool(self.oidc_issuer),
            "RECALL_OIDC_CLIENT_ID": bool(self.oidc_client_id),
            "RECALL_OIDC_CLIENT_SECRET": self.oidc_client_secret is not None
            and bool(self.oidc_client_secret.get_secret_value()),
        }
        named = [name for name, is_there in needed.items() if is_there]
        details = [f"RECALL_{name.upper()}" for name in _DETAILS if self._is_chosen(name)]
        missing = [name for name in needed if name not in named]
        if not named and not details:
            return self
        if missing:
            raise ValueError(
                f"{(named + details)[0]} is set; single sign-on needs {' and '.join(missing)} too"
            )
        if not self.public_url:
            raise ValueError(
                "RECALL_OIDC_ISSUER is set; set RECALL_PUBLIC_URL too: people come back to it"
            )
        if not _is_safe(self.public_url):
            raise ValueError(
                "RECALL_OIDC_ISSUER is set; RECALL_PUBLIC_URL must be https (http only on this "
                "machine)"
            )
        if not self.oidc_role_claim:
            raise ValueError("RECALL_OIDC_ROLE_CLAIM is empty; single sign-on needs its name")
        return self

    def _is_chosen(self, name: str) -> bool:
        return bool(getattr(self, name) != type(self).model_fields[name].default)


def _is_safe(address: str) -> bool:
    """https, or http on this machine."""
    parts = urlsplit(address)
    host = parts.hostname or ""
    if parts.scheme == "https":
        return bool(host)
    try:
        is_here = ip_address(host).is_loopback
    except ValueError:
        is_here = host == "localhost"
    return parts.scheme == "http" and is_here
