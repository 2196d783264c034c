"""Front to engine over a Unix socket: one JSON line asks, one JSON line answers.

The socket lives in a folder that only this user may enter, which is what authenticates it.
"""

import json
import logging
import socket
import socketserver
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from bot.errors import EngineUnavailable, RecallError
from bot.suggestions.model import Suggestion
from bot.suggestions.questions import SuggestRequest

_log = logging.getLogger(__name__)
_MAX_LINE = 16 * 1_048_576
_WAKE_SECONDS = 0.2
_STATUS_SECONDS = 1.0

Handler = Callable[[Mapping[str, Any]], Mapping[str, Any]]
"""Takes the arguments of a call, gives its result; a RecallError goes back as its text."""


class EngineServer:
    """Serves named calls on a Unix socket, each connection in a thread of its own."""

    def __init__(self, path: Path, handlers: Mapping[str, Handler]) -> None:
        self._path = path
        path.unlink(missing_ok=True)

        class Connection(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                line = self.rfile.readline(_MAX_LINE)
                if line:
                    self.wfile.write(json.dumps(_answer(line, handlers)).encode() + b"\n")

        class Server(socketserver.ThreadingUnixStreamServer):
            daemon_threads = True
            request_queue_size = 128

            def handle_error(self, request: object, client_address: object) -> None:
                # The caller hung up before its answer was ready; nothing is lost by that.
                _log.debug("engine connection ended early", exc_info=True)

        self._server = Server(str(path), Connection)
        self._thread = threading.Thread(
            target=self._server.serve_forever,
            kwargs={"poll_interval": 0.1},
            name="engine-socket",
            daemon=True,
        )

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._path.unlink(missing_ok=True)


def _answer(line: bytes, handlers: Mapping[str, Handler]) -> Mapping[str, Any]:
    call = json.loads(line)
    handler = handlers.get(call["call"])
    if handler is None:
        return {"error": f"the engine knows no call {call['call']!r}"}
    try:
        return {"result": handler(call.get("arguments", {}))}
    except RecallError as error:
        return {"error": str(error)}


class SocketEngineClient:
    """EngineClient over the Unix socket at `path`; a connection a call."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def suggest(self, request: SuggestRequest, deadline_seconds: float) -> Suggestion:
        arguments = request.model_dump(mode="json")
        return Suggestion.model_validate(self._call("suggest", arguments, deadline_seconds))

    def interact(self, body: Mapping[str, Any], deadline_seconds: float) -> Mapping[str, Any]:
        return self._call("interact", {"body": body}, deadline_seconds)

    def impact(self, body: Mapping[str, object], deadline_seconds: float) -> Mapping[str, Any]:
        return self._call("impact", {"body": body}, deadline_seconds)

    def act(self, body: Mapping[str, object], deadline_seconds: float) -> Mapping[str, Any]:
        return self._call("act", {"body": body}, deadline_seconds)

    def wake(self) -> None:
        try:
            self._call("wake", {}, _WAKE_SECONDS)
        except EngineUnavailable:
            _log.debug("the engine was not there to be woken; it looks by itself")

    def status(self) -> Mapping[str, object] | None:
        try:
            return self._call("status", {}, _STATUS_SECONDS)
        except EngineUnavailable:
            return None

    def _call(self, call: str, arguments: Mapping[str, Any], seconds: float) -> Mapping[str, Any]:
        line = json.dumps({"call": call, "arguments": arguments}).encode() + b"\n"
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
                connection.settimeout(seconds)
                connection.connect(str(self._path))
                connection.sendall(line)
                with connection.makefile("rb") as answers:
                    answer = answers.readline(_MAX_LINE)
        except (OSError, TimeoutError) as error:
            raise EngineUnavailable(
                "the engine did not answer; it may be starting: try again in a few seconds",
                retry_after=2.0,
            ) from error
        if not answer:
            raise EngineUnavailable("the engine stopped before it answered", retry_after=2.0)
        reply = json.loads(answer)
        if "error" in reply:
            raise EngineUnavailable(reply["error"])
        result: Mapping[str, Any] = reply["result"]
        return result
