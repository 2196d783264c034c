"""What the workspace answers when it refuses a request, in Slack's own words."""

from typing import Any


class SlackError(Exception):
    """A refusal that goes back as `{"ok": false, "error": code, ...}`.

    `code` is Slack's error code; `details` are the further keys of the answer, such as
    `response_metadata` with messages that name the offending field.
    """

    def __init__(self, code: str, **details: Any) -> None:
        super().__init__(code)
        self.code = code
        self.details = details

    def body(self) -> dict[str, Any]:
        """The JSON object of the answer."""
        return {"ok": False, "error": self.code, **self.details}


def invalid(code: str, *messages: str) -> SlackError:
    """A refusal whose `response_metadata.messages` say what is wrong and where."""
    return SlackError(
        code,
        response_metadata={"messages": [f"[ERROR] {message}" for message in messages]},
    )
