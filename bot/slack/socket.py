"""Socket Mode: several connections, watched, replaced when they are gone or go stale."""

import logging
import random
import threading
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from socket import SHUT_RDWR
from typing import Any

from slack_bolt import App
from slack_bolt.adapter.socket_mode.builtin import SocketModeHandler
from slack_sdk import WebClient

from bot.clock import Clock
from bot.slack.errors import CALL_ERRORS, told

_log = logging.getLogger(__name__)

CONNECTIONS = 2
PING_SECONDS = 2.0
STALE_SECONDS = 10.0
"""A connection that has answered no ping for this long is given up, however alive it looks."""
_WATCH_SECONDS = 0.5
_LONGEST_PAUSE = 6.0
"""Between two tries, however long Slack is away: back within 10 s of its return."""


class Connection:
    """One Socket Mode connection and what is known of its health.

    The built-in client is used because it alone honours a proxy and a CA bundle. It notices a
    closed socket late and a refused reconnection by log line only, so it is watched from here.
    """

    def __init__(self, name: str, app: App, app_client: WebClient, clock: Clock) -> None:
        self._clock = clock
        self._chance = random.Random(name)
        self.name = name
        self._handler = SocketModeHandler(
            app,
            app_token=app_client.token,
            web_client=app_client,
            logger=logging.getLogger("bot.slack.socket.client"),
            proxy=app_client.proxy,
            auto_reconnect_enabled=False,
            ping_interval=PING_SECONDS,
        )
        # The library takes the environment's proxy where none is given; `app_client` knows best.
        self._handler.client.proxy = app_client.proxy
        self._handler.client.message_listeners.append(self._on_message)
        self.delivered_at: datetime | None = None
        self._retry_at = 0.0
        self._failures = 0
        self._connected_at: float | None = None
        self._session_id: str | None = None
        self.error = ""
        self.losses = 0

    @property
    def is_connected(self) -> bool:
        return self._connected_at is not None and self._handler.client.is_connected()

    def last_pong(self) -> float | None:
        """The wall-clock time (seconds) of the last sign of life from Slack."""
        session = self._handler.client.current_session
        return session.last_ping_pong_time if session is not None else None

    def watch(self) -> None:
        """Connect or reconnect if need be; returns soon, and never raises for the network."""
        now = self._clock.monotonic()
        if self.is_connected and self._silence() > STALE_SECONDS:
            _log.warning("%s has been silent for %.0f s", self.name, self._silence())
            self.cut()
        if self.is_connected:
            if self._session_id != self._handler.client.session_id():
                # Slack asked for a fresh connection and the library has made it.
                self._session_id, self._connected_at = self._handler.client.session_id(), now
            return
        if self._connected_at is not None:
            _log.warning("%s is gone; connecting again", self.name)
            self.losses += 1
            self._connected_at = None
        if now < self._retry_at:
            return
        try:
            self._handler.client.connect_to_new_endpoint()
        except CALL_ERRORS as error:
            self._failures += 1
            pause = min(0.5 * 2 ** min(self._failures, 6), _LONGEST_PAUSE)
            self._retry_at = now + pause * self._chance.uniform(0.5, 1.0)
            self.error = str(told(error, "apps.connections.open"))
            level = logging.WARNING if self._failures in (1, 5) else logging.DEBUG
            _log.log(level, "%s: %s", self.name, self.error)
        else:
            self._failures, self._retry_at, self.error = 0, 0.0, ""
            self._session_id, self._connected_at = self._handler.client.session_id(), now

    def _silence(self) -> float:
        """Seconds since the last pong; since connecting, when there was none yet."""
        pong = self.last_pong()
        connected_for = self._clock.monotonic() - (self._connected_at or 0.0)
        if pong is None:
            return connected_for
        return min(connected_for, self._clock.now().timestamp() - pong)

    def _on_message(self, _client: Any, message: Mapping[str, Any], _raw: str | None) -> None:
        if message.get("type") == "events_api":
            self.delivered_at = self._clock.now()

    def heard_at(self) -> datetime | None:
        """When Slack was last known to be at the other end; None while not connected."""
        if not self.is_connected:
            return None
        return self._clock.now() - timedelta(seconds=max(0.0, self._silence()))

    def state(self) -> Mapping[str, Any]:
        """Fit for /healthz: no address, no token. Ages are in seconds."""
        now = self._clock.monotonic()
        pong = self.last_pong()
        return {
            "name": self.name,
            "connected": self.is_connected,
            "age": round(now - self._connected_at, 1) if self._connected_at is not None else None,
            "pong_age": round(self._clock.now().timestamp() - pong, 1) if pong else None,
            "error": self.error,
        }

    def cut(self) -> None:
        """Close the socket under the library, so that no thread of its waits on it."""
        session = self._handler.client.current_session
        sock = session.sock if session is not None else None
        if session is None or sock is None:
            return
        session.sock = None
        try:
            sock.shutdown(SHUT_RDWR)
        except OSError:
            _log.debug("%s was closed already", self.name)
        sock.close()

    def close(self) -> None:
        """Ends at once: the library's threads would else sit out their time-outs one by one."""
        client = self._handler.client
        client.closed = True
        client.message_queue.put(None)
        client.current_session_state.terminated = True
        self.cut()
        client.close()


