"""Buttons of action requests: approve, reject, withdraw, stop, roll back, and a word on what
nobody knows. One transaction a press; what is refused is on the audit record, too."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot.actions.book import ActionBook, change, note
from bot.actions.model import (
    BEFORE_RUN,
    CHAT,
    SIGN_ON,
    TOKEN,
    ActionButton,
    ActionRequest,
    Approval,
    Phase,
    RequestState,
)
from bot.actions.notices import tell_requester
from bot.actions.policy import Allow, Asked, Deed, Deny, Principal, Why, decide, may
from bot.actions.requests import Requests, Wish
from bot.actions.template import ActionTemplate, People
from bot.chat.messages import Board, BoardLine, BoardPart, Notice
from bot.chat.ports import Destination
from bot.clock import Clock
from bot.people.model import Actor, Role
from bot.uow import UnitOfWork, UnitOfWorkFactory

_CHANGED = "the template was changed since it was asked for; ask again"
_DECIDED = {
    RequestState.CHANGES_ASKED: "changes are asked for; it waits for another try",
    RequestState.APPROVED: "it is approved already",
    RequestState.RUNNING: "it runs already",
    RequestState.EXPIRED: "it has expired; ask for it again",
    RequestState.PROPOSED: "its dry run is not through yet",
}
_APPROVE, _REJECT = "action_approve", "action_reject"
LONGEST_REASON = 400
"""Characters of a reason that are kept."""
_LEADS = People(role=Role.LEAD)


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionPress:
    """A button pressed. `actor` is from the verified payload alone; `reply_to` is the thread of
    the message with the button. `reason` is what was said with it in a form, and `in_line` that
    a refusal is told there instead of in that thread; `name` is for reading, "" for the actor's
    id."""

    actor: Actor
    token: str
    reply_to: Destination
    name: str = ""
    reason: str = ""
    in_line: bool = False


class ActionButtons:
    """The use case behind the buttons of action messages."""

    def __init__(self, units: UnitOfWorkFactory, book: ActionBook, clock: Clock) -> None:
        self._units = units
        self._book = book
        self._clock = clock
        self._requests = Requests(units, book, clock)

    def press(self, press: ActionPress) -> bool:
        """False when the token is of no action's button."""
        return self.deal(press) is not None

    def deal(self, press: ActionPress) -> str | None:
        """Why it stays as it is, "" where what was pressed is done; None when the token is of no
        action's button."""
        with self._units.begin() as uow:
            button = uow.actions.button(press.token)
            if button is None or button.request_id is None:
                return None
            # Held until the commit: two people who press at once are counted one after another.
            request = uow.actions.hold(button.request_id)
            assert request is not None  # the button refers to it
            now = self._clock.now()
            who = self._book.who(uow, press.actor, request.team_id, now)
            pressed = _Pressed(self._book, self._requests, uow, press, button, request, who)
            pressed.deal(now)
            return pressed.refused

    def record_of(self, uow: UnitOfWork, request: ActionRequest) -> str:
        """How the action did before, as approvers are told of it."""
        return self._book.record_of(uow, request, self._clock.now())

    def decide_signed_on(self, number: int, deed: str, seen: str, actor: Actor, name: str) -> str:
        """`action_approve` or `action_reject` by somebody for whom single sign-on vouches, who had
        the hash `seen` before the eyes; gives why it is not done, "" when it is."""
        with self._units.begin() as uow:
            request = uow.actions.hold(number)
            if request is None or deed not in (_APPROVE, _REJECT):
                return "there is no such thing to decide"
            now = self._clock.now()
            at = Destination(request.team_id, request.channel, request.thread)
            button = ActionButton(
                token="",
                team_id=request.team_id,
                action=deed,
                request_id=number,
                digest=seen,
                content={},
                created_at=now,
            )
            who = self._book.who(uow, actor, request.team_id, now, signed_on=True)
            press = ActionPress(actor=actor, token="", reply_to=at, name=name)
            pressed = _Pressed(
                self._book, self._requests, uow, press, button, request, who, via=SIGN_ON
            )
            pressed.deal(now)
        return pressed.refused

    def withdraw_by_token(
        self, uow: UnitOfWork, request: ActionRequest, actor: Actor, name: str, now: datetime
    ) -> str:
        """Withdrawn by a program of whoever asked for it; gives why it is not, "" when it is.
        `request` is held by `uow`. Nothing else is ever done by a token."""
        at = Destination(request.team_id, request.channel, request.thread)
        button = ActionButton(
            token="",
            team_id=request.team_id,
            action="action_withdraw",
            request_id=request.id,
            digest=request.digest,
            content={},
            created_at=now,
        )
        who = self._book.who(uow, actor, request.team_id, now)
        press = ActionPress(actor=actor, token="", reply_to=at, name=name)
        pressed = _Pressed(self._book, self._requests, uow, press, button, request, who, via=TOKEN)
        pressed.deal(now)
        return pressed.refused


