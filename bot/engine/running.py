"""An engine with all that was opened for it: started, asked from this process, served to others."""

from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from bot.engine.engine import Engine
from bot.engine.ipc import EngineServer
from bot.suggestions.model import Suggestion
from bot.suggestions.questions import SuggestRequest

ADDRESS_FILE = "engine.address"
"""In the data folder while an engine runs: the socket it answers on."""


class RunningEngine:
    """An engine with everything it stands on; `start` and `stop` once each."""

    def __init__(self, engine: Engine, opened: ExitStack) -> None:
        self._opened = opened
        self.engine = engine

    def start(self) -> None:
        try:
            self.engine.start()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        self.engine.stop()
        self._opened.close()

    def suggest(self, request: SuggestRequest, deadline_seconds: float) -> Suggestion:
        """EngineClient, for callers in this very process."""
        return self.engine.suggest(request)

    def interact(self, body: Mapping[str, Any], deadline_seconds: float) -> Mapping[str, Any]:
        return self.engine.interact(body)

    def impact(self, body: Mapping[str, Any], deadline_seconds: float) -> Mapping[str, Any]:
        return self.engine.impact(body)

    def act(self, body: Mapping[str, Any], deadline_seconds: float) -> Mapping[str, Any]:
        return self.engine.act(body)

    def wake(self) -> None:
        self.engine.wake()

    def status(self) -> Mapping[str, object]:
        return self.engine.status()

    def _woken(self, _: Mapping[str, Any]) -> Mapping[str, Any]:
        self.engine.wake()
        return {}

    def serve(self, socket: Path, data_dir: Path) -> None:
        """Answer the front on `socket`, and say in the data folder where that is."""
        server = EngineServer(
            socket,
            {
                "suggest": lambda arguments: self.engine.suggest(
                    SuggestRequest.model_validate(arguments)
                ).model_dump(mode="json"),
                "interact": lambda arguments: self.engine.interact(arguments["body"]),
                "impact": lambda arguments: self.engine.impact(arguments["body"]),
                "act": lambda arguments: self.engine.act(arguments["body"]),
                "wake": self._woken,
                "status": lambda _: self.engine.status(),
            },
        )
        address = data_dir / ADDRESS_FILE
        address.write_text(str(socket), encoding="utf-8")
        self._opened.callback(address.unlink, missing_ok=True)
        server.start()
        self._opened.callback(server.stop)