class SocketRunner:
    """Keeps `connections` connections up. `on_change` is called with the number that is up
    whenever it changes; `on_lost` when one was found gone or stale, even if it is back already:
    the loss of one is noticed before that of another, so the number may never have been 0."""

    def __init__(
        self,
        app: App,
        app_client: WebClient,
        clock: Clock,
        *,
        connections: int = CONNECTIONS,
        on_change: Callable[[int], None] = lambda connected: None,
        on_lost: Callable[[], None] = lambda: None,
        watch_seconds: float = _WATCH_SECONDS,
    ) -> None:
        self._connections = [
            Connection(f"socket-{number}", app, app_client, clock)
            for number in range(1, connections + 1)
        ]
        self._on_change = on_change
        self._on_lost = on_lost
        self._watch_seconds = watch_seconds
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="slack-sockets", daemon=True)

    def start(self) -> None:
        """Returns at once; Slack may be away, and then it is tried again until it is back."""
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(15.0)
        for connection in self._connections:
            connection.close()

    def state(self) -> Mapping[str, Any]:
        """`connected` of `wanted`, and each connection with its age and last pong."""
        each = [connection.state() for connection in self._connections]
        up = sum(1 for state in each if state["connected"])
        return {"connected": up, "wanted": len(each), "connections": each}

    def heard_at(self) -> datetime | None:
        """When Slack was last known to reach us by any connection; None while none is up."""
        times = [at for one in self._connections if (at := one.heard_at()) is not None]
        return max(times, default=None)

    def delivered_at(self) -> datetime | None:
        """When an event came last, by any connection."""
        times = [one.delivered_at for one in self._connections if one.delivered_at is not None]
        return max(times, default=None)

    def replace(self) -> None:
        """Give up all connections; the watch makes new ones. From any thread."""
        for connection in self._connections:
            connection.cut()

    def _run(self) -> None:
        before, lost_before = 0, 0
        while not self._stopping.is_set():
            for connection in self._connections:
                try:
                    connection.watch()
                except Exception:  # noqa: BLE001 - without this thread the bot would go deaf
                    _log.exception("%s could not be looked after; it goes on", connection.name)
            lost = sum(connection.losses for connection in self._connections)
            if lost != lost_before:
                self._on_lost()
                lost_before = lost
            up = sum(1 for connection in self._connections if connection.is_connected)
            if up != before:
                self._on_change(up)
                before = up
            self._stopping.wait(self._watch_seconds)
