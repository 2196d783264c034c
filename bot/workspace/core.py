"""The parts of one workspace, put together; every handler works on this."""

from dataclasses import dataclass, field

from bot.workspace.delivery import Deliveries
from bot.workspace.faults import Faults
from bot.workspace.grants import Grants
from bot.workspace.model import JSON
from bot.workspace.pace import Pace
from bot.workspace.state import State

DEFAULT_SCOPES = frozenset(
    (
        "app_mentions:read",
        "assistant:write",
        "bookmarks:read",
        "bookmarks:write",
        "channels:history",
        "channels:join",
        "channels:manage",
        "channels:read",
        "chat:write",
        "commands",
        "files:read",
        "files:write",
        "groups:history",
        "groups:read",
        "groups:write",
        "im:history",
        "im:read",
        "im:write",
        "mpim:history",
        "mpim:read",
        "pins:read",
        "pins:write",
        "reactions:read",
        "reactions:write",
        "team:read",
        "usergroups:read",
        "users:read",
        "users:read.email",
    )
)


@dataclass(frozen=True, slots=True)
class Credentials:
    """What the app needs to connect. The values mean nothing outside this workspace."""

    bot_token: str = "xoxb-local-workspace-bot"  # noqa: S105
    app_token: str = "xapp-local-workspace-app"  # noqa: S105
    signing_secret: str = "local-workspace-signing-secret"  # noqa: S105
    scopes: frozenset[str] = DEFAULT_SCOPES


@dataclass(slots=True)
class Core:
    """State, deliveries, rights and faults of one workspace.

    `agent_view`: the app's manifest says that, and not the older `assistant_view`.
    """

    state: State
    deliveries: Deliveries
    grants: Grants
    faults: Faults
    credentials: Credentials
    pace: Pace
    events: frozenset[str] | None = None
    agent_view: bool = True
    event_count: int = field(default=0)

    def emit(self, event: JSON) -> None:
        """Send an event to the app, wrapped as Slack wraps it, if the app subscribed to it."""
        state = self.state
        if self.events is not None and event["type"] not in self.events:
            return
        self.event_count += 1
        channel = state.channels.get(str(event.get("channel", "")))
        self.deliveries.send(
            "events_api",
            {
                "token": "local-verification-token",
                "team_id": state.team_id,
                "context_team_id": state.team_id,
                "context_enterprise_id": None,
                "api_app_id": state.app_id,
                "event": event,
                "type": "event_callback",
                "event_id": f"Ev0LW{self.event_count:08d}",
                "event_time": int(state.clock()),
                "authorizations": [
                    {
                        "enterprise_id": None,
                        "team_id": state.team_id,
                        "user_id": state.bot.id,
                        "is_bot": True,
                        "is_enterprise_install": False,
                    }
                ],
                "is_ext_shared_channel": channel is not None and channel.is_shared,
                "event_context": f"4-local-{state.app_id}-{self.event_count}",
            },
        )
