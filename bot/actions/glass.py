"""Breaking the glass: somebody who holds that right stands in, with a reason, for the approvals
that a request lacks. Nothing else gives way: the hash, limits, freeze and the switch hold."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from bot.actions.book import ActionBook, change, note
from bot.actions.model import ActionRequest, Phase, RequestState
from bot.actions.policy import Deed, Deny, Principal, Why, decide
from bot.chat.messages import Board, BoardLine, BoardPart
from bot.chat.ports import Destination
from bot.clock import Clock
from bot.jobs.ports import Job
from bot.people.model import Actor
from bot.uow import UnitOfWork, UnitOfWorkFactory

_HASH_SHOWN = 12
"""So much of the hash stands on the card, and has to be given."""
GLASS = "action_glass"
"""The kind of the job that tells the leads, for when their channel is not known at once."""
_CHANGED = "the template was changed since it was asked for; ask again"


@dataclass(frozen=True, slots=True, kw_only=True)
class Blow:
    """`seen` is the beginning of the hash that the actor read off the message; `is_shared` whether
    it is said where another organisation reads. `proof` is how it is known who that is, for the
    record, where it is not said in the chat."""

    actor: Actor
    number: int
    seen: str
    reason: str
    is_shared: bool = False
    proof: Mapping[str, str] = field(default_factory=dict)


class Glass:
    """The use case behind `/recall actions break-glass`, its form, and the command line."""

    def __init__(self, units: UnitOfWorkFactory, book: ActionBook, clock: Clock) -> None:
        self._units = units
        self._book = book
        self._clock = clock

    def break_(self, blow: Blow, leads: Destination | None, *, later: bool = False) -> str:
        """Why it is not done, "" when it is. Both are on the audit record; that it is done is
        said where it was asked for, and to the leads: in `leads`, or `later`, by a job that asks
        the chat for their channel."""
        now = self._clock.now()
        with self._units.begin() as uow:
            request = uow.actions.hold(blow.number)
            if request is None:
                return f"there is no request ACT-{blow.number}"
            who = self._book.principal(blow.actor, request.team_id)
            why = self._why_not(uow, request, who, blow)
            if why:
                data = {"deed": Deed.BREAK_GLASS.value, "reason": why, **blow.proof}
                note(uow, request, actor=who.key, action="action.denied", now=now, data=data)
                return why
            moved = change(
                uow,
                request,
                RequestState.APPROVED,
                actor=who.key,
                action="action.glass_broken",
                now=now,
                data={
                    **blow.proof,
                    "reason": blow.reason,
                    "approvals": [one.by.key for one in self._book.approved(uow, request, now)],
                },
                phase=Phase.NONE,
                note=f"@{blow.actor.user_id} broke the glass: {blow.reason}"[:600],
                broken_by=who.key,
                broken_digest=request.digest,
            )
            if moved is None:
                return "somebody was faster"
            self._book.show(uow, moved, now)
            board = board_of(self._book, moved, blow.reason)
            here = Destination(moved.team_id, moved.channel, moved.thread)
            uow.outbox.put(f"glass:{moved.key}", here, board, now)
            if leads is not None:
                uow.outbox.put(f"glass-leads:{moved.key}", leads, board, now)
            elif later:
                payload = {"request": moved.id, "reason": blow.reason}
                uow.jobs.add(f"{GLASS}:{moved.key}", GLASS, payload, now)
        return ""

    def _why_not(self, uow: UnitOfWork, request: ActionRequest, who: Principal, blow: Blow) -> str:
        now = self._clock.now()
        template = self._book.template_of(request.frozen)
        if template is None:
            return _CHANGED
        is_seen = len(blow.seen) >= _HASH_SHOWN and request.digest.startswith(blow.seen.lower())
        asked = self._book.asked(
            uow,
            Deed.BREAK_GLASS,
            template,
            request.frozen,
            self._book.in_groups(
                uow, self._book.principal_of_key(request.requested_by, request.team_id), now
            ),
            now,
            number=request.id,
            seen=request.digest if is_seen else blow.seen,
            channel=request.channel_key,
            waits=request.state is RequestState.AWAITING_APPROVAL,
            expires_at=request.expires_at,
            is_shared=blow.is_shared,
            reason=blow.reason,
        )
        said = decide(who, asked, (), now)
        if not isinstance(said, Deny):
            return ""
        if said.why is Why.HASH:
            return f"{said.why.said}, and give the {_HASH_SHOWN} characters of its sha256"
        return said.why.said


class GlassTelling:
    """The job that tells the leads. `leads` gives their channel in a team, None where there is
    none; it may raise ChatUnavailable, and then the job runs again later."""

    def __init__(
        self,
        units: UnitOfWorkFactory,
        book: ActionBook,
        leads: Callable[[str], Destination | None],
        clock: Clock,
    ) -> None:
        self._units = units
        self._book = book
        self._leads = leads
        self._clock = clock

    def tell(self, job: Job) -> None:
        with self._units.read() as uow:
            request = uow.actions.get(int(job.payload["request"]))
        if request is None or not request.broken_by:
            return
        room = self._leads(request.team_id)
        if room is None:
            return
        board = board_of(self._book, request, str(job.payload["reason"]))
        with self._units.begin() as uow:
            uow.outbox.put(f"glass-leads:{request.key}", room, board, self._clock.now())


def board_of(book: ActionBook, request: ActionRequest, reason: str) -> Board:
    """What is told of it, loudly: whoever may approve is mentioned."""
    by = request.broken_by
    lines = (
        BoardLine(text=f"by @{by.partition('/')[2]}", detail=reason),
        BoardLine(
            text=f"on {', '.join(request.frozen.targets) or 'nothing by name'}",
            detail=f"{request.frozen.risk.value} risk, sha256 {request.digest[:_HASH_SHOWN]}",
        ),
    )
    mentioned = [
        key.partition("/")[2]
        for key in book.approvers
        if key.startswith(f"{request.team_id}/") and key != by
    ]
    return Board(
        title=f"Glass broken: {request.key} {request.frozen.title}"[:140],
        parts=(BoardPart(lines=lines),),
        note="It runs without the approvals that it lacked. It is on the audit record; "
        "/recall actions stop stops it.",
        people=tuple(dict.fromkeys(mentioned)),
    )
