"""Looking at the world: preconditions before a run, and whether it helped after it."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from bot.actions.executors.http import HttpExecutor
from bot.actions.executors.port import Ended, Executor, Run
from bot.actions.frozen import Step
from bot.actions.template import HttpCheck, Precondition, Verification
from bot.alerts.model import AlertStatus, StoredAlert

_CHECK_SECONDS = 10.0


class Checks:
    """Only reads. What cannot be read does not hold."""

    def __init__(
        self, executors: Mapping[str, Executor], http: HttpExecutor, secrets: Mapping[str, str]
    ) -> None:
        self._executors = executors
        self._http = http
        self._secrets = secrets

    def why_not(self, condition: Precondition, seconds: float) -> str | None:
        """Why a precondition does not hold; None where it does."""
        if condition.http is not None:
            return self._why_not_http(condition.http, seconds)
        outcome = self._executors["command"].run(
            Step(command=condition.command), self._run(seconds)
        )
        return None if outcome.ended is Ended.OK else outcome.detail

    def holds(self, verification: Verification, alerts: Sequence[StoredAlert]) -> bool:
        """Whether the condition that the action should mend is gone. An incident without alerts
        proves nothing."""
        if verification.alert_resolved:
            return bool(alerts) and all(one.alert.status is AlertStatus.RESOLVED for one in alerts)
        assert verification.http is not None
        return self._why_not_http(verification.http, _CHECK_SECONDS) is None

    def _run(self, seconds: float) -> Run:
        return Run(seconds=seconds, on_output=lambda _: None, secrets=self._secrets)

    def _why_not_http(self, check: HttpCheck, seconds: float) -> str | None:
        outcome, body = self._http.ask(check.request, self._run(seconds))
        if outcome.ended is not Ended.OK:
            return outcome.detail or "it did not answer"
        if not check.field:
            return None
        try:
            value = _field(json.loads(body), check.field)
        except (ValueError, LookupError, TypeError, RecursionError):
            return f"its answer has no {check.field}"
        return _why_not_value(check, value)


def _why_not_value(check: HttpCheck, value: Any) -> str | None:
    if check.equal is not None and check.equal not in _texts_of(value):
        return f"{check.field} is not {check.equal}"
    if check.above is None and check.below is None:
        return None
    try:
        # A truth value is no measurement, though it could be counted with.
        number = float("nan" if isinstance(value, bool) else value)
    except (TypeError, ValueError):
        return f"{check.field} is no number"
    # Written so that a NaN holds nothing.
    if check.above is not None and not number > check.above:
        return f"{check.field} is not above {check.above}"
    if check.below is not None and not number < check.below:
        return f"{check.field} is not below {check.below}"
    return None


def _texts_of(value: Any) -> tuple[str, ...]:
    """How a value may be written in a template: `true` as JSON has it, too."""
    return (str(value), json.dumps(value)) if isinstance(value, bool) else (str(value),)


def _field(value: Any, path: str) -> Any:
    """`data.result.0.value`: keys of objects, positions in lists."""
    for part in path.split("."):
        value = value[int(part)] if isinstance(value, list) else value[part]
    return value
