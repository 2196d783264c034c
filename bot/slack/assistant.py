"""The assistant pane: what it offers to ask, and that it is at work. Both are left out where
the workspace does not have them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from slack_sdk import WebClient

from bot.incidents.model import Incident
from bot.slack.degrade import OptionalCalls
from bot.slack.limits import clip
from bot.uow import UnitOfWorkFactory
from knowledge.model import Audience

JSON = Mapping[str, Any]
MOST_PROMPTS = 4
_TITLE = 70
_STATUS = "is looking through past incidents and runbooks…"
_THREAD_EVENTS = ("assistant_thread_started", "assistant_thread_context_changed")


@dataclass(frozen=True, slots=True, kw_only=True)
class PaneOpened:
    """Somebody looks at the pane. `thread` is None for an app of the agent kind, whose prompts
    belong to the whole conversation: there Slack takes none with a thread."""

    team_id: str
    user_id: str
    channel: str
    thread: str | None


def pane_opened(body: JSON) -> PaneOpened | None:
    """From an event_callback body; None for any other event."""
    event = body.get("event")
    if not isinstance(event, Mapping) or not body.get("team_id") or not body.get("event_id"):
        return None
    kind = event.get("type")
    if kind == "app_home_opened" and event.get("tab") == "messages":
        user, channel, thread = event.get("user"), event.get("channel"), None
    elif kind in _THREAD_EVENTS and isinstance(event.get("assistant_thread"), Mapping):
        of = event["assistant_thread"]
        user, channel, thread = of.get("user_id"), of.get("channel_id"), of.get("thread_ts")
    else:
        return None
    if not user or not channel:
        return None
    return PaneOpened(
        team_id=str(body["team_id"]),
        user_id=str(user),
        channel=str(channel),
        thread=str(thread) if thread else None,
    )


class Pane:
    """Never raises for anything that Slack says."""

    def __init__(self, client: WebClient, units: UnitOfWorkFactory, calls: OptionalCalls) -> None:
        self._client = client
        self._units = units
        self._calls = calls

    def offer(self, opened: PaneOpened) -> None:
        """Suggest what to ask, from what is open now and may be seen there."""
        audience = Audience(channel=f"{opened.team_id}/{opened.channel}")
        with self._units.read() as uow:
            active = [one for one in uow.incidents.active() if audience.may_see(one.visibility)]
        arguments: dict[str, Any] = {
            "channel_id": opened.channel,
            "title": "What do you want to know?",
            "prompts": prompts(active),
        }
        if opened.thread is not None:
            arguments["thread_ts"] = opened.thread
        self._call("assistant.threads.setSuggestedPrompts", arguments)

    def working(self, channel: str, thread: str) -> None:
        """Say that the search is on; the answer itself takes it away."""
        arguments = {"channel_id": channel, "thread_ts": thread, "status": _STATUS}
        self._call("assistant.threads.setStatus", arguments)

    def _call(self, method: str, arguments: dict[str, Any]) -> None:
        self._calls.attempt(
            "the assistant pane", method, self._client.api_call, api_method=method, json=arguments
        )


def prompts(active: Sequence[Incident]) -> list[dict[str, str]]:
    """Three or four, those about what is open first. Pure."""
    offered = [
        _prompt(f"{one.key}: what was it the last time?", f"similar {one.key}")
        for one in active[: MOST_PROMPTS - 2]
    ]
    service = next((one.service for one in active if one.service), None)
    if service is not None and len(offered) < MOST_PROMPTS - 2:
        offered.append(_prompt(f"The runbook of {service}", f"runbook {service}"))
    offered.append(_prompt("What is open now?", "status"))
    if len(offered) < MOST_PROMPTS - 1:
        offered.append(
            _prompt("What do I do when a disk fills up?", "What do I do when a disk fills up?")
        )
    offered.append(_prompt("What can I ask you?", "help"))
    return offered


def _prompt(title: str, message: str) -> dict[str, str]:
    return {"title": clip(" ".join(title.split()), _TITLE), "message": clip(message, 200)}
