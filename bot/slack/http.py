"""HTTP mode: one signed request in, one answer out. Knows no web framework.

The web front mounts it at POST /slack/events and calls it in a thread: Bolt's dispatch blocks.
"""

from collections.abc import Mapping, Sequence

from slack_bolt import App, BoltRequest

from bot.errors import SettingsError

Headers = list[tuple[str, str]]


class SlackHttp:
    """Answers Slack's requests: events, clicks, and the check of the request URL.

    Raises SettingsError without a signing secret: closed, not open.
    """

    def __init__(self, app: App, signing_secret: str | None) -> None:
        if not signing_secret:
            raise SettingsError(["SLACK_SIGNING_SECRET is needed to receive Slack over HTTP"])
        self._app = app

    def handle(
        self, headers: Mapping[str, str | Sequence[str]], raw_body: bytes
    ) -> tuple[int, Headers, bytes]:
        """(status, headers, body). The signature is over `raw_body` exactly as it came: 401
        when it is missing, wrong or older than five minutes, 400 when it is no text."""
        try:
            text = raw_body.decode("utf-8")
        except UnicodeDecodeError:
            return 400, [("content-type", "text/plain")], b"not UTF-8"
        lowered = {name.lower(): value for name, value in headers.items()}
        answer = self._app.dispatch(BoltRequest(body=text, headers=lowered))
        named = [(name, value) for name, values in answer.headers.items() for value in values]
        return answer.status, named, (answer.body or "").encode()
