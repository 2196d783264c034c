"""HTTP mode: signed requests to the app's request URLs, and what its answers mean."""

import hashlib
import hmac
import http.client
import json
import secrets
from asyncio import AbstractEventLoop
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlencode, urlsplit

from bot.workspace.delivery import Attempt, Deliveries, Delivery
from bot.workspace.model import JSON

_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_RETRY_REASONS = {
    "timeout": "http_timeout",
    "no_connection": "connection_failed",
    "connection_lost": "connection_failed",
}


def sign(secret: str, timestamp: str, body: bytes) -> str:
    """Slack's v0 signature: HMAC-SHA256 over `v0:timestamp:body`."""
    base = b":".join((b"v0", timestamp.encode(), body))
    return "v0=" + hmac.new(secret.encode(), base, hashlib.sha256).hexdigest()


def address(url: str) -> tuple[str, int, str]:
    """Host, port and path of a request URL; ValueError for one beyond this machine."""
    parts = urlsplit(url)
    if parts.scheme != "http" or parts.hostname not in _LOOPBACK or parts.port is None:
        raise ValueError("the request URL must be http://127.0.0.1:PORT/... (loopback only)")
    return parts.hostname, parts.port, parts.path or "/"


class HttpEvents:
    """Posts payloads to one request URL on this machine, each in a thread of a small pool."""

    def __init__(
        self,
        url: str,
        *,
        deliveries: Deliveries,
        signing_secret: str,
        clock: Callable[[], float],
        loop: AbstractEventLoop,
        timeout: float,
    ) -> None:
        self._host, self._port, self._path = address(url)
        self._deliveries = deliveries
        self._secret = signing_secret
        self._clock = clock
        self._loop = loop
        self._timeout = timeout
        self._pool = ThreadPoolExecutor(max_workers=8, thread_name_prefix="workspace-http")

    def carry(self, delivery: Delivery, attempt: Attempt) -> str | None:
        """Start the request (see Transport)."""
        self._pool.submit(self._deliver, delivery, attempt)
        return f"http://{self._host}:{self._port}{self._path}"

    def close(self) -> None:
        """Let no further request start."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def verify_url(self) -> bool:
        """The url_verification handshake: whether the app echoes the challenge."""
        challenge = secrets.token_hex(16)
        body = {"type": "url_verification", "challenge": challenge, "token": "local"}
        status, text = self.request(json.dumps(body).encode(), "application/json", {})
        return status == 200 and challenge in text

    def _deliver(self, delivery: Delivery, attempt: Attempt) -> None:
        body, content_type = _encode(delivery)
        headers = {}
        if attempt.number:
            reason = attempt.retry_reason or "timeout"
            headers = {
                "X-Slack-Retry-Num": str(attempt.number),
                "X-Slack-Retry-Reason": _RETRY_REASONS.get(reason, "http_error"),
            }
        try:
            status, text = self.request(body, content_type, headers)
        except TimeoutError:
            self._tell(self._deliveries.failed, attempt.envelope_id, "timeout")
        except (OSError, http.client.HTTPException):
            self._tell(self._deliveries.failed, attempt.envelope_id, "connection_lost")
        else:
            if 200 <= status < 300:
                self._tell(self._deliveries.acked, attempt.envelope_id, _answer(text))
            else:
                self._tell(self._deliveries.failed, attempt.envelope_id, f"http_{status}")

    def _tell(self, what: Callable[..., None], *args: object) -> None:
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(what, *args)

    def request(self, body: bytes, content_type: str, headers: dict[str, str]) -> tuple[int, str]:
        """One signed request; status and body of the answer.

        Raises OSError (TimeoutError after the acknowledgement time) and HTTPException.
        """
        timestamp = str(int(self._clock()))
        connection = http.client.HTTPConnection(self._host, self._port, timeout=self._timeout)
        try:
            connection.request(
                "POST",
                self._path,
                body,
                {
                    "Content-Type": content_type,
                    "User-Agent": "Slackbot 1.0 (local workspace)",
                    "X-Slack-Request-Timestamp": timestamp,
                    "X-Slack-Signature": sign(self._secret, timestamp, body),
                    **headers,
                },
            )
            response = connection.getresponse()
            return response.status, response.read().decode("utf-8", "replace")
        finally:
            connection.close()


def _encode(delivery: Delivery) -> tuple[bytes, str]:
    if delivery.kind == "events_api":
        return json.dumps(delivery.payload).encode(), "application/json"
    fields = delivery.payload
    if delivery.kind == "interactive":
        fields = {"payload": json.dumps(delivery.payload)}
    return urlencode(fields).encode(), "application/x-www-form-urlencoded"


def _answer(text: str) -> JSON | None:
    try:
        answer = json.loads(text)
    except json.JSONDecodeError:
        return {"text": text} if text.strip() else None
    return answer if isinstance(answer, dict) else None
