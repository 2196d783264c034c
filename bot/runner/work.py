"""Running what was approved: claim, look again, say "started", run, say what became of it.

Each step is one transaction, or the one side effect between two of them. "Started" is on record
before the side effect; so after a crash it is known that it may have happened.
"""

import hashlib
import logging
from datetime import timedelta

from bot.actions.book import change, note
from bot.actions.executors.port import Ended, Outcome
from bot.actions.model import ActionRequest, Execution, Phase, RequestState
from bot.actions.output import OutputKeeper
from bot.errors import Retryable
from bot.runner.checking import has_room, why_not_run
from bot.runner.checks import Checks
from bot.runner.parts import RunnerParts, deny, execute

_log = logging.getLogger(__name__)
_PRECONDITION_SECONDS = 20.0
_RETRY_SECONDS = 1.0


class Worker:
    """Claims approved requests, one a step; many workers may serve one database."""

    def __init__(self, parts: RunnerParts, checks: Checks) -> None:
        self._parts = parts
        self._checks = checks

    def step(self) -> int:
        """1 when something was run, 0 when there was nothing."""
        with self._parts.units.read() as uow:
            waiting = uow.actions.in_states((RequestState.APPROVED,))
        for request in waiting:
            claimed = self._claim(request)
            if claimed is not None:
                self._run(*claimed)
                return 1
        return 0

    def _claim(self, request: ActionRequest) -> tuple[ActionRequest, Execution] | None:
        parts = self._parts
        now = parts.clock.now()
        with parts.units.begin() as uow:
            uow.actions.lock_claims()
            current = uow.actions.get(request.id)
            if current is None or current.state is not RequestState.APPROVED:
                return None
            if not has_room(uow, parts.book, current):
                return None  # it waits for its turn, until it expires
            why = why_not_run(uow, parts.book, current, now)
            if why is not None:
                deny(parts, uow, current, why, now)
                return None
            attempt = 1 + sum(e.kind == "run" for e in uow.actions.executions(current.id))
            started = change(
                uow,
                current,
                RequestState.RUNNING,
                actor=parts.name,
                action="action.started",
                now=now,
                data={"attempt": attempt},
                phase=Phase.EXECUTING,
                holder=parts.name,
                leased_until=now + timedelta(seconds=parts.lease_seconds),
                started_at=now,
            )
            execution = uow.actions.start(current.id, "run", attempt, parts.name, now)
            if started is None or execution is None:
                raise RuntimeError(f"{current.key} was claimed twice; nothing was started")
            parts.book.show(uow, started, now)
        return started, execution

    def _run(self, request: ActionRequest, execution: Execution) -> None:
        frozen = request.frozen
        for condition in frozen.preconditions:
            why = self._checks.why_not(condition, _PRECONDITION_SECONDS)
            if why is not None:
                outcome = Outcome(Ended.REFUSED, detail=f"{condition.says} does not hold: {why}")
                self._end(request, execution, outcome, self._parts.keeper(1_000))
                return
        outcome, keeper = execute(
            self._parts, request, execution, frozen.step, frozen.timeout.total_seconds()
        )
        self._end(request, execution, outcome, keeper)

    def _end(
        self,
        request: ActionRequest,
        execution: Execution,
        outcome: Outcome,
        keeper: OutputKeeper,
    ) -> None:
        """Put the result on record. While the database is away it is tried again, for as long as
        the lease may last: after that a human is asked anyway."""
        parts = self._parts
        until = parts.clock.monotonic() + parts.lease_seconds
        while True:
            try:
                self._finish(request, execution, outcome, keeper)
            except Retryable as error:
                if parts.clock.monotonic() >= until:
                    raise
                _log.warning("%s ran, and that is not on record yet: %s", request.key, error)
                parts.stopping.wait(_RETRY_SECONDS)
            else:
                return

    def _finish(
        self,
        request: ActionRequest,
        execution: Execution,
        outcome: Outcome,
        keeper: OutputKeeper,
    ) -> None:
        """Result, audit and message in one transaction."""
        parts = self._parts
        now = parts.clock.now()
        with parts.units.begin() as uow:
            text = keeper.text
            digest = hashlib.sha256(text.encode()).hexdigest()
            uow.actions.finish(
                execution.id,
                outcome=outcome.ended.value,
                exit_code=outcome.exit_code,
                output=text,
                output_digest=digest,
                now=now,
            )
            # Somebody may have taken it for lost meanwhile: then the truth is still welcome.
            current = uow.actions.hold(request.id)
            if current is None or current.holder != parts.name:
                return
            data = {
                "outcome": outcome.ended.value,
                "exit_code": outcome.exit_code,
                "output_digest": digest,
                "detail": parts.hide(outcome.detail),
            }
            state, phase, said = _after(current, outcome)
            ran = outcome.ended is not Ended.REFUSED
            if current.state in (RequestState.RUNNING, RequestState.UNKNOWN):
                moved = change(
                    uow,
                    current,
                    state,
                    actor=parts.name,
                    action="action.ran" if ran else "action.refused",
                    now=now,
                    data=data,
                    phase=phase,
                    holder=None,
                    leased_until=None,
                    ran_at=now if ran else None,
                    note=parts.hide(said),
                )
                if moved is not None:
                    parts.book.show(uow, moved, now)
            else:
                note(uow, current, actor=parts.name, action="action.ran_late", now=now, data=data)


def _after(request: ActionRequest, outcome: Outcome) -> tuple[RequestState, Phase, str]:
    """What a request is after its step ended so."""
    match outcome.ended:
        case Ended.OK if request.frozen.verification is not None:
            return RequestState.RUNNING, Phase.VERIFYING, ""
        case Ended.OK:
            return RequestState.SUCCEEDED, Phase.NONE, ""
        case Ended.UNKNOWN:
            return RequestState.UNKNOWN, Phase.NONE, f"{outcome.detail}. Look, and say below."
        case Ended.REFUSED:
            return RequestState.FAILED, Phase.NONE, f"Nothing was run: {outcome.detail}"
        case _:
            return RequestState.FAILED, Phase.NONE, f"It did not work: {outcome.detail}."
