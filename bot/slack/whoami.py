"""Who the bot is, as its token says; asked once."""

import threading
from dataclasses import dataclass

from slack_sdk import WebClient

from bot.slack.calling import api_call


@dataclass(frozen=True, slots=True)
class Myself:
    """The bot's workspace, its user there, and its app ("" where the server does not tell)."""

    team_id: str
    user_id: str
    app_id: str = ""


class WhoAmI:
    """auth.test, once. Safe to use from several threads."""

    def __init__(self, client: WebClient) -> None:
        self._client = client
        self._found: Myself | None = None
        self._lock = threading.Lock()

    def __call__(self) -> Myself:
        """Raises ChatUnavailable and ChatRefused; then the next call asks again."""
        with self._lock:
            if self._found is None:
                answer = api_call("auth.test", self._client.auth_test)
                self._found = Myself(
                    team_id=str(answer.get("team_id") or ""),
                    user_id=str(answer.get("user_id") or ""),
                    app_id=str(answer.get("app_id") or ""),
                )
            return self._found
