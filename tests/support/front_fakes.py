"""A front for tests: real routes on a real database, with stand-ins for engine and inbox."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from starlette.testclient import TestClient

from bot.clock import ManualClock
from bot.errors import DatabaseBusy, EngineUnavailable
from bot.jobs.inbox_writer import InboxWriter
from bot.jobs.ports import InboxItem
from bot.suggestions.model import Suggestion, SuggestionKind
from bot.suggestions.questions import SuggestRequest
from bot.uow import UnitOfWork
from bot.web.app import create_app
from bot.web.console.parts import ConsoleParts
from bot.web.deps import FrontDeps
from bot.web.metrics import FrontMetrics

TOKEN = "t0p-secret-token"
AUTHORIZED = {"Authorization": f"Bearer {TOKEN}"}
JSON = {**AUTHORIZED, "Content-Type": "application/json"}


def a_suggestion(identity: str = "s1") -> Suggestion:
    return Suggestion(
        id=identity,
        kind=SuggestionKind.ABSTENTION,
        answered=False,
        confidence=0.1,
        confidence_words="very unlikely",
        headline="Nothing is close enough.",
        receipt={"generation": "g1"},
    )


class FakeEngine:
    """An engine that answers what it was given, or is away."""

    def __init__(self) -> None:
        self.asked: list[SuggestRequest] = []
        self.answer: Suggestion | None = a_suggestion()
        self.previews: list[Mapping[str, object]] = []
        self.previewed: Mapping[str, Any] | None = {"state": "running", "done": 3, "total": 9}
        self.acting: Callable[[Mapping[str, Any]], Mapping[str, Any]] | None = None
        self.state: Mapping[str, object] | None = {"ready": True, "revision": 7}

    def suggest(self, request: SuggestRequest, deadline_seconds: float) -> Suggestion:
        self.asked.append(request)
        if self.answer is None:
            raise EngineUnavailable("no answer within the deadline on /run/engine.sock")
        return self.answer

    def interact(self, body: Mapping[str, object], deadline_seconds: float) -> Mapping[str, object]:
        return {}

    def impact(self, body: Mapping[str, object], deadline_seconds: float) -> Mapping[str, Any]:
        self.previews.append(body)
        if self.previewed is None:
            raise EngineUnavailable("no answer within the deadline on /run/engine.sock")
        return {"id": "0011223344556677"} if body.get("do") == "start" else self.previewed

    def act(self, body: Mapping[str, object], deadline_seconds: float) -> Mapping[str, Any]:
        """What programs ask, by `acting`; away where a test set none."""
        if self.acting is None:
            raise EngineUnavailable("no answer within the deadline on /run/engine.sock")
        return self.acting(body)

    def wake(self) -> None:
        """Nothing to wake."""

    def status(self) -> Mapping[str, object] | None:
        return self.state


class BrokenDatabase:
    """A database that cannot be used: full, read-only, gone."""

    def __init__(self, message: str = "recall.db is full: attempt to write /data") -> None:
        self.message = message

    @contextmanager
    def begin(self) -> Iterator[UnitOfWork]:
        raise DatabaseBusy(self.message, retry_after=2.5)
        yield

    def read(self) -> Any:
        return self.begin()


class BuggyInbox:
    """An inbox with a bug in it."""

    def add(self, item: InboxItem) -> None:
        raise ZeroDivisionError(f"secret inside {item.id}")


@contextmanager
def front(
    units: Any, clock: ManualClock, *, console: ConsoleParts | None = None, **changes: Any
) -> Iterator[tuple[TestClient, FrontDeps]]:
    """A client of a running front on `units`, and what the front was made of."""
    writer = InboxWriter(units)
    writer.start()
    deps = FrontDeps(
        units=units,
        inbox=writer,
        engine=FakeEngine(),
        clock=clock,
        metrics=FrontMetrics(units),
        token=TOKEN,
    )
    deps = replace(deps, **changes)
    try:
        with TestClient(create_app(deps, console=console), raise_server_exceptions=False) as client:
            yield client, deps
    finally:
        writer.stop()
