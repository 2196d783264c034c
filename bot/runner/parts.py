"""What the parts of a runner share, and running one step of a request that is held."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from bot.actions.book import ActionBook, change
from bot.actions.executors.port import Executor, Outcome, Run
from bot.actions.frozen import Step
from bot.actions.model import ActionRequest, Execution, RequestState
from bot.actions.output import OutputKeeper
from bot.clock import Clock
from bot.runner.hold import Hold
from bot.uow import UnitOfWork, UnitOfWorkFactory

_PROGRESS_SECONDS = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class RunnerParts:
    """What a runner works with. `name` tells it from all others; `secrets` are its own;
    once `stopping` is set, what runs is ended rather than left behind without anybody."""

    units: UnitOfWorkFactory
    book: ActionBook
    executors: Mapping[str, Executor]
    clock: Clock
    redact: Callable[[str], str]
    secrets: Mapping[str, str]
    name: str
    lease_seconds: float = 30.0
    stopping: threading.Event = field(default_factory=threading.Event)

    def keeper(self, most: int) -> OutputKeeper:
        """Takes what is printed, without any secret."""
        return OutputKeeper(most, self.redact, self.secrets.values())

    def hide(self, text: str) -> str:
        """A sentence without secrets: what an error quotes may hold one."""
        keeper = self.keeper(2_000)
        keeper.feed(text.encode())
        keeper.end()
        return keeper.text


def deny(
    parts: RunnerParts, uow: UnitOfWork, request: ActionRequest, why: str, now: datetime
) -> None:
    """It will not run: expired where its time is over, else denied and why."""
    over = now >= request.expires_at
    moved = change(
        uow,
        request,
        RequestState.EXPIRED if over else RequestState.DENIED,
        actor=parts.name,
        action="action.expired" if over else "action.denied",
        now=now,
        data={"reason": why},
        note="" if over else f"Not run: {why}",
    )
    if moved is not None:
        parts.book.show(uow, moved, now)


def execute(
    parts: RunnerParts,
    request: ActionRequest,
    execution: Execution,
    step: Step,
    seconds: float,
) -> tuple[Outcome, OutputKeeper]:
    """The side effect itself, outside any transaction, under a lease that is renewed."""
    keeper = parts.keeper(request.frozen.most_output)
    progress = _Progress(parts, request, execution, keeper)
    with Hold(parts.units, parts.clock, request.id, parts.name, parts.lease_seconds) as hold:
        run = Run(
            seconds=seconds,
            on_output=progress.on_output,
            cancelled=lambda: hold.cancelled() or parts.stopping.is_set(),
            secrets=parts.secrets,
        )
        outcome = parts.executors[request.frozen.executor].run(step, run)
    keeper.end()
    return outcome, keeper


class _Progress:
    """Feeds what is printed to the keeper, and now and then to the message."""

    def __init__(
        self,
        parts: RunnerParts,
        request: ActionRequest,
        execution: Execution,
        keeper: OutputKeeper,
    ) -> None:
        self._parts = parts
        self._request = request
        self._execution = execution
        self._keeper = keeper
        self._next = parts.clock.monotonic() + _PROGRESS_SECONDS

    def on_output(self, chunk: bytes) -> None:
        self._keeper.feed(chunk)
        now = self._parts.clock.monotonic()
        if now >= self._next and self._execution.kind == "run":
            self._next = now + _PROGRESS_SECONDS
            self._show()

    def _show(self) -> None:
        parts, now = self._parts, self._parts.clock.now()
        with parts.units.begin() as uow:
            current = uow.actions.get(self._request.id)
            if current is not None and current.holder == parts.name:
                uow.actions.print(self._execution.id, self._keeper.text)
                parts.book.show(uow, current, now)
