"""HTTP mode: one signed request in, one answer out. Knows no web framework.

The web front mounts it at POST /slack/events and calls it in a thread: Bolt's dispatch blocks.
"""

import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence

from slack_bolt import App, BoltRequest
from slack_bolt.request.internals import parse_body

from bot.clock import Clock, SystemClock
from bot.errors import SettingsError

_SIGNATURE_SECONDS = 300
Headers = list[tuple[str, str]]


class SlackHttp:
    """Answers Slack's requests: events, clicks, and the check of the request URL.

    Raises SettingsError without a signing secret: closed, not open.
    """

    def __init__(self, app: App, signing_secret: str | None, clock: Clock | None = None) -> None:
        if not signing_secret:
            raise SettingsError(["SLACK_SIGNING_SECRET is needed to receive Slack over HTTP"])
        self._app = app
        self._secret = signing_secret.encode()
        self._clock = clock if clock is not None else SystemClock()

    def handle(
        self, headers: Mapping[str, str | Sequence[str]], raw_body: bytes
    ) -> tuple[int, Headers, bytes]:
        """(status, headers, body). The signature is over `raw_body` exactly as it came: 401
        when it is missing, wrong or older than five minutes, 400 when it is no text."""
        lowered = {name.lower(): _first(value) for name, value in headers.items()}
        # Bolt checks it as well, but only after it has parsed the body.
        if not self._is_signed(lowered, raw_body):
            return _plain(401, "the signature is missing, wrong or old")
        try:
            text = raw_body.decode("utf-8")
            parsed = parse_body(text, lowered.get("content-type"))
            is_object = isinstance(parsed, dict) and bool(parsed)
        except ValueError:
            is_object = False
        if not is_object:
            return _plain(400, "neither a form nor a JSON object")
        answer = self._app.dispatch(BoltRequest(body=text, headers=dict(lowered)))
        named = [(name, value) for name, values in answer.headers.items() for value in values]
        return answer.status, named, (answer.body or "").encode()

    def _is_signed(self, headers: Mapping[str, str], raw_body: bytes) -> bool:
        """HMAC-SHA256 over `v0:timestamp:body`, in constant time, at most five minutes old."""
        timestamp = headers.get("x-slack-request-timestamp", "")
        if not re.fullmatch(r"[0-9]{1,12}", timestamp):
            return False
        if abs(self._clock.now().timestamp() - int(timestamp)) > _SIGNATURE_SECONDS:
            return False
        signed = b"v0:" + timestamp.encode() + b":" + raw_body
        expected = "v0=" + hmac.new(self._secret, signed, hashlib.sha256).hexdigest()
        given = headers.get("x-slack-signature", "")
        return hmac.compare_digest(expected.encode(), given.encode("utf-8", "replace"))


def _first(value: str | Sequence[str]) -> str:
    return value if isinstance(value, str) else (value[0] if value else "")


def _plain(status: int, reason: str) -> tuple[int, Headers, bytes]:
    return status, [("content-type", "text/plain; charset=utf-8")], reason.encode()
