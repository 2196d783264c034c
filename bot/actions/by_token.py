"""Asking for an action by a program: in the name of the person whose token it holds, by the same
path and policy as `/recall act`. A token asks, looks and withdraws. It never approves."""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from bot.actions.book import actor_of, note
from bot.actions.model import TOKEN, ActionRequest
from bot.actions.policy import Why
from bot.actions.presses import ActionButtons
from bot.actions.requests import Answer, Requests, Wish
from bot.channels.ports import Rooms
from bot.chat.ports import Destination
from bot.errors import ChatRefused
from bot.incidents.model import Incident
from bot.people.model import Actor, Role
from bot.people.tokens import PersonalToken
from bot.uow import UnitOfWork

NEVER = (
    "a token never decides: approving, rejecting, asking for changes and breaking the glass take "
    "a person, in the chat or signed in at the console"
)
_NO_CHAT = "no channel is set for it (RECALL_SLACK_CHANNEL), and no incident with a card is named"
_NOWHERE = "its message can be said nowhere: {why}"
_UNLINKED = (
    "nobody knows who you are in this workspace; RECALL_SAME_PEOPLE or RECALL_OIDC_ACTOR_CLAIM "
    "says so"
)
_UNKNOWN = (
    "the chat does not say whether you are a member (still); Recall's app needs the scope "
    "users:read for it"
)

IsMember = Callable[[Actor], bool | None]
"""Whether somebody is a full member of the workspace right now; None where the chat refuses to
tell. May raise ChatUnavailable."""


