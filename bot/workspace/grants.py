"""Short-lived rights that Slack hands out with an interaction: trigger ids and response URLs."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass

from bot.workspace.errors import SlackError

TRIGGER_SECONDS = 3.0
RESPONSE_URL_SECONDS = 30 * 60.0
RESPONSE_URL_USES = 5


@dataclass(slots=True)
class Trigger:
    """The right to open one view for `user`, until `expires`."""

    user: str
    expires: float
    used: bool = False


@dataclass(slots=True)
class ResponseUrl:
    """The right to answer one interaction in `channel` (about the message at `ts`, if any)."""

    channel: str
    user: str
    expires: float
    ts: str | None = None
    thread_ts: str | None = None
    uses: int = 0


class Grants:
    """Hands the rights out and takes them back; `clock` gives seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._triggers: dict[str, Trigger] = {}
        self._urls: dict[str, ResponseUrl] = {}

    def trigger(self, user: str) -> str:
        """A new trigger id for this user's action."""
        trigger_id = f"{len(self._triggers) + 1}.{secrets.token_hex(16)}"
        self._triggers[trigger_id] = Trigger(user, self._clock() + TRIGGER_SECONDS)
        return trigger_id

    def use_trigger(self, trigger_id: str) -> str:
        """The user it belongs to; works once.

        Raises SlackError: invalid_trigger_id, exchanged_trigger_id, expired_trigger_id.
        """
        trigger = self._triggers.get(trigger_id)
        if trigger is None:
            raise SlackError("invalid_trigger_id")
        if trigger.used:
            raise SlackError("exchanged_trigger_id")
        if self._clock() > trigger.expires:
            raise SlackError("expired_trigger_id")
        trigger.used = True
        return trigger.user

    def response_url(
        self, channel: str, user: str, ts: str | None = None, thread_ts: str | None = None
    ) -> str:
        """The secret part of a new response URL."""
        token = secrets.token_hex(16)
        expires = self._clock() + RESPONSE_URL_SECONDS
        self._urls[token] = ResponseUrl(channel, user, expires, ts, thread_ts)
        return token

    def use_response_url(self, token: str) -> ResponseUrl:
        """What the URL is about; counts the use. Raises SlackError: used_url, expired_url."""
        url = self._urls.get(token)
        if url is None or self._clock() > url.expires:
            raise SlackError("expired_url")
        if url.uses >= RESPONSE_URL_USES:
            raise SlackError("used_url")
        url.uses += 1
        return url
