"""Dry runs: before anybody is asked, what the action says it would do."""

import hashlib
from datetime import timedelta

from bot.actions.book import change, note
from bot.actions.executors.port import Ended
from bot.actions.model import ActionRequest, Execution, Phase, RequestState
from bot.runner.parts import RunnerParts, deny, execute

_DRY_RUN_SECONDS = 60.0


class DryRunner:
    """Makes the dry run of proposed requests, one a step; a lost one is made again."""

    def __init__(self, parts: RunnerParts) -> None:
        self._parts = parts

    def step(self) -> int:
        """1 when one was made, 0 when there was nothing."""
        with self._parts.units.read() as uow:
            waiting = uow.actions.in_states((RequestState.PROPOSED,))
        for request in waiting:
            claimed = self._claim(request) if request.holder is None else None
            if claimed is not None:
                self._run(*claimed)
                return 1
        return 0

    def _claim(self, request: ActionRequest) -> tuple[ActionRequest, Execution] | None:
        parts = self._parts
        now = parts.clock.now()
        with parts.units.begin() as uow:
            current = uow.actions.hold(request.id)
            if current is None or current.state is not RequestState.PROPOSED or current.holder:
                return None
            template = parts.book.template_of(current.frozen)
            if uow.actions.switch().stopped or template is None or now >= current.expires_at:
                stopped = "all actions are stopped"
                deny(parts, uow, current, stopped if template else "it was changed", now)
                return None
            attempt = 1 + len(uow.actions.executions(current.id))
            claimed = uow.actions.move(
                current,
                RequestState.PROPOSED,
                phase=Phase.DRY_RUN,
                holder=parts.name,
                leased_until=now + timedelta(seconds=parts.lease_seconds),
            )
            execution = uow.actions.start(current.id, "dry_run", attempt, parts.name, now)
            if claimed is None or execution is None:
                raise RuntimeError(f"{current.key} was claimed twice; nothing was started")
            note(uow, claimed, actor=parts.name, action="action.dry_run", now=now)
        return claimed, execution

    def _run(self, request: ActionRequest, execution: Execution) -> None:
        parts = self._parts
        step = request.frozen.dry_run
        assert step is not None
        outcome, keeper = execute(parts, request, execution, step, _DRY_RUN_SECONDS)
        now = parts.clock.now()
        with parts.units.begin() as uow:
            uow.actions.finish(
                execution.id,
                outcome=outcome.ended.value,
                exit_code=outcome.exit_code,
                output=keeper.text,
                output_digest=hashlib.sha256(keeper.text.encode()).hexdigest(),
                now=now,
            )
            template = parts.book.template_of(request.frozen)
            state = RequestState.AWAITING_APPROVAL
            if outcome.ended is not Ended.OK or template is None:
                state = RequestState.FAILED
            elif template.approvals == 0:
                state = RequestState.APPROVED
            moved = change(
                uow,
                request,
                state,
                actor=parts.name,
                action="action.dry_run_ended",
                now=now,
                data={"outcome": outcome.ended.value},
                phase=Phase.NONE,
                holder=None,
                leased_until=None,
                note=""
                if state is not RequestState.FAILED
                else parts.hide(f"The dry run failed, nothing was run: {outcome.detail}"),
            )
            if moved is not None:
                parts.book.show(uow, moved, now)
