"""ActionRequest, Approval, Execution: what was asked for, who agreed, and what became of it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from bot.actions.frozen import Frozen
from bot.people.model import Role


class RequestState(StrEnum):
    """`proposed` waits for its dry run. `running` with a phase `verifying` has run, and nobody
    knows yet whether it helped. In `unknown` the runner was lost while it ran. From
    `changes_asked` it never runs: whoever asked for it asks anew, for something else."""

    PROPOSED = "proposed"
    AWAITING_APPROVAL = "awaiting_approval"
    CHANGES_ASKED = "changes_asked"
    APPROVED = "approved"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    UNKNOWN = "unknown"
    REJECTED = "rejected"
    EXPIRED = "expired"
    DENIED = "denied"
    WITHDRAWN = "withdrawn"


CHAT, SIGN_ON, TOKEN = "chat", "sign_on", "token"
"""The ways in which somebody gives a word: by a click, in the console signed on, or, for asking and
withdrawing alone, by a program with a personal token."""
UNDECIDED = (
    RequestState.PROPOSED,
    RequestState.AWAITING_APPROVAL,
    RequestState.CHANGES_ASKED,
)
BEFORE_RUN = (*UNDECIDED, RequestState.APPROVED)
OVER = (
    RequestState.SUCCEEDED,
    RequestState.FAILED,
    RequestState.REJECTED,
    RequestState.EXPIRED,
    RequestState.DENIED,
    RequestState.WITHDRAWN,
)


class Phase(StrEnum):
    """What a running request is at."""

    NONE = ""
    DRY_RUN = "dry_run"
    EXECUTING = "executing"
    VERIFYING = "verifying"


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionRequest:
    """One wish to run something. `digest` is the hash of `frozen` as the approver sees it;
    `channel` is where it was asked (TEAM/CHANNEL is `channel_key`). `holder` is the runner that
    has it under a lease until `leased_until`. `broken_by` is who broke the glass over the hash
    `broken_digest`, "" for nobody. `via` is CHAT or TOKEN: how it was asked."""

    id: int
    team_id: str
    channel: str
    thread: str | None
    incident_id: int | None
    frozen: Frozen
    digest: str
    requested_by: str
    requester_role: Role
    reason: str
    state: RequestState
    phase: Phase
    created_at: datetime
    expires_at: datetime
    note: str = ""
    holder: str | None = None
    leased_until: datetime | None = None
    started_at: datetime | None = None
    ran_at: datetime | None = None
    holds_since: datetime | None = None
    cancel_asked: bool = False
    rollback_of: int | None = None
    broken_by: str = ""
    broken_digest: str = ""
    via: str = CHAT

    @property
    def key(self) -> str:
        """What people call it."""
        return f"ACT-{self.id}"

    @property
    def channel_key(self) -> str:
        return f"{self.team_id}/{self.channel}"

    @property
    def message_key(self) -> str:
        """The outbox key of its one message."""
        return f"action:{self.key}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """One person's word on one hash. `word` is approved or rejected; `via` is CHAT or SIGN_ON."""

    request_id: int
    actor: str
    person: str
    role: Role
    word: str
    digest: str
    at: datetime
    via: str = CHAT


@dataclass(frozen=True, slots=True, kw_only=True)
class Execution:
    """One attempt to run a step. `output` is redacted and capped; `output_digest` is the
    SHA-256 of all that was kept. `exit_code` is the program's, or the HTTP status."""

    id: int
    request_id: int
    kind: str
    attempt: int
    runner: str
    started_at: datetime
    ended_at: datetime | None = None
    outcome: str = ""
    exit_code: int | None = None
    output: str = ""
    output_digest: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionButton:
    """What an opaque token stands for. `digest` is the hash that was shown beside it; `content`
    keeps what a form was opened with."""

    token: str
    team_id: str
    action: str
    request_id: int | None
    digest: str
    content: dict[str, str]
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Switch:
    """Whether all actions are stopped, by whom and why."""

    stopped: bool = False
    by: str = ""
    reason: str = ""
