"""Breaking the glass: somebody who holds that right stands in, with a reason, for the approvals
that a request lacks. Nothing else gives way: the hash, limits, freeze and the switch hold."""

from dataclasses import dataclass

from bot.actions.book import ActionBook, change, note
from bot.actions.model import ActionRequest, Phase, RequestState
from bot.actions.policy import Deed, Deny, Principal, Why, decide
from bot.chat.messages import Board, BoardLine, BoardPart
from bot.chat.ports import Destination
from bot.clock import Clock
from bot.people.model import Actor
from bot.uow import UnitOfWork, UnitOfWorkFactory

_HASH_SHOWN = 12
"""So much of the hash stands on the card, and has to be given."""
_CHANGED = "the template was changed since it was asked for; ask again"


@dataclass(frozen=True, slots=True, kw_only=True)
class Blow:
    """`seen` is the beginning of the hash that the actor read off the message; `is_shared` whether
    it is said where another organisation reads."""

    actor: Actor
    number: int
    seen: str
    reason: str
    is_shared: bool = False


class Glass:
    """The use case behind `/recall actions break-glass`."""

    def __init__(self, units: UnitOfWorkFactory, book: ActionBook, clock: Clock) -> None:
        self._units = units
        self._book = book
        self._clock = clock

    def break_(self, blow: Blow, leads: Destination | None) -> str:
        """Why it is not done, "" when it is. Both are on the audit record; that it is done is
        said where it was asked for, and to the leads."""
        now = self._clock.now()
        with self._units.begin() as uow:
            request = uow.actions.hold(blow.number)
            if request is None:
                return f"there is no request ACT-{blow.number}"
            who = self._book.principal(blow.actor, request.team_id)
            why = self._why_not(uow, request, who, blow)
            if why:
                data = {"deed": Deed.BREAK_GLASS.value, "reason": why}
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
            board = self._board(moved, who, blow.reason)
            here = Destination(moved.team_id, moved.channel, moved.thread)
            uow.outbox.put(f"glass:{moved.key}", here, board, now)
            if leads is not None:
                uow.outbox.put(f"glass-leads:{moved.key}", leads, board, now)
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

    def _board(self, request: ActionRequest, who: Principal, reason: str) -> Board:
        by = who.key.partition("/")[2]
        lines = (
            BoardLine(text=f"by @{by}", detail=reason),
            BoardLine(
                text=f"on {', '.join(request.frozen.targets) or 'nothing by name'}",
                detail=f"{request.frozen.risk.value} risk, sha256 {request.digest[:_HASH_SHOWN]}",
            ),
        )
        mentioned = [
            key.partition("/")[2]
            for key in self._book.approvers
            if key.startswith(f"{request.team_id}/") and key != who.key
        ]
        return Board(
            title=f"Glass broken: {request.key} {request.frozen.title}"[:140],
            parts=(BoardPart(lines=lines),),
            note="It runs without the approvals that it lacked. It is on the audit record; "
            "/recall actions stop stops it.",
            people=tuple(dict.fromkeys(mentioned)),
        )
