"""What one person sees, as JSON for the page. Reads the state, changes nothing."""

from bot.workspace.core import Core
from bot.workspace.delivery import Delivery
from bot.workspace.model import JSON, Channel, Message
from bot.workspace.mrkdwn import unescape

_SHOWN_MESSAGES = 300
_SHOWN_DELIVERIES = 60
_PIN_CHARACTERS = 80


def snapshot(core: Core, viewer: str, channel_id: str = "", thread_ts: str = "") -> JSON:
    """Everything on the screen of `viewer` (a user id) with a channel and a thread open.

    Raises SlackError: user_not_found.
    """
    state = core.state
    with state.changed:
        state.user(viewer)
        visible = [c for c in state.channels.values() if _may_see(c, viewer)]
        channel = next((c for c in visible if c.id == channel_id), visible[0] if visible else None)
        stack = state.views.get(viewer, [])
        home, now = state.homes.get(viewer), state.clock()
        return {
            "revision": state.revision,
            "team": state.team_name,
            "me": viewer,
            "bot": state.bot.id,
            "agent_view": core.agent_view,
            "users": {
                user.id: {
                    "name": user.name,
                    "real_name": user.real_name,
                    "is_bot": user.is_bot,
                }
                for user in state.users.values()
            },
            "channels": [_listed(c, viewer, state.bot.id) for c in visible],
            "channel": _opened(channel, viewer, now) if channel is not None else None,
            "thread": _thread(channel, viewer, thread_ts, now) if channel and thread_ts else [],
            "view": _view(stack[-1].json(), dict(stack[-1].errors)) if stack else None,
            "home": home.json() if home is not None else None,
        }


def _may_see(channel: Channel, viewer: str) -> bool:
    return channel.kind == "channel" or viewer in channel.members


def _listed(channel: Channel, viewer: str, bot: str) -> JSON:
    tops = list(channel.messages.values())
    return channel.json(viewer) | {
        "bot_is_member": bot in channel.members,
        "latest": tops[-1].ts if tops else "",
    }


def _opened(channel: Channel, viewer: str, now: float) -> JSON:
    everything = [*channel.messages.values(), *_for(channel, viewer)]
    top = sorted(
        (m for m in everything if not m.is_reply or m.broadcast), key=lambda m: float(m.ts)
    )
    replies = channel.replies()
    return {
        "id": channel.id,
        "messages": [
            message_json(channel, message, replies.get(message.ts, []), now)
            for message in top[-_SHOWN_MESSAGES:]
        ],
        "pins": [_pin(channel.messages[ts]) for ts in channel.pins],
        "assistant": {root: t.json(now) for root, t in channel.assistant.items()},
        "suggested": channel.prompts.json(),
        "bookmarks": [bookmark.json() for bookmark in channel.bookmarks.values()],
    }


def _thread(channel: Channel, viewer: str, root_ts: str, now: float) -> list[JSON]:
    own = [m for m in _for(channel, viewer) if m.thread_ts == root_ts]
    found = sorted([*channel.thread(root_ts), *own], key=lambda m: float(m.ts))
    return [message_json(channel, message, [], now) for message in found]


def _for(channel: Channel, viewer: str) -> list[Message]:
    return [m for m in channel.ephemeral.values() if m.ephemeral_to == viewer]


def _pin(message: Message) -> JSON:
    first_line = message.text.strip().partition("\n")[0]
    return {
        "ts": message.ts,
        "thread_ts": message.thread_ts or "" if message.is_reply else "",
        "text": unescape(first_line)[:_PIN_CHARACTERS],
    }


def message_json(channel: Channel, message: Message, replies: list[Message], now: float) -> JSON:
    """A message with what the page adds to it: replies, pinned, only for you, status.

    `now` (seconds) decides whether the app is still at work in the message's thread.
    """
    beside = channel.assistant.get(message.ts)
    working = beside.json(now) if beside is not None and beside.status_at(now) else None
    files = [{key: file[key] for key in ("id", "name", "title", "size")} for file in message.files]
    return message.json() | {
        "files": files,
        "ephemeral": message.ephemeral_to is not None,
        "pinned": message.ts in channel.pins,
        "working": working,
        "reply_count": len(replies),
        "reply_users": list(dict.fromkeys(reply.user for reply in replies)),
        "latest_reply": replies[-1].ts if replies else "",
    }


def _view(view: JSON, errors: dict[str, str]) -> JSON:
    return view | {"errors": errors}


def deliveries(log: list[Delivery], most: int = _SHOWN_DELIVERIES) -> list[JSON]:
    """The newest deliveries, newest first, without their payloads."""
    return [
        {
            "kind": delivery.kind,
            "event_type": delivery.event_type,
            "event_id": delivery.event_id,
            "acked": delivery.acked,
            "ack_seconds": delivery.ack_seconds,
            "given_up": delivery.given_up,
            "attempts": [
                {
                    "envelope_id": attempt.envelope_id,
                    "sent_at": attempt.sent_at,
                    "acked_at": attempt.acked_at,
                    "via": attempt.via,
                    "retry_reason": attempt.retry_reason,
                    "error": attempt.error,
                }
                for attempt in delivery.attempts
            ],
        }
        for delivery in reversed(log[-most:])
    ]
