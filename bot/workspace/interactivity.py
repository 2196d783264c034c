"""Clicks, submissions, shortcuts and commands: what goes out for each, what an answer does."""

import json
import logging

from bot.workspace import choices, messages, rules
from bot.workspace.api import views
from bot.workspace.api.chat import numbered
from bot.workspace.core import Core
from bot.workspace.delivery import Delivery
from bot.workspace.errors import SlackError
from bot.workspace.model import JSON, Channel, Message, User, View

log = logging.getLogger(__name__)


def _common(core: Core, kind: str, user: User) -> JSON:
    state = core.state
    return {
        "type": kind,
        "user": {
            "id": user.id,
            "username": user.name,
            "name": user.name,
            "team_id": user.team_id,
        },
        "api_app_id": state.app_id,
        "token": "local-verification-token",
        "trigger_id": core.grants.trigger(user.id),
        "team": {"id": state.team_id, "domain": state.team_domain},
        "enterprise": None,
        "is_enterprise_install": False,
    }


def _channel(channel: Channel) -> JSON:
    name = {"im": "directmessage", "group": "privategroup"}.get(channel.kind, channel.name)
    return {"id": channel.id, "name": name}


def response_address(core: Core, token: str) -> str:
    """The full response URL for a token."""
    return f"{core.state.base_url}/response/{token}"


def click(
    core: Core, user: User, message: Message, wanted: str, option: str | None = None
) -> Delivery:
    """A person presses a button or picks an option of a message. Raises LookupError."""
    with core.state.changed:
        channel = core.state.channel(message.channel)
        place = channel.ephemeral if message.ephemeral_to else channel.messages
        current = place.get(message.ts)
        if current is None:
            raise LookupError("the message is gone")
        block, element, chosen = choices.find(list(current.blocks), wanted, option)
        container: JSON = {
            "type": "message",
            "message_ts": current.ts,
            "channel_id": channel.id,
            "is_ephemeral": current.ephemeral_to is not None,
        }
        if current.thread_ts is not None:
            container["thread_ts"] = current.thread_ts
        token = core.grants.response_url(channel.id, user.id, current.ts, current.thread_ts)
        payload = _common(core, "block_actions", user) | {
            "container": container,
            "channel": _channel(channel),
            "message": current.json(),
            "state": {"values": {}},
            "response_url": response_address(core, token),
            "actions": [choices.action(block, element, chosen, core.state.next_ts())],
        }
        return core.deliveries.send("interactive", payload)


def click_in_view(
    core: Core, user: User, view: View, wanted: str, option: str | None = None
) -> Delivery:
    """A person presses something in a modal or on the home tab. Raises LookupError."""
    with core.state.changed:
        block, element, chosen = choices.find(view.definition["blocks"], wanted, option)
        payload = _common(core, "block_actions", user) | {
            "container": {"type": "view", "view_id": view.id},
            "view": view.json(),
            "actions": [choices.action(block, element, chosen, core.state.next_ts())],
        }
        return core.deliveries.send("interactive", payload)


def submit(core: Core, user: User, view: View, given: JSON) -> Delivery | None:
    """A person submits a modal; None when required inputs are missing (shown in the view).

    See `choices.fill` for `given`.
    """
    with core.state.changed:
        values, errors = choices.fill(view.definition, given)
        if errors:
            views.swap(core.state, view.with_errors(errors))
            return None
        payload = _common(core, "view_submission", user) | {
            "view": view.json(values),
            "response_urls": [],
        }

        def answered(response: JSON | None) -> None:
            try:
                _after_submission(core, view, response or {})
            except SlackError as refusal:
                log.warning("the answer to a submission was refused: %s", refusal.body())

        return core.deliveries.send("interactive", payload, answered)


def _after_submission(core: Core, view: View, response: JSON) -> None:
    state = core.state
    with state.changed:
        stack = state.views.get(view.user, [])
        kind = response.get("response_action")
        if kind == "errors":
            named = {str(key): str(value) for key, value in response.get("errors", {}).items()}
            known = {block.get("block_id") for block in view.definition["blocks"]}
            if not named or not named.keys() <= known:
                raise SlackError("invalid_arguments")
            views.swap(state, view.with_errors(named))
        elif kind in ("update", "push"):
            shown = response.get("view")
            rules.check_view(shown, len(json.dumps(shown).encode()))
            assert isinstance(shown, dict)  # check_view has refused everything else
            shown = {**shown, "blocks": list(numbered(shown["blocks"], state.next_id))}
            if kind == "update":
                views.replace_view(state, view, shown)
            else:
                views.push_on(state, view.user, shown)
        elif kind == "clear":
            state.views.pop(view.user, None)
        else:
            # A view that the app has updated in the meantime is still the one on screen.
            state.views[view.user] = [other for other in stack if other.id != view.id]
        state.touch()


