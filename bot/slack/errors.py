"""From what a Slack call raised to our two kinds of error: later, or never."""

import http.client
import re
from typing import Any

from slack_sdk.errors import SlackApiError, SlackClientError

from bot.errors import ChatRefused, ChatUnavailable

CALL_ERRORS = (SlackClientError, OSError, http.client.HTTPException)
"""All that a Web API call can raise: refusals, and a network that is not what it should be."""

_CODE = re.compile(r"[A-Za-z0-9_.-]+")
_LATER = {
    "ratelimited",
    "rate_limited",
    "internal_error",
    "fatal_error",
    "service_unavailable",
    "request_timeout",
    "team_added_to_org",
}
_ADVICE = {
    "channel_not_found": "check RECALL_SLACK_CHANNEL, and invite the bot if the channel is private",
    "not_in_channel": "invite the bot to the channel",
    "is_archived": "the channel is archived: choose another one or unarchive it",
    "missing_scope": "add the scope in the app's settings and install the app again",
    "invalid_auth": "check SLACK_BOT_TOKEN",
    "not_authed": "set SLACK_BOT_TOKEN",
    "account_inactive": "the app was removed from the workspace: install it again",
    "token_revoked": "the token was revoked: install the app again",
    "token_expired": "the token has expired: install the app again",
    "restricted_action": "a workspace setting forbids the bot to post in this channel",
    "restricted_action_read_only_channel": "only some may post in this channel: allow the bot to",
    "restricted_action_thread_only_channel": "this channel takes replies alone: choose another one",
    "messages_tab_disabled": "switch the Messages tab on under App Home in the app's settings",
    "team_access_not_granted": "the app is not allowed in this workspace: install it again",
    "ekm_access_denied": "the workspace's keys are withdrawn: ask whoever administrates Slack",
    "message_not_found": "somebody deleted the message",
    "cant_update_message": "the message is not the bot's own",
    "edit_window_closed": "the workspace does not allow edits this late",
    "thread_not_found": "somebody deleted the message that this replies to",
    "invalid_blocks": "this is a mistake in Recall: please report it",
    "msg_blocks_too_long": "this is a mistake in Recall: please report it",
    "unknown_method": "this server does not have the method; check SLACK_API_URL",
}


def told(error: Exception, doing: str) -> ChatUnavailable | ChatRefused:
    """What `error`, met while `doing` (a method's name), means for whoever asked."""
    if not isinstance(error, SlackApiError):
        return ChatUnavailable(f"Slack did not answer {doing}: {type(error).__name__}: {error}")
    status, headers, data = _parts(error.response)
    # The library puts a sentence there when the body was no JSON: a proxy's page, not Slack.
    said = str(data.get("error") or "")
    code = said if _CODE.fullmatch(said) else ""
    if status == 404 and data and "error" not in data:
        # Slack says it with 200 and a code; others that speak its Web API by the status alone.
        code = "unknown_method"
    if status == 429 or status >= 500 or code in _LATER or not code:
        return ChatUnavailable(
            f"Slack cannot do {doing} now ({code or status})", retry_after=_seconds(headers)
        )
    needed = data.get("needed")
    scope = f" (scope {needed})" if isinstance(needed, str) else ""
    advice = _ADVICE.get(code, "see Slack's documentation of this code")
    return ChatRefused(f"Slack refused {doing}: {code}{scope}; {advice}", code=code)


def _parts(response: Any) -> tuple[int, dict[str, Any], dict[str, Any]]:
    """Status, headers and body; the library hands a plain dict when the body was no JSON."""
    if isinstance(response, dict):
        return int(response.get("status", 0)), dict(response.get("headers") or {}), {}
    data = response.data if isinstance(response.data, dict) else {}
    return int(response.status_code or 0), dict(response.headers or {}), data


def _seconds(headers: dict[str, Any]) -> float | None:
    for name, value in headers.items():
        if name.lower() == "retry-after":
            first = value[0] if isinstance(value, list) and value else value
            try:
                return max(0.0, float(first))
            except (TypeError, ValueError):
                return None
    return None
