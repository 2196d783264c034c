"""What Slack knows of people, and the way to tell one of them something; both are optional."""

import logging
import threading
from dataclasses import dataclass

from slack_sdk import WebClient

from bot.chat.ports import Destination
from bot.clock import Clock
from bot.errors import ChatUnavailable
from bot.slack.degrade import OptionalCalls

_log = logging.getLogger(__name__)

_KEPT_SECONDS = 3_600.0
_MEMBER_SECONDS = 60.0
_MOST_KEPT = 5_000


@dataclass(frozen=True, slots=True)
class Profile:
    """A person as Slack has them. `time_zone` is a name such as Europe/Berlin, or None; `name` is
    the one that people see, for reading."""

    time_zone: str | None
    is_guest: bool
    name: str = ""


class SlackPeople:
    """Profiles, kept for an hour, and direct messages."""

    def __init__(self, client: WebClient, clock: Clock) -> None:
        self._client = client
        self._clock = clock
        self._optional = OptionalCalls(clock)
        self._found: dict[str, tuple[float, Profile | None]] = {}
        self._lock = threading.Lock()

    def profile(self, user_id: str) -> Profile | None:
        """None where Slack does not tell: without the scope, or while it is away."""
        with self._lock:
            kept = self._found.get(user_id)
        try:
            return self._asked_within(user_id, _KEPT_SECONDS)
        except ChatUnavailable as error:
            _log.info("the profile of %s is not known now: %s", user_id, error)
            return kept[1] if kept is not None else None

    def is_member(self, user_id: str) -> bool | None:
        """Whether it is a full member now, neither guest nor deactivated; None where Slack does not
        tell. Asked anew after a minute. May raise ChatUnavailable."""
        found = self._asked_within(user_id, _MEMBER_SECONDS)
        return None if found is None else not found.is_guest

    def _asked_within(self, user_id: str, seconds: float) -> Profile | None:
        with self._lock:
            kept = self._found.get(user_id)
        if kept is not None and self._clock.monotonic() - kept[0] < seconds:
            return kept[1]
        found = self._ask(user_id)
        with self._lock:
            if len(self._found) >= _MOST_KEPT:
                self._found.clear()
            self._found[user_id] = (self._clock.monotonic(), found)
        return found

    def time_zone(self, user_id: str) -> str | None:
        found = self.profile(user_id)
        return found.time_zone if found is not None else None

    def is_guest(self, user_id: str) -> bool:
        """Whether Slack says so; a person of whom nothing is known counts as none."""
        found = self.profile(user_id)
        return found is not None and found.is_guest

    def direct(self, team_id: str, user_id: str) -> Destination | None:
        """The direct messages with a person; None without the scope. May raise
        ChatUnavailable."""
        method, call = "conversations.open", self._client.conversations_open
        answer = self._optional.call("a direct message for the digest", method, call, users=user_id)
        channel = (answer or {}).get("channel") or {}
        return Destination(team_id, str(channel["id"])) if channel.get("id") else None

    def _ask(self, user_id: str) -> Profile | None:
        method, call = "users.info", self._client.users_info
        answer = self._optional.call("what Slack knows of people", method, call, user=user_id)
        user = (answer or {}).get("user")
        if not isinstance(user, dict):
            return None
        zone = user.get("tz")
        profile = user.get("profile")
        display = profile.get("display_name") if isinstance(profile, dict) else None
        guest = ("is_restricted", "is_ultra_restricted", "is_stranger", "deleted")
        return Profile(
            time_zone=str(zone) if zone else None,
            is_guest=any(bool(user.get(name)) for name in guest),
            name=str(display or user.get("name") or ""),
        )
