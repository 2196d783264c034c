"""assistant.threads.*: the status while the app works, the thread's title, suggested prompts."""

from dataclasses import replace

from bot.workspace.api.call import Call
from bot.workspace.assistant import (
    MAX_LOADING_MESSAGES,
    MAX_PROMPTS,
    AssistantThread,
    Prompt,
    Prompts,
)
from bot.workspace.errors import SlackError, invalid
from bot.workspace.model import JSON, Channel


def _channel(call: Call) -> Channel:
    channel = call.state.channel(
        call.required("channel_id", "channel_not_found"), viewer=call.bot.id
    )
    if call.bot.id not in channel.members:
        raise SlackError("not_in_channel")
    return channel


def _thread(call: Call, channel: Channel) -> tuple[str, AssistantThread]:
    """The ts of the thread's root, and what is shown there so far."""
    message = channel.messages.get(call.required("thread_ts", "invalid_thread_ts"))
    if message is None:
        raise SlackError("invalid_thread_ts")
    root = message.thread_ts or message.ts
    return root, channel.assistant.get(root, AssistantThread())


def set_status(call: Call) -> JSON:
    """assistant.threads.setStatus: in any thread the bot may speak in; empty takes it away."""
    channel = _channel(call)
    root, thread = _thread(call, channel)
    if "status" not in call.args:
        raise invalid("invalid_arguments", "missing required field: status")
    loading = call.json("loading_messages") or []
    if not isinstance(loading, list) or not all(isinstance(one, str) for one in loading):
        raise invalid("invalid_arguments", "must be strings [json-pointer:/loading_messages]")
    if len(loading) > MAX_LOADING_MESSAGES:
        raise invalid(
            "invalid_arguments",
            f"no more than {MAX_LOADING_MESSAGES} items allowed [json-pointer:/loading_messages]",
        )
    now = call.state.clock()
    channel.assistant[root] = thread.working(call.text("status"), tuple(loading), now)
    call.state.touch()
    return {}


def set_title(call: Call) -> JSON:
    """assistant.threads.setTitle"""
    channel = _channel(call)
    root, thread = _thread(call, channel)
    channel.assistant[root] = replace(thread, title=call.required("title"))
    call.state.touch()
    return {}


def set_suggested_prompts(call: Call) -> JSON:
    """assistant.threads.setSuggestedPrompts: up to four, for a thread or the conversation.

    An app with `agent_view` leaves `thread_ts` out; Slack answers "ok" to one that gives it, and
    shows nothing.
    """
    channel = _channel(call)
    prompts = Prompts(_offered(call), call.text("title"))
    if not call.text("thread_ts"):
        channel.prompts = prompts
    else:
        root, thread = _thread(call, channel)
        if not call.core.agent_view:
            channel.assistant[root] = replace(thread, prompts=prompts)
    call.state.touch()
    return {}


def _offered(call: Call) -> tuple[Prompt, ...]:
    given = call.objects("prompts", "invalid_arguments")
    if not given or len(given) > MAX_PROMPTS:
        raise invalid(
            "invalid_arguments", f"must provide 1 to {MAX_PROMPTS} items [json-pointer:/prompts]"
        )
    offered = []
    for number, one in enumerate(given):
        title, message = one.get("title"), one.get("message")
        if not (isinstance(title, str) and title and isinstance(message, str) and message):
            raise invalid(
                "invalid_arguments",
                f"title and message are required [json-pointer:/prompts/{number}]",
            )
        offered.append(Prompt(title, message))
    return tuple(offered)
