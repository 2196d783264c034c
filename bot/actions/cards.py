"""From what is known of a request to the message that shows it. Pure."""

from collections.abc import Callable, Sequence
from datetime import datetime

from bot.actions.fields import written_length
from bot.actions.model import (
    OVER,
    TOKEN,
    ActionButton,
    ActionRequest,
    Approval,
    Execution,
    Phase,
    RequestState,
)
from bot.actions.template import Verification
from bot.chat.messages import ActionCard, Button, Opener

_WORDS = {
    RequestState.PROPOSED: "Trying it dry",
    RequestState.AWAITING_APPROVAL: "Waits for approval",
    RequestState.CHANGES_ASKED: "Changes are asked for",
    RequestState.APPROVED: "Approved, about to run",
    RequestState.RUNNING: "Running",
    RequestState.FAILED: "Did not work",
    RequestState.UNKNOWN: "Nobody knows whether it ran",
    RequestState.REJECTED: "Rejected",
    RequestState.EXPIRED: "Expired",
    RequestState.DENIED: "Not run",
    RequestState.WITHDRAWN: "Withdrawn",
}
_OFFERS: dict[RequestState, tuple[tuple[str, str], ...]] = {
    RequestState.AWAITING_APPROVAL: (
        ("action_approve", "Approve"),
        ("action_withdraw", "Withdraw"),
        ("action_reject", "Reject…"),
        ("action_changes", "Ask for changes…"),
    ),
    RequestState.CHANGES_ASKED: (
        ("action_withdraw", "Withdraw"),
        ("action_change", "Change it…"),
    ),
    RequestState.APPROVED: (("action_withdraw", "Withdraw"),),
    RequestState.RUNNING: (("action_cancel", "Stop it"),),
    RequestState.UNKNOWN: (
        ("action_worked", "It worked"),
        ("action_not_worked", "It did not"),
    ),
}
_GLASS = ("action_glass", "Break the glass…")
OPENS = {
    "action_reject": "act_reject",
    "action_changes": "act_changes",
    "action_change": "act_change",
    "action_glass": "act_glass",
}
"""The actions that begin with a form, and its name."""
_OUTPUT_SHOWN = 6_000
PROGRAMS = ("command", "ssh", "ansible")
"""Executors whose code is an exit code; that of all others is an HTTP status."""


def headline(request: ActionRequest) -> str:
    """The state in words. That a program ended with 0 is never called success."""
    if request.state is RequestState.RUNNING and request.phase is Phase.VERIFYING:
        return "Ran, verifying"
    if request.state is RequestState.SUCCEEDED:
        return "Worked" if request.frozen.verification is not None else "Ran"
    return _WORDS[request.state]


def offers(request: ActionRequest, has_glass: bool = False) -> tuple[tuple[str, str], ...]:
    """(action, label) of the buttons that the message carries now; `has_glass` is whether somebody
    holds the right to break the glass."""
    if request.state is RequestState.RUNNING and request.phase is Phase.VERIFYING:
        return ()
    can_undo = request.frozen.undo is not None and request.rollback_of is None
    if can_undo and request.state in (RequestState.SUCCEEDED, RequestState.FAILED):
        return (("action_rollback", "Roll back…"),) if request.ran_at is not None else ()
    waits = request.state is RequestState.AWAITING_APPROVAL
    return (*_OFFERS.get(request.state, ()), *([_GLASS] if waits and has_glass else ()))


def buttons_of(
    request: ActionRequest,
    there: Sequence[ActionButton],
    new_token: Callable[[], str],
    now: datetime,
    *,
    has_glass: bool = False,
) -> tuple[tuple[Button, ...], tuple[Opener, ...], tuple[ActionButton, ...]]:
    """The buttons of the message, those that open a form, and those of them that are new. A
    button that the message had before keeps its token: an edit that changes nothing is none."""
    known = {(one.action, one.digest): one for one in there}
    buttons: list[Button] = []
    openers: list[Opener] = []
    new: list[ActionButton] = []
    for action, label in offers(request, has_glass):
        kept = known.get((action, request.digest))
        if kept is None:
            kept = ActionButton(
                token=new_token(),
                team_id=request.team_id,
                action=action,
                request_id=request.id,
                digest=request.digest,
                content={},
                created_at=now,
            )
            new.append(kept)
        if action in OPENS:
            openers.append(Opener(form=OPENS[action], about=kept.token, label=label))
            continue
        values = {"action": action, "token": kept.token, "label": label}
        buttons.append(Button.model_validate(values))
    return tuple(buttons), tuple(openers), tuple(new)


