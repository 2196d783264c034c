"""Stopping everything at once, from Slack or from the command line, and going on again."""

from bot.actions.model import RequestState, Switch
from bot.clock import Clock
from bot.uow import UnitOfWorkFactory


class StopSwitch:
    """Anybody who responds may stop; who may resume is for the caller to check."""

    def __init__(self, units: UnitOfWorkFactory, clock: Clock) -> None:
        self._units = units
        self._clock = clock

    def stop(self, actor: str, reason: str) -> int:
        """Nothing starts any more, and what runs is asked to stop; gives how many run."""
        now = self._clock.now()
        with self._units.begin() as uow:
            switch = Switch(stopped=True, by=actor, reason=reason[:300])
            uow.actions.set_switch(switch, now)
            running = [
                one
                for one in uow.actions.in_states((RequestState.RUNNING,), limit=1_000)
                if uow.actions.ask_to_cancel(one.id)
            ]
            uow.audit.append(
                at=now,
                actor=actor,
                action="actions.stopped",
                subject="actions",
                data={"reason": switch.reason, "running": [one.key for one in running]},
            )
        return len(running)

    def resume(self, actor: str) -> bool:
        """False when nothing was stopped."""
        now = self._clock.now()
        with self._units.begin() as uow:
            if not uow.actions.switch().stopped:
                return False
            uow.actions.set_switch(Switch(stopped=False, by=actor), now)
            uow.audit.append(
                at=now, actor=actor, action="actions.resumed", subject="actions", data={}
            )
        return True

    def state(self) -> Switch:
        with self._units.read() as uow:
            return uow.actions.switch()
