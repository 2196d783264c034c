"""Looking after what waits, runs or was lost: expiry, lost leases, and whether it helped."""

from datetime import datetime, timedelta

from bot.actions.book import change
from bot.actions.model import BEFORE_RUN, ActionRequest, Phase, RequestState
from bot.runner.checks import Checks
from bot.runner.parts import RunnerParts, deny

_MOST_ATTEMPTS = 2
_ASK_AGAIN = timedelta(seconds=5)
_LOST = (
    "The runner was lost while this ran, so it may have been done, wholly or in part. Look, and "
    "say below what became of it; it is not run again by itself."
)


class Watcher:
    """One step looks at every open request."""

    def __init__(self, parts: RunnerParts, checks: Checks) -> None:
        self._parts = parts
        self._checks = checks
        self._asked: dict[int, datetime] = {}

    def step(self) -> int:
        """How many requests changed."""
        with self._parts.units.read() as uow:
            there = uow.actions.in_states((*BEFORE_RUN, RequestState.RUNNING), limit=1_000)
        self._asked = {one.id: at for one in there if (at := self._asked.get(one.id)) is not None}
        return sum(self._look_after(request) for request in there)

    def _look_after(self, request: ActionRequest) -> int:
        now = self._parts.clock.now()
        if request.holder is not None:
            is_lost = request.leased_until is not None and request.leased_until <= now
            return self._lost(request, now) if is_lost else 0
        if request.state in BEFORE_RUN and now >= request.expires_at:
            with self._parts.units.begin() as uow:
                deny(self._parts, uow, request, "expired", now)
            return 1
        return self._verify(request, now) if request.phase is Phase.VERIFYING else 0

    def _lost(self, request: ActionRequest, now: datetime) -> int:
        """The lease ran out. A dry run is made again; what is idempotent is run again, once."""
        parts = self._parts
        with parts.units.begin() as uow:
            current = uow.actions.hold(request.id)
            if current is None or current.leased_until != request.leased_until:
                return 0  # it was renewed, or somebody else saw to it
            attempts = sum(e.kind == "run" for e in uow.actions.executions(request.id))
            again = current.state is RequestState.PROPOSED or (
                current.frozen.idempotent and attempts < _MOST_ATTEMPTS
            )
            state = RequestState.UNKNOWN
            if again:
                is_dry = current.state is RequestState.PROPOSED
                state = RequestState.PROPOSED if is_dry else RequestState.APPROVED
            moved = change(
                uow,
                current,
                state,
                actor=parts.name,
                action="action.lost",
                now=now,
                data={"lost": current.holder},
                phase=Phase.NONE,
                # A lost runner may still come back with the truth, so it stays the holder.
                holder=None if again else current.holder,
                leased_until=None,
                note="" if again else _LOST,
            )
            if moved is not None and state is not RequestState.PROPOSED:
                parts.book.show(uow, moved, now)
        return 1

    def _verify(self, request: ActionRequest, now: datetime) -> int:
        """Read the triggering condition itself, and say what it says."""
        verification = request.frozen.verification
        assert verification is not None
        assert request.ran_at is not None
        is_late = now >= request.ran_at + verification.within
        asked = self._asked.get(request.id)
        if verification.http is not None and asked is not None and now - asked < _ASK_AGAIN:
            return 0
        self._asked[request.id] = now
        with self._parts.units.read() as uow:
            number = request.incident_id
            alerts = uow.alerts.of_incident(number) if number is not None else []
        holds = self._checks.holds(verification, alerts)
        since = request.holds_since or now
        if holds and now - since >= verification.stays:
            return self._verified(request, RequestState.SUCCEEDED, _passed(request, now), now)
        if is_late:
            told = "It ran, but the condition that it should mend is still there."
            return self._verified(request, RequestState.FAILED, told, now)
        if holds != (request.holds_since is not None):
            with self._parts.units.begin() as uow:
                changed = now if holds else None
                uow.actions.move(request, RequestState.RUNNING, holds_since=changed)
        return 0

    def _verified(
        self, request: ActionRequest, state: RequestState, told: str, now: datetime
    ) -> int:
        parts = self._parts
        with parts.units.begin() as uow:
            moved = change(
                uow,
                request,
                state,
                actor=parts.name,
                action="action.verified" if state is RequestState.SUCCEEDED else "action.no_effect",
                now=now,
                phase=Phase.NONE,
                note=told,
            )
            if moved is not None:
                parts.book.show(uow, moved, now)
        return 1


def _passed(request: ActionRequest, now: datetime) -> str:
    assert request.ran_at is not None
    passed = (now - request.ran_at).total_seconds()
    told = f"{max(1, round(passed))} s" if passed < 90 else f"{round(passed / 60)} min"
    return f"Verified by the condition itself, {told} after it ran."