@dataclass(slots=True)
class _Pressed:
    """One press, inside its transaction."""

    book: ActionBook
    requests: Requests
    uow: UnitOfWork
    press: ActionPress
    button: ActionButton
    request: ActionRequest
    who: Principal
    via: str = CHAT
    refused: str = ""

    def deal(self, now: datetime) -> None:
        if not self.who.role.includes(Role.RESPONDER):
            self._refuse(Why.GUEST.said, now)
            return
        match self.button.action:
            case "action_approve":
                self._approve(now)
            case "action_reject":
                self._reject(now)
            case "action_changes":
                self._ask_for_changes(now)
            case "action_change" | "action_glass":
                self._refuse("it is changed in the form that its button opens", now)
            case "action_withdraw":
                self._withdraw(now)
            case "action_cancel":
                self._cancel(now)
            case "action_rollback":
                self._roll_back(now)
            case "action_worked":
                self._vouch(RequestState.SUCCEEDED, "says that it worked", now)
            case _:
                self._vouch(RequestState.FAILED, "says that it did not work", now)

    def _approve(self, now: datetime) -> None:
        request = self.request
        template = self.book.template_of(request.frozen)
        waits = request.state is RequestState.AWAITING_APPROVAL
        if template is None and waits:
            self._to(RequestState.DENIED, "action.denied", now, note=_CHANGED)
            return
        if template is None or not waits:
            self._refuse(_DECIDED.get(request.state, "it is decided already"), now)
            return
        asked = self._asked(template, now)
        said = decide(self.who, asked, self.book.approved(self.uow, request, now), now)
        if isinstance(said, Deny):
            if said.why is Why.EXPIRED:
                self._to(RequestState.EXPIRED, "action.expired", now)
            link = self.book.link(request) if said.why is Why.CONSOLE else ""
            self._refuse(said.why.said, now, link)
            return
        if not self._say("approved", now):
            self._refuse(Why.TWICE.said, now)
            return
        if isinstance(said, Allow):
            self._to(RequestState.APPROVED, "action.approved", now)
            return
        via = {"via": self.via}
        note(self.uow, request, actor=self.who.key, action="action.approval", now=now, data=via)
        self.book.show(self.uow, request, now)

    def _asked(self, template: ActionTemplate, now: datetime) -> Asked:
        request = self.request
        return self.book.asked(
            self.uow,
            Deed.APPROVE,
            template,
            request.frozen,
            self.book.in_groups(
                self.uow, self.book.principal_of_key(request.requested_by, request.team_id), now
            ),
            now,
            number=request.id,
            seen=self.button.digest,
            channel=request.channel_key,
            expires_at=request.expires_at,
        )

    def _reject(self, now: datetime) -> None:
        if self._may_turn_down(now):
            self._say("rejected", now)
            self._turn_down(RequestState.REJECTED, "rejected by", now)

    def _ask_for_changes(self, now: datetime) -> None:
        """It will not run as it is; approvals of it count for nothing that is asked for next."""
        if self._may_turn_down(now):
            self._turn_down(RequestState.CHANGES_ASKED, "changes are asked for by", now)

    def _may_turn_down(self, now: datetime) -> bool:
        if self.request.state is not RequestState.AWAITING_APPROVAL:
            self._refuse(_DECIDED.get(self.request.state, "it is decided already"), now)
        elif not self._may_decide():
            self._refuse(Why.APPROVER.said, now)
        else:
            return True
        return False

    def _turn_down(self, state: RequestState, words: str, now: datetime) -> None:
        reason = self.press.reason.strip()[:LONGEST_REASON]
        told = f"{words} {self._user()}{f': {reason}' if reason else ''}"
        action = f"action.{state.value}"
        if self._to(state, action, now, note=told, data={"reason": reason}):
            text = f"{self.request.key} ({self.request.frozen.title}): {told}"
            tell_requester(self.uow, self.request, text, now)

    def _withdraw(self, now: datetime) -> None:
        mine = self.book.same.person_of_key(self.request.requested_by) == self.who.person
        if self.request.state not in BEFORE_RUN or self.request.holder is not None:
            self._refuse(_DECIDED.get(self.request.state, "it is decided already"), now)
        elif not mine:
            self._refuse("only whoever asked for it withdraws it; an approver rejects it", now)
        else:
            self._to(RequestState.WITHDRAWN, "action.withdrawn", now)

    def _cancel(self, now: datetime) -> None:
        """Everybody with a role may stop what runs."""
        if not self.uow.actions.ask_to_cancel(self.request.id):
            self._refuse("it does not run any more", now)
            return
        note(self.uow, self.request, actor=self.who.key, action="action.cancel_asked", now=now)

    def _roll_back(self, now: datetime) -> None:
        """A rollback is a request like any other: who presses asks for it, others approve it."""
        undo = self.request.frozen.undo
        if undo is None:
            self._refuse("it has no rollback", now)
            return
        number = self.request.incident_id
        wish = Wish(
            by=self.who,
            at=Destination(self.request.team_id, self.request.channel, self.request.thread),
            template_id=undo.template_id,
            values=undo.parameters,
            incident=self.uow.incidents.get(number) if number is not None else None,
            reason=f"rolls back {self.request.key}",
            rollback_of=self.request.id,
        )
        answer = self.requests.make_within(self.uow, wish, now)
        if answer.request is None:
            problems = "; ".join(answer.problems.values())
            self._tell(answer.refused or f"the rollback cannot be filled in: {problems}", now)

    def _vouch(self, to: RequestState, said: str, now: datetime) -> None:
        if self.request.state is not RequestState.UNKNOWN:
            self._refuse("it is known by now what became of it", now)
        elif not self._may_decide():
            self._refuse("only somebody who may approve it says what became of it", now)
        else:
            self._to(to, "action.vouched", now, note=f"{self._user()} {said}")

    def _may_decide(self) -> bool:
        template = self.book.catalogue.templates.get(self.request.frozen.template_id)
        if template is None:
            return may(self.who, _LEADS)
        return may(self.who, template.may_approve, template.risk)

    def _say(self, word: str, now: datetime) -> bool:
        return self.uow.actions.approve(
            Approval(
                request_id=self.request.id,
                actor=self.press.actor.key,
                person=self.who.person,
                role=self.who.role,
                word=word,
                digest=self.button.digest,
                at=now,
                via=self.via,
            )
        )

    def _to(
        self,
        state: RequestState,
        action: str,
        now: datetime,
        note: str = "",
        data: Mapping[str, Any] | None = None,
    ) -> bool:
        moved = change(
            self.uow,
            self.request,
            state,
            actor=self.who.key,
            action=action,
            now=now,
            data={**(data or {}), **({"via": self.via} if self.via != CHAT else {})},
            note=note,
            phase=Phase.NONE,
        )
        if moved is None:
            self._refuse("somebody was faster", now)
            return False
        self.request = moved
        self.book.show(self.uow, moved, now)
        return True

    def _refuse(self, reason: str, now: datetime, link: str = "") -> None:
        note(
            self.uow,
            self.request,
            actor=self.who.key,
            action="action.denied",
            now=now,
            data={"deed": self.button.action, "reason": reason},
        )
        self._tell(reason, now, link)

    def _tell(self, reason: str, now: datetime, link: str = "") -> None:
        """One notice a person, request and reason in the message's thread, however often the
        button is pressed; none where it is told in line, or on the console's page."""
        self.refused = reason
        if self.press.in_line or self.via != CHAT:
            return
        key = f"action-told:{self.request.key}:{self.who.key}:{self.button.action}:{reason}"[:300]
        text = f"{self._user()}: {self.request.key} stays as it is, because {reason}."
        message: Notice | Board = Notice(text=text)
        if link:
            lines = (BoardLine(text=f"Open {self.request.key} in the console", url=link),)
            title = f"{self.request.key} is approved in the console"
            message = Board(title=title, parts=(BoardPart(lines=lines),), note=text)
        self.uow.outbox.put(key, self.press.reply_to, message, now)

    def _user(self) -> str:
        return self.press.name or f"@{self.press.actor.user_id}"