class Came(StrEnum):
    """What came of it. REFUSED is by the policy or the state of things, DENIED to somebody who may
    not do it in any state. REPEATED is a request that was made before under the same key, REUSED a
    key that was used for something else, VOID a token that counts no more."""

    MADE = "made"
    REPEATED = "repeated"
    SHOWN = "shown"
    DONE = "done"
    INVALID = "invalid"
    REFUSED = "refused"
    DENIED = "denied"
    REUSED = "reused"
    ABSENT = "absent"
    VOID = "void"


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenWish:
    """What a program asks for. `incident` is a key such as RCL-12, "" for none; `channel` one of
    the template's own, "" for the incident's, else the one for cards. `seen` is the hash that was
    shown before; something else is then not asked for. `key` is its Idempotency-Key, "" for none;
    with `only_preview` nothing is asked for."""

    token_id: int
    template: str
    values: Mapping[str, str]
    incident: str = ""
    channel: str = ""
    reason: str = ""
    seen: str = ""
    key: str = ""
    only_preview: bool = False

    @property
    def fingerprint(self) -> str:
        """SHA-256 hex of what is asked for, whoever asks and under whatever key."""
        parts = [self.template, dict(self.values), self.incident, self.channel, self.reason]
        text = json.dumps([*parts, self.seen], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """`number` is the request's; `problems` are by parameter (`incident` and `channel` among
    them), `refused` why it is not done; `shown` is what would run."""

    came: Came
    number: int = 0
    problems: Mapping[str, str] = field(default_factory=dict)
    refused: str = ""
    shown: Mapping[str, Any] = field(default_factory=dict)


class ByToken:
    """The use case behind `POST /v1/actions/requests`, and `recall actions ask`."""

    def __init__(self, requests: Requests, rooms: Rooms, is_member: IsMember) -> None:
        self._requests = requests
        self._units = requests.units
        self._book = requests.book
        self._clock = requests.clock
        self._rooms = rooms
        self._is_member = is_member
        self._buttons = ActionButtons(requests.units, requests.book, requests.clock)

    def look(self, token_id: int) -> Outcome:
        """Whether the token's person may look: VOID or REFUSED where not, else DONE."""
        with self._units.read() as uow:
            token = uow.tokens.get(token_id)
        if token is None or token.why_not(self._clock.now()):
            return _void(token, self._clock.now())
        try:
            default = self._rooms.default()
        except ChatRefused:
            default = None
        home = default.to.team_id if default is not None else token.actor.team_id
        who = self._standing(token, home)
        if isinstance(who, str):
            return Outcome(came=Came.REFUSED, refused=who)
        if not who:
            return Outcome(came=Came.REFUSED, refused=Why.GUEST.said)
        return Outcome(came=Came.DONE)

    def ask(self, asked: TokenWish) -> Outcome:
        """Ask for it, or with `only_preview` show what would run. May raise ChatUnavailable."""
        with self._units.read() as uow:
            token = uow.tokens.get(asked.token_id)
            incident = uow.incidents.get_by_key(asked.incident) if asked.incident else None
            placed = uow.placements.of(incident.id) if incident is not None else None
        if token is None or token.why_not(self._clock.now()):
            return _void(token, self._clock.now())
        # One that not everyone may see behaves as if it did not exist.
        if asked.incident and (incident is None or not incident.visibility.is_everyone):
            problem = {"incident": f"there is no incident {asked.incident}"}
            return Outcome(came=Came.INVALID, problems=problem)
        card = Destination(placed.team_id, placed.channel) if placed is not None else None
        at = self._place(asked, card)
        if isinstance(at, Outcome):
            return at
        wish = self._wish(asked, token, incident, at)
        if isinstance(wish, str):
            return self._refuse(asked, token, wish)
        if asked.only_preview:
            found = _previewed(self._requests.preview(wish))
            is_denied = found.came is Came.REFUSED
            return self._refuse(asked, token, found.refused) if is_denied else found
        return self._make(asked, token, wish)

    def withdraw(self, token_id: int, number: int) -> Outcome:
        """Withdraw what the token's person asked for, by whatever way. May raise
        ChatUnavailable."""
        with self._units.read() as uow:
            owner, about = uow.tokens.get(token_id), uow.actions.get(number)
        if owner is None:
            return _void(owner, self._clock.now())
        if about is None:
            return Outcome(came=Came.ABSENT)
        # Asked before the transaction: it may wait for the chat.
        standing = self._standing(owner, about.team_id)
        with self._units.begin() as uow:
            now = self._clock.now()
            token = uow.tokens.get(token_id)
            if token is None or token.why_not(now):
                return _void(token, now)
            request = uow.actions.hold(number)
            if request is None or not _may_see(uow, request):
                return Outcome(came=Came.ABSENT)
            if standing is not True:
                why = standing or Why.GUEST.said
                return _denied(uow, token, request, "withdraw", why, now)
            actor = self._in_chat(token, request.team_id)
            assert actor is not None  # or the standing would say so
            refused = self._buttons.withdraw_by_token(uow, request, actor, token.name, now)
            _used(uow, token, "withdraw", request.key, now)
        if refused:
            return Outcome(came=Came.REFUSED, number=number, refused=refused)
        return Outcome(came=Came.DONE, number=number)

    def refuse_deed(self, token_id: int, number: int, deed: str) -> Outcome:
        """What a token never does; that it was tried is on the record."""
        with self._units.begin() as uow:
            now = self._clock.now()
            token = uow.tokens.get(token_id)
            if token is None or token.why_not(now):
                return _void(token, now)
            request = uow.actions.get(number)
            if request is None or not _may_see(uow, request):
                return Outcome(came=Came.ABSENT)
            return _denied(uow, token, request, deed, NEVER, now)

    def _in_chat(self, token: PersonalToken, home: str) -> Actor | None:
        key = self._book.same.key_in(home, token.actor.key)
        return actor_of(key) if key is not None else None

    def _place(self, asked: TokenWish, card: Destination | None) -> Destination | Outcome:
        """Where its message goes: nowhere that the team has not named itself."""
        if asked.channel:
            template = self._book.catalogue.templates.get(asked.template)
            if template is None or asked.channel not in template.channels:
                problem = {"channel": "it is none of the channels that the template names"}
                return Outcome(came=Came.INVALID, problems=problem)
            team_id, _, channel = asked.channel.partition("/")
            return Destination(team_id, channel)
        if card is not None:
            return card
        try:
            room = self._rooms.default()
        except ChatRefused as error:
            return Outcome(came=Came.REFUSED, refused=_NOWHERE.format(why=error))
        if room is None:
            return Outcome(came=Came.INVALID, problems={"incident": _NO_CHAT})
        return room.to

    def _standing(self, token: PersonalToken, home: str) -> str | bool:
        """Whether the token's person is a full member there; a text where nobody can say."""
        actor = self._in_chat(token, home)
        if actor is None:
            return _UNLINKED
        found = self._is_member(actor)
        return _UNKNOWN if found is None else found

    def _wish(
        self,
        asked: TokenWish,
        token: PersonalToken,
        incident: Incident | None,
        at: Destination,
    ) -> Wish | str:
        is_member = self._standing(token, at.team_id)
        if isinstance(is_member, str):
            return is_member
        try:
            is_shared = self._rooms.of(at.team_id, at.channel).is_shared
        except ChatRefused as error:
            return _NOWHERE.format(why=error)
        actor = self._in_chat(token, at.team_id)
        assert actor is not None  # or the standing would say so
        by = self._book.principal(actor, at.team_id)
        # Whoever left the workspace holds no role, whatever the settings still name.
        by = by if is_member else replace(by, role=Role.GUEST)
        return Wish(
            by=by,
            at=at,
            template_id=asked.template,
            values=asked.values,
            incident=incident,
            is_shared=is_shared,
            reason=asked.reason,
            via=TOKEN,
            by_token=token.key,
        )

    def _make(self, asked: TokenWish, token: PersonalToken, wish: Wish) -> Outcome:
        now = self._clock.now()
        owner = wish.by.key
        with self._units.begin() as uow:
            current = uow.tokens.get(token.id)
            if current is None or current.why_not(now):
                return _void(current, now)
            if asked.key:
                before = uow.asked_keys.claim(owner, asked.key, asked.fingerprint, now)
                if before is not None and before.fingerprint != asked.fingerprint:
                    return Outcome(came=Came.REUSED, number=before.request_id)
                if before is not None:
                    uow.tokens.used(token.id, now)
                    return Outcome(came=Came.REPEATED, number=before.request_id)
            answer = self._requests.make_within(uow, wish, now, seen=asked.seen or None)
            made = answer.request
            if asked.key and made is None:
                uow.asked_keys.release(owner, asked.key)
            elif asked.key and made is not None:
                uow.asked_keys.settle(owner, asked.key, made.id)
            _used(uow, token, "request", made.key if made is not None else asked.template, now)
        if made is None:
            return _not_made(answer)
        return Outcome(came=Came.MADE, number=made.id, shown=_shown(answer))

    def _refuse(self, asked: TokenWish, token: PersonalToken, reason: str) -> Outcome:
        """A denial without a request: of a preview, or before it is known who somebody is."""
        now = self._clock.now()
        with self._units.begin() as uow:
            uow.audit.append(
                at=now,
                actor=token.actor.key,
                action="action.denied",
                subject=asked.template[:60],
                data={"deed": "request", "reason": reason, "via": TOKEN, "token": token.key},
            )
            _used(uow, token, "request", asked.template, now)
        return Outcome(came=Came.REFUSED, refused=reason)


def _used(uow: UnitOfWork, token: PersonalToken, deed: str, what: str, now: datetime) -> None:
    uow.tokens.used(token.id, now)
    uow.audit.append(
        at=now,
        actor=token.actor.key,
        action="token.used",
        subject=token.key,
        data={"deed": deed, "what": what[:60], "label": token.label},
    )


def _denied(
    uow: UnitOfWork,
    token: PersonalToken,
    request: ActionRequest,
    deed: str,
    reason: str,
    now: datetime,
) -> Outcome:
    data = {"deed": deed, "reason": reason, "via": TOKEN, "token": token.key}
    note(uow, request, actor=token.actor.key, action="action.denied", now=now, data=data)
    _used(uow, token, deed, request.key, now)
    return Outcome(came=Came.DENIED, number=request.id, refused=reason)


def _void(token: PersonalToken | None, now: datetime) -> Outcome:
    why = token.why_not(now) if token is not None else "it is not known any more"
    return Outcome(came=Came.VOID, refused=why)


def _may_see(uow: UnitOfWork, request: ActionRequest) -> bool:
    """A request about an incident is as visible as that."""
    if request.incident_id is None:
        return True
    incident = uow.incidents.get(request.incident_id)
    return incident is not None and incident.visibility.is_everyone


def _previewed(answer: Answer) -> Outcome:
    if answer.frozen is None:
        return _not_made(answer)
    return Outcome(came=Came.SHOWN, shown=_shown(answer))


def _not_made(answer: Answer) -> Outcome:
    if answer.problems:
        return Outcome(came=Came.INVALID, problems=dict(answer.problems))
    return Outcome(came=Came.REFUSED, refused=answer.refused)


def _shown(answer: Answer) -> dict[str, Any]:
    """What would run, as whoever asks has to see it, and what the policy says to it."""
    frozen = answer.frozen
    assert frozen is not None
    reasons = []
    if frozen.dry_run is not None:
        reasons.append("its dry run is made first, and shown to whoever approves")
    if answer.missing:
        many = "approvals" if answer.missing > 1 else "approval"
        reasons.append(f"it needs {answer.missing} {many}")
    else:
        reasons.append("it needs no approval")
    return {
        "rendered": frozen.step.shown,
        "digest": frozen.digest,
        "targets": list(frozen.targets),
        "risk": frozen.risk.value,
        "missing": answer.missing,
        "reasons": reasons,
        "record": answer.record,
    }
