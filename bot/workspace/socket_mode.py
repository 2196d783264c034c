"""Socket Mode: single-use tickets, connections, envelopes out, acknowledgements in."""

import asyncio
import json
import logging
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field

from fastapi import WebSocket, WebSocketDisconnect
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from bot.workspace.core import Core
from bot.workspace.delivery import Attempt, Delivery
from bot.workspace.model import JSON

MAX_CONNECTIONS = 10
_CLOSE_AFTER_FRAME_SECONDS = 1.0
_HOST = "applink-local"
log = logging.getLogger(__name__)


@dataclass(eq=False, slots=True)
class Connection:
    """One open WebSocket of the app; `outgoing` holds frames, None closes it."""

    name: str
    outgoing: asyncio.Queue[JSON | None] = field(default_factory=asyncio.Queue)
    draining: bool = False


class SocketMode:
    """All connections of the app. Payloads go to one of them, in turn."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._tickets: set[str] = set()
        self._connections: list[Connection] = []
        self._count = 0
        self._turn = 0

    @property
    def connections(self) -> list[str]:
        """Names of the connections that take payloads."""
        return [c.name for c in self._connections if not c.draining]

    def ticket(self) -> str:
        """The path of a new WebSocket URL, good for one connection."""
        ticket = secrets.token_urlsafe(18)
        self._tickets.add(ticket)
        return f"/socket/{ticket}?ticket={ticket}&app_id={self._core.state.app_id}"

    def carry(self, delivery: Delivery, attempt: Attempt) -> str | None:
        """Put an envelope on the next connection in turn (see Transport)."""
        ready = [c for c in self._connections if not c.draining]
        if not ready:
            return None
        connection = ready[self._turn % len(ready)]
        self._turn += 1
        if not self._core.faults.deaf:
            connection.outgoing.put_nowait(self._envelope(delivery, attempt))
        return connection.name

    def _envelope(self, delivery: Delivery, attempt: Attempt) -> JSON:
        envelope: JSON = {
            "envelope_id": attempt.envelope_id,
            "payload": delivery.payload,
            "type": delivery.kind,
            "accepts_response_payload": delivery.kind != "events_api",
        }
        if delivery.kind == "events_api":
            envelope["retry_attempt"] = attempt.number
            envelope["retry_reason"] = attempt.retry_reason or ""
        return envelope

    async def serve(self, websocket: WebSocket, ticket: str) -> None:
        """One connection, from handshake to end."""
        if ticket not in self._tickets or self._core.faults.refuse_connections:
            await websocket.close(code=1008)
            return
        self._tickets.discard(ticket)
        await websocket.accept()
        if len(self._connections) >= MAX_CONNECTIONS:
            await websocket.send_json(self._farewell("too_many_websockets"))
            await websocket.close()
            return
        self._count += 1
        connection = Connection(f"socket-{self._count}")
        self._connections.append(connection)
        connection.outgoing.put_nowait(self._hello())
        self._core.state.touch()
        reader = asyncio.create_task(self._read(websocket))
        writer = asyncio.create_task(self._write(websocket, connection))
        try:
            await asyncio.wait({reader, writer}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._connections.remove(connection)
            for task in (reader, writer):
                task.cancel()
            results = await asyncio.gather(reader, writer, return_exceptions=True)
            self._report(results)
            self._core.deliveries.lost(connection.name)
            self._core.state.touch()

    @staticmethod
    def _report(results: Iterable[object]) -> None:
        expected = (asyncio.CancelledError, WebSocketDisconnect)
        for result in results:
            if isinstance(result, BaseException) and not isinstance(result, expected):
                log.warning("a Socket Mode connection ended with %r", result)

    async def _read(self, websocket: WebSocket) -> None:
        while True:
            text = await websocket.receive_text()
            if self._core.faults.deaf:
                continue
            try:
                frame = json.loads(text)
            except json.JSONDecodeError:
                log.warning("a Socket Mode client sent something that is not JSON")
                continue
            if isinstance(frame, dict) and isinstance(frame.get("envelope_id"), str):
                payload = frame.get("payload")
                self._core.deliveries.acked(
                    frame["envelope_id"], payload if isinstance(payload, dict) else None
                )

    async def _write(self, websocket: WebSocket, connection: Connection) -> None:
        while (frame := await connection.outgoing.get()) is not None:
            await websocket.send_json(frame)
        await websocket.close()

    def _hello(self) -> JSON:
        return {
            "type": "hello",
            "num_connections": len(self._connections),
            "debug_info": {
                "host": _HOST,
                "build_number": 1,
                "approximate_connection_time": 18060,
            },
            "connection_info": {"app_id": self._core.state.app_id},
        }

    @staticmethod
    def _farewell(reason: str) -> JSON:
        return {"type": "disconnect", "reason": reason, "debug_info": {"host": _HOST}}

    def disconnect(self, reason: str) -> None:
        """Send every connection a disconnect frame; all but `warning` close soon after."""
        loop = asyncio.get_running_loop()
        for connection in self._connections:
            connection.outgoing.put_nowait(self._farewell(reason))
            if reason != "warning":
                connection.draining = True
                loop.call_later(_CLOSE_AFTER_FRAME_SECONDS, connection.outgoing.put_nowait, None)

    def drop(self) -> None:
        """Close every connection now, without a disconnect frame."""
        for connection in self._connections:
            connection.draining = True
            connection.outgoing.put_nowait(None)


def websocket_protocol(core: Core) -> type[WebSocketsSansIOProtocol]:
    """uvicorn's WebSocket protocol, which stops answering pings while that fault is on."""

    class Protocol(WebSocketsSansIOProtocol):
        def data_received(self, data: bytes) -> None:
            # A WebSocket library answers pings by itself; a peer that has silently gone
            # does not, and the only way to look like one is to not hear them at all.
            if core.faults.mute_pings and self.handshake_complete:
                return
            super().data_received(data)

    return Protocol