def build_action_card(
    request: ActionRequest,
    approvals: Sequence[Approval],
    executions: Sequence[Execution],
    *,
    missing: int,
    buttons: Sequence[Button],
    openers: Sequence[Opener] = (),
    people: Sequence[str],
    record: str = "",
    where: str = "",
) -> ActionCard:
    """`missing` is how many approvals are missing, `people` the user ids of who may give them,
    `record` how it did before, `where` where alone it can be approved."""
    frozen = request.frozen
    waits = request.state is RequestState.AWAITING_APPROVAL
    # What was agreed to is not what will be asked for next.
    counted = () if request.state is RequestState.CHANGES_ASKED else approvals
    dry = [one for one in executions if one.kind == "dry_run"]
    runs = [one for one in executions if one.kind == "run"]
    return ActionCard(
        key=request.key,
        title=frozen.title,
        headline=headline(request),
        risk=frozen.risk.value,
        state=request.state.value,
        template=f"{frozen.template_id} v{frozen.version}",
        incident_key=frozen.incident_key,
        environment=frozen.environment or "",
        targets=frozen.targets,
        shows=frozen.step.shown,
        digest=request.digest,
        requested_by=_user(request.requested_by),
        reason=request.reason,
        approved_by=tuple(_user(one.actor) for one in counted if one.word == "approved"),
        missing=missing if waits else 0,
        facts=(*(one for one in (where, record) if one), *_facts(request, runs)),
        dry_run=dry[-1].output[-_OUTPUT_SHOWN:] if dry and not runs else "",
        output=runs[-1].output[-_OUTPUT_SHOWN:] if runs else "",
        note=request.note,
        buttons=tuple(buttons),
        openers=tuple(openers),
        people=tuple(people),
    )


def _facts(request: ActionRequest, runs: Sequence[Execution]) -> list[str]:
    facts: list[str] = []
    if request.via == TOKEN:
        facts.append("asked for by a program, with a personal token")
    if request.broken_by:
        facts.append("the glass was broken: it lacked approvals")
    if request.state is RequestState.AWAITING_APPROVAL:
        facts.append(f"expires at {request.expires_at:%H:%M} UTC")
    if runs and runs[-1].ended_at is not None:
        last = runs[-1]
        assert last.ended_at is not None
        seconds = (last.ended_at - last.started_at).total_seconds()
        ended = "" if last.exit_code is None else f", {_code(request, last.exit_code)}"
        facts.append(f"ran for {seconds:.1f} s{ended}")
    if request.state in OVER:
        return facts
    if request.frozen.verification is not None:
        facts.append(verified_by(request.frozen.verification))
    else:
        facts.append("it only reads; nothing is verified")
    if request.frozen.undo is not None:
        facts.append(f"undone by {request.frozen.undo.template_id}")
    return facts


def _code(request: ActionRequest, code: int) -> str:
    return f"exit code {code}" if request.frozen.executor in PROGRAMS else f"HTTP {code}"


def verified_by(verification: Verification) -> str:
    """How it will be known that it helped, as a person reads it."""
    stays = f" for {written_length(verification.stays)}" if verification.stays else ""
    within = written_length(verification.within)
    if verification.alert_resolved:
        return f"verified when its alerts are resolved{stays}, within {within}"
    assert verification.http is not None
    check = verification.http
    wanted = ""
    if check.field:
        bounds = [
            f"{word} {value}"
            for word, value in (
                ("above", check.above),
                ("below", check.below),
                ("equal to", check.equal),
            )
            if value is not None
        ]
        wanted = f" says {check.field} {' and '.join(bounds) or 'is there'}"
    return f"verified when {check.request.url}{wanted or ' answers'}{stays}, within {within}"


def _user(actor_key: str) -> str:
    return actor_key.rpartition("/")[2]
