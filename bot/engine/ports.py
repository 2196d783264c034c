"""The EngineClient port: how the front and the command line ask the engine."""

from collections.abc import Mapping
from typing import Any, Protocol

from bot.suggestions.model import Suggestion
from bot.suggestions.questions import SuggestRequest


class EngineClient(Protocol):
    def suggest(self, request: SuggestRequest, deadline_seconds: float) -> Suggestion:
        """Ask and wait. Raises EngineUnavailable when no answer came within the deadline."""
        ...

    def interact(self, body: Mapping[str, object], deadline_seconds: float) -> Mapping[str, object]:
        """The answer to a platform's command, form or shortcut, as the platform wants it.
        Raises EngineUnavailable when none came within the deadline."""
        ...

    def impact(self, body: Mapping[str, object], deadline_seconds: float) -> Mapping[str, Any]:
        """Start, look at or cancel a preview, as `bot.engine.impact.ImpactDesk.call` has it.
        Raises EngineUnavailable when no answer came in time, or with what is wrong."""
        ...

    def act(self, body: Mapping[str, object], deadline_seconds: float) -> Mapping[str, Any]:
        """Ask for an action, or withdraw one, by a personal token, as
        `bot.engine.by_token.TokenCalls.call` has it. Raises EngineUnavailable when no answer came
        in time."""
        ...

    def wake(self) -> None:
        """Tell the engine that the inbox has something new. Never raises and never waits: a
        lost wake only costs the engine's next look of its own accord."""
        ...

    def status(self) -> Mapping[str, object] | None:
        """What the engine says of itself ("ready", "revision", ...); None when it is away."""
        ...
