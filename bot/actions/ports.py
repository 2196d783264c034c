"""The ports to what is kept of actions: requests with all that belongs to them, and the keys under
which programs asked."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from bot.actions.model import (
    ActionButton,
    ActionRequest,
    Approval,
    Execution,
    RequestState,
    Switch,
)
from bot.actions.track import Ran


class ActionRepository(Protocol):
    """Requests, approvals and executions. States change by compare-and-set alone."""

    def add(self, request: ActionRequest) -> ActionRequest:
        """Keep it; gives it with its id."""
        ...

    def get(self, request_id: int) -> ActionRequest | None: ...

    def hold(self, request_id: int) -> ActionRequest | None:
        """As `get`, and nobody else changes it until this transaction ends."""
        ...

    def move(
        self,
        request: ActionRequest,
        to: RequestState,
        **changes: Any,
    ) -> ActionRequest | None:
        """Change state and fields if the row's state, phase and holder are still those of
        `request`; None when somebody was faster."""
        ...

    def renew(self, request_id: int, holder: str, leased_until: datetime) -> bool | None:
        """Hold on to a request; True when somebody asked to cancel it, None when it is not
        held any more."""
        ...

    def ask_to_cancel(self, request_id: int) -> bool:
        """False when it does not run."""
        ...

    def in_states(
        self, states: Collection[RequestState], limit: int = 100
    ) -> Sequence[ActionRequest]:
        """Oldest first."""
        ...

    def newest(self, limit: int) -> Sequence[ActionRequest]:
        """In whatever state, newest first."""
        ...

    def of_incident(self, incident_id: int, limit: int = 100) -> Sequence[ActionRequest]:
        """Newest first."""
        ...

    def lock_claims(self) -> None:
        """Let no other runner claim until this transaction ends."""
        ...

    def last_run_at(
        self, template_id: str, targets: Collection[str], but: int = 0
    ) -> datetime | None:
        """When that template last started on any of these targets (on anything without any);
        the request `but` is left out."""
        ...

    def runs_since(self, template_id: str, since: datetime, but: int = 0) -> int:
        """How many requests of that template started since then."""
        ...

    def ran_in(self, incident_ids: Collection[int]) -> Sequence[Ran]:
        """Every request of any template that was started in these incidents, oldest first; not
        those that were refused before anything was started."""
        ...

    def approve(self, approval: Approval) -> bool:
        """Keep a person's word; False when that person has said one on this request."""
        ...

    def approvals(self, request_id: int) -> Sequence[Approval]: ...

    def start(
        self, request_id: int, kind: str, attempt: int, runner: str, now: datetime
    ) -> Execution | None:
        """Write down the intent; None when that attempt was begun before."""
        ...

    def finish(
        self,
        execution_id: int,
        *,
        outcome: str,
        exit_code: int | None,
        output: str,
        output_digest: str,
        now: datetime,
    ) -> None: ...

    def print(self, execution_id: int, output: str) -> None:
        """What was printed so far."""
        ...

    def executions(self, request_id: int) -> Sequence[Execution]:
        """In the order they were begun."""
        ...

    def keep_buttons(self, buttons: Sequence[ActionButton]) -> None: ...

    def buttons(self, request_id: int) -> Sequence[ActionButton]:
        """All that its message ever carried."""
        ...

    def button(self, token: str) -> ActionButton | None: ...

    def switch(self) -> Switch: ...

    def set_switch(self, switch: Switch, now: datetime) -> None: ...


@dataclass(frozen=True, slots=True)
class Asked:
    """What an Idempotency-Key was used for: the request, and the fingerprint of what was asked."""

    request_id: int
    fingerprint: str


class AskedKeys(Protocol):
    """The keys under which programs ask, one a person and key."""

    def claim(self, actor: str, key: str, fingerprint: str, now: datetime) -> Asked | None:
        """None: it is ours from now on, and nobody else's until this transaction ends."""
        ...

    def settle(self, actor: str, key: str, request_id: int) -> None:
        """What came of it."""
        ...

    def release(self, actor: str, key: str) -> None:
        """Nothing came of it: it may be used again."""
        ...

    def purge(self, before: datetime) -> int: ...
