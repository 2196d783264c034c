"""One call of Slack's Web API, with our own errors."""

from collections.abc import Callable
from typing import Any

from bot.slack.errors import CALL_ERRORS, told


def api_call(method: str, call: Callable[..., Any], **arguments: Any) -> dict[str, Any]:
    """The body of Slack's answer. Raises ChatUnavailable or ChatRefused."""
    try:
        data = call(**arguments).data
    except CALL_ERRORS as error:
        raise told(error, method) from error
    return data if isinstance(data, dict) else {}
