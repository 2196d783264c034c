"""What `recall doctor` asks Slack: who we are, what we may do, where we are. Posts nothing."""

from dataclasses import dataclass

from slack_sdk import WebClient

from bot.errors import ChatRefused
from bot.slack.client import api_call
from bot.slack.errors import CALL_ERRORS, told
from bot.slack.rooms import find_channel


@dataclass(frozen=True, slots=True)
class Identity:
    """Whom the bot token belongs to. `scopes` is None where the server does not tell them."""

    user: str
    team: str
    scopes: frozenset[str] | None


@dataclass(frozen=True, slots=True)
class Membership:
    """A channel as the bot sees it."""

    channel_id: str
    is_member: bool
    is_shared: bool
    is_archived: bool
    is_private: bool


def identity(client: WebClient) -> Identity:
    """Raises ChatRefused for a token that Slack does not take, ChatUnavailable without Slack."""
    try:
        answer = client.auth_test()
    except CALL_ERRORS as error:
        raise told(error, "auth.test") from error
    headers = {name.lower(): value for name, value in dict(answer.headers or {}).items()}
    scopes = headers.get("x-oauth-scopes")
    if isinstance(scopes, list):
        scopes = scopes[0] if scopes else None
    held = None if scopes is None else frozenset(part.strip() for part in scopes.split(","))
    return Identity(
        user=str(answer.get("user") or ""), team=str(answer.get("team") or ""), scopes=held
    )


def open_connection(client: WebClient, app_token: str) -> None:
    """Ask for a Socket Mode address with the app-level token, and leave it unused.

    Raises ChatRefused when the token is wrong or Socket Mode is switched off.
    """
    api_call("apps.connections.open", client.apps_connections_open, app_token=app_token)


def membership(client: WebClient, wanted: str) -> Membership | None:
    """How the bot stands to a channel, by id or name; None when it cannot see such a one."""
    try:
        channel = find_channel(client, wanted)
    except ChatRefused as error:
        if error.code == "channel_not_found":
            return None
        raise
    return Membership(
        channel_id=str(channel["id"]),
        is_member=bool(channel.get("is_member")),
        is_shared=bool(channel.get("is_ext_shared")),
        is_archived=bool(channel.get("is_archived")),
        is_private=bool(channel.get("is_private")),
    )