def close(core: Core, user: User, view: View) -> Delivery | None:
    """A person closes a modal; the app hears of it only when the view asked for that."""
    with core.state.changed:
        stack = core.state.views.get(user.id, [])
        core.state.views[user.id] = [other for other in stack if other.id != view.id]
        core.state.touch()
        if not view.definition.get("notify_on_close"):
            return None
        payload = _common(core, "view_closed", user) | {"view": view.json(), "is_cleared": False}
        del payload["trigger_id"]
        return core.deliveries.send("interactive", payload)


def shortcut(core: Core, user: User, callback_id: str, message: Message | None) -> Delivery:
    """A person uses a message shortcut (with a message) or a global one."""
    with core.state.changed:
        kind = "shortcut" if message is None else "message_action"
        payload = _common(core, kind, user) | {
            "callback_id": callback_id,
            "action_ts": core.state.next_ts(),
        }
        if message is not None:
            channel = core.state.channel(message.channel)
            token = core.grants.response_url(channel.id, user.id, thread_ts=message.thread_ts)
            payload |= {
                "channel": _channel(channel),
                "message": message.json(),
                "message_ts": message.ts,
                "response_url": response_address(core, token),
            }
        return core.deliveries.send("interactive", payload)


def command(core: Core, user: User, channel: Channel, line: str) -> Delivery:
    """A person sends a slash command: `line` is `/name and the rest`."""
    with core.state.changed:
        name, _, text = line.strip().partition(" ")
        state = core.state
        token = core.grants.response_url(channel.id, user.id)
        payload: JSON = {
            "token": "local-verification-token",
            "team_id": state.team_id,
            "team_domain": state.team_domain,
            "channel_id": channel.id,
            "channel_name": _channel(channel)["name"],
            "user_id": user.id,
            "user_name": user.name,
            "command": name,
            "text": text.strip(),
            "api_app_id": state.app_id,
            "is_enterprise_install": "false",
            "response_url": response_address(core, token),
            "trigger_id": core.grants.trigger(user.id),
        }

        def answered(response: JSON | None) -> None:
            if response and (response.get("text") or response.get("blocks")):
                try:
                    say(core, channel, user.id, response)
                except SlackError as refusal:
                    log.warning("the answer to a command was refused: %s", refusal.body())

        return core.deliveries.send("slash_commands", payload, answered)


def say(core: Core, channel: Channel, reader: str, answer: JSON) -> None:
    """Post an answer to an interaction: for `reader` only, unless it is `in_channel`."""
    state = core.state
    with state.changed:
        fields = _fields(core, answer)
        thread = answer.get("thread_ts")
        if answer.get("response_type") == "in_channel":
            messages.post(state, channel, state.bot, **fields, thread_ts=thread)
        else:
            messages.post_ephemeral(state, channel, state.bot, reader, **fields, thread_ts=thread)


def _fields(core: Core, answer: JSON) -> JSON:
    text, blocks = str(answer.get("text") or ""), answer.get("blocks") or None
    attachments = answer.get("attachments") or None
    rules.check_message(text, blocks, attachments)
    return {
        "text": text,
        "blocks": numbered(blocks, core.state.next_id),
        "attachments": tuple(attachments or ()),
    }


def respond(core: Core, token: str, answer: JSON) -> None:
    """The app posts to a response URL: say something, or replace or delete the original.

    Raises SlackError: used_url, expired_url, and what posting refuses.
    """
    state = core.state
    with state.changed:
        url = core.grants.use_response_url(token)
        channel = state.channel(url.channel)
        if answer.get("delete_original") and url.ts is not None:
            if channel.ephemeral.pop(url.ts, None) is None:
                messages.delete(state, channel, url.ts)
            state.touch()
        elif answer.get("replace_original") and url.ts is not None:
            _replace(core, channel, url.ts, url.user, answer)
        else:
            say(core, channel, url.user, answer)


def _replace(core: Core, channel: Channel, ts: str, user: str, answer: JSON) -> None:
    fields = _fields(core, answer)
    if ts in channel.ephemeral:
        # An ephemeral message cannot be edited by Slack's rules; a new one takes its place.
        del channel.ephemeral[ts]
        messages.post_ephemeral(core.state, channel, core.state.bot, user, **fields)
    else:
        messages.edit(core.state, channel, ts, core.state.bot, **fields)
