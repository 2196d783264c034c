"""Who is in a user group, as Slack tells it."""

from slack_sdk import WebClient

from bot.clock import Clock
from bot.slack.degrade import OptionalCalls
from bot.slack.people import SlackPeople

FEATURE = "roles by user groups"


class SlackGroups:
    """Both calls may raise ChatUnavailable."""

    def __init__(self, client: WebClient, people: SlackPeople, clock: Clock) -> None:
        self._client = client
        self._people = people
        self._optional = OptionalCalls(clock)

    def members(self, group_id: str) -> list[str] | None:
        """User ids; None without the scope, and for a group that is gone or switched off."""
        answer = self._optional.call(
            FEATURE,
            "usergroups.users.list",
            self._client.usergroups_users_list,
            usergroup=group_id,
        )
        users = (answer or {}).get("users")
        return [str(one) for one in users] if isinstance(users, list) else None

    def is_inside(self, user_id: str) -> bool:
        """Whether Slack says that it is a full member; of whom it says nothing is none."""
        found = self._people.profile(user_id)
        return found is not None and not found.is_guest
