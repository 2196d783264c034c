"""What the workspace sends to the app: every attempt, its acknowledgement, and the retries.

The log is what tests of the three-second rule read. How an attempt travels (a Socket Mode
connection or an HTTP request) is the `Transport`'s business.
"""

import asyncio
import threading
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal, Protocol

from bot.workspace.model import JSON

Kind = Literal["events_api", "interactive", "slash_commands"]


@dataclass(slots=True)
class Attempt:
    """One try to hand a payload to the app. Times are the workspace clock's, in seconds."""

    number: int
    envelope_id: str
    sent_at: float
    via: str | None = None
    retry_reason: str | None = None
    acked_at: float | None = None
    error: str | None = None


@dataclass(slots=True)
class Delivery:
    """A payload on its way to the app, with all attempts made so far.

    `on_ack` is called once, with the answer, before `settled` is set; `settled` also ends the
    wait for what was given up.
    """

    kind: Kind
    payload: JSON
    attempts: list[Attempt] = field(default_factory=list)
    response: JSON | None = None
    given_up: bool = False
    on_ack: Callable[[JSON | None], None] | None = None
    settled: threading.Event = field(default_factory=threading.Event)

    @property
    def event_type(self) -> str:
        """The inner event's type, or the interaction's, or the command."""
        event = self.payload.get("event")
        if isinstance(event, dict):
            return str(event.get("type"))
        return str(self.payload.get("type") or self.payload.get("command"))

    @property
    def event_id(self) -> str | None:
        """The id that stays the same through all retries; only events have one."""
        return self.payload.get("event_id")

    @property
    def acked(self) -> bool:
        """Whether any attempt was acknowledged."""
        return any(attempt.acked_at is not None for attempt in self.attempts)

    @property
    def ack_seconds(self) -> float | None:
        """From the first attempt sent to the first acknowledgement; None without one."""
        times = [attempt.acked_at for attempt in self.attempts if attempt.acked_at is not None]
        return min(times) - self.attempts[0].sent_at if times else None


class Transport(Protocol):
    """Carries attempts to the app; called on the server's event loop only."""

    def carry(self, delivery: Delivery, attempt: Attempt) -> str | None:
        """Start sending; the name of the connection used, or None when there is none."""
        ...


class Deliveries:
    """Sends payloads, waits `ack_timeout` seconds for each, and repeats events.

    `retry_delays` are the seconds before each repetition, after which the event is given up.
    Clicks, submissions and commands are never repeated: their person sees the failure.
    """

    def __init__(
        self,
        *,
        clock: Callable[[], float],
        on_change: Callable[[], None],
        ack_timeout: float = 3.0,
        retry_delays: tuple[float, ...] = (0.0, 60.0, 300.0),
    ) -> None:
        self.log: list[Delivery] = []
        self.ack_timeout = ack_timeout
        self.retry_delays = retry_delays
        self._clock = clock
        self._on_change = on_change
        self._open: dict[str, tuple[Delivery, Attempt]] = {}
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._transport: Transport | None = None

    def attach(self, loop: asyncio.AbstractEventLoop, transport: Transport) -> None:
        """Begin to send; what was handed in before goes out now."""
        self._loop, self._transport = loop, transport
        for delivery in [d for d in self.log if not d.attempts]:
            loop.call_soon_threadsafe(self._attempt, delivery, None)

    def detach(self) -> None:
        """Stop sending and forget every timer (on the loop)."""
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()
        self._loop = self._transport = None

    def send(
        self, kind: Kind, payload: JSON, on_ack: Callable[[JSON | None], None] | None = None
    ) -> Delivery:
        """Hand a payload to the app; returns at once. From any thread."""
        delivery = Delivery(kind, payload, on_ack=on_ack)
        self.log.append(delivery)
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._attempt, delivery, None)
        return delivery

    def again(self, delivery: Delivery, reason: str = "timeout") -> None:
        """Send the same payload once more, as Slack does on its own at times."""
        if self._loop is None:
            raise RuntimeError("the workspace is not running")
        self._loop.call_soon_threadsafe(self._attempt, delivery, reason)

    # -- on the event loop --------------------------------------------------------------

    def _attempt(self, delivery: Delivery, reason: str | None) -> None:
        if self._transport is None or self._loop is None:
            return
        if reason is None and delivery.attempts:
            return  # handed in while the transport was being attached, and sent by that
        number = len(delivery.attempts)
        attempt = Attempt(number, str(uuid.uuid4()), self._clock(), retry_reason=reason)
        delivery.attempts.append(attempt)
        self._open[attempt.envelope_id] = (delivery, attempt)
        attempt.via = self._transport.carry(delivery, attempt)
        if attempt.via is None:
            self.failed(attempt.envelope_id, "no_connection")
        else:
            self._timers[attempt.envelope_id] = self._loop.call_later(
                self.ack_timeout, self.failed, attempt.envelope_id, "timeout"
            )
        self._on_change()

    def acked(self, envelope_id: str, response: JSON | None) -> None:
        """An acknowledgement came in; a late one still counts against further retries."""
        found = self._open.pop(envelope_id, None)
        if found is None:
            return
        delivery, attempt = found
        first = not delivery.acked
        attempt.acked_at = self._clock()
        for other in delivery.attempts:
            self._stop_timer(other.envelope_id)
        # Slack has already told the person that it failed when an answer comes this late.
        if first and not delivery.given_up:
            delivery.response = response
            if delivery.on_ack is not None:
                delivery.on_ack(response)
        delivery.settled.set()
        self._on_change()

    def failed(self, envelope_id: str, reason: str) -> None:
        """An attempt was not acknowledged: by time, by error, or because its socket went."""
        found = self._open.get(envelope_id)
        if found is None:
            return  # acknowledged in the meantime
        delivery, attempt = found
        self._stop_timer(envelope_id)
        if attempt.acked_at is not None or attempt.error is not None:
            return
        attempt.error = reason
        retries = len(delivery.attempts) - 1
        if delivery.acked:
            pass
        elif delivery.kind != "events_api" or retries >= len(self.retry_delays):
            delivery.given_up = True
            delivery.settled.set()
        elif self._loop is not None:
            delay = self.retry_delays[retries]
            if reason == "no_connection":
                # At once would fail in the same way: wait as long as for the next retry.
                delay = max(delay, self.retry_delays[min(retries + 1, len(self.retry_delays) - 1)])
            self._timers[envelope_id] = self._loop.call_later(
                delay, self._attempt, delivery, reason
            )
        self._on_change()

    def lost(self, via: str) -> None:
        """A connection has gone: what it had not acknowledged goes elsewhere."""
        waiting = [
            attempt.envelope_id
            for delivery, attempt in self._open.values()
            if attempt.via == via and attempt.acked_at is None and attempt.error is None
            if not delivery.given_up
        ]
        for envelope_id in waiting:
            self.failed(envelope_id, "connection_lost")

    def _stop_timer(self, envelope_id: str) -> None:
        timer = self._timers.pop(envelope_id, None)
        if timer is not None:
            timer.cancel()
