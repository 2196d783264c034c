"""Who may have what run: `decide` is pure and total, and says why.

The rules stand as a table in docs/security.md, first row that fits; the property test takes its
reference from that table and not from here.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import StrEnum
from fnmatch import fnmatchcase
from zoneinfo import ZoneInfo

from bot.actions.catalogue import Freeze
from bot.actions.template import ActionTemplate, People, Risk, Window
from bot.people.model import Role

GROUP_RISKS = (Risk.READ, Risk.LOW)
"""Where a role that a user group gives counts: whoever edits the group gives no more than that."""
SHORTEST_REASON = 10
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class Deed(StrEnum):
    """What somebody is about to do. BREAK_GLASS stands in for the approvals that are missing, RUN
    is the runner's own last look before it starts."""

    REQUEST = "request"
    APPROVE = "approve"
    BREAK_GLASS = "break_glass"
    RUN = "run"


class Why(StrEnum):
    """The reasons for which it is denied, one a row of the table."""

    STOPPED = "stopped"
    GUEST = "guest"
    SHARED = "shared"
    OVER = "over"
    EXPIRED = "expired"
    ENVIRONMENT = "environment"
    CHANNEL = "channel"
    FROZEN = "frozen"
    WINDOW = "window"
    TARGETS = "targets"
    REQUESTER = "requester"
    COOL_DOWN = "cool_down"
    PER_HOUR = "per_hour"
    HASH = "hash"
    NO_RIGHT = "no_right"
    NO_REASON = "no_reason"
    CONSOLE = "console"
    UNLINKED = "unlinked"
    APPROVER = "approver"
    FOUR_EYES = "four_eyes"
    TWICE = "twice"

    @property
    def said(self) -> str:
        return _SAID[self]


_SAID = {
    Why.STOPPED: "all actions are stopped; an admin resumes them with /recall actions resume",
    Why.GUEST: "guests and people of other organisations hold no role here",
    Why.SHARED: "this channel is shared with another organisation",
    Why.OVER: "it is decided already",
    Why.EXPIRED: "it has expired; ask for it again",
    Why.ENVIRONMENT: "it is not allowed in this environment",
    Why.CHANNEL: "it is not allowed in this channel",
    Why.FROZEN: "a change freeze is on",
    Why.WINDOW: "it is not allowed at this time of the week",
    Why.TARGETS: "it would touch more targets than it may",
    Why.REQUESTER: "you may not ask for it",
    Why.COOL_DOWN: "it ran on the same target a short while ago",
    Why.PER_HOUR: "it has run as often as it may within an hour",
    Why.HASH: "what you saw is not what would run now; look at the newest message",
    Why.NO_RIGHT: "you do not hold the right to break the glass (RECALL_BREAK_GLASS)",
    Why.NO_REASON: "breaking the glass needs a reason of at least ten characters",
    Why.CONSOLE: "it has to be approved in the console, signed in by single sign-on",
    Why.UNLINKED: "nobody knows who you are in the chat, so you may be whoever asked for it",
    Why.APPROVER: "you may not approve it",
    Why.FOUR_EYES: "whoever asked for it cannot approve it; a second person has to",
    Why.TWICE: "you have approved it already",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """Who acts. `person` is the same for all identities of one human being; without `is_linked`
    it is not known who that is in the chat. `group_role` is what user groups make of somebody,
    `signed_on` whether single sign-on vouches for who it is."""

    key: str
    person: str
    role: Role
    group_role: Role = Role.GUEST
    signed_on: bool = False
    is_linked: bool = True
    may_break_glass: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Approved:
    """An approval that was given, by whom, and of which hash; or the glass that was broken."""

    by: Principal
    digest: str
    is_break_glass: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request as the policy sees it. `waits` is whether nothing has decided it yet (true for
    one that is just being made); `seen` the hash that the actor had before the eyes;
    `in_console` whether approvals count only from there; `reason` is for breaking the glass."""

    deed: Deed
    template: ActionTemplate
    requester: Principal
    digest: str
    seen: str
    targets: int
    environment: str | None
    channel: str
    in_console: bool = False
    reason: str = ""
    is_shared: bool = False
    is_stopped: bool = False
    waits: bool = True
    expires_at: datetime | None = None
    freezes: Sequence[Freeze] = ()
    last_run_at: datetime | None = None
    runs_in_hour: int = 0


@dataclass(frozen=True, slots=True)
class Allow:
    """Nothing is missing."""


@dataclass(frozen=True, slots=True)
class Deny:
    why: Why


@dataclass(frozen=True, slots=True)
class NeedsApprovals:
    """So many more, each by another person."""

    missing: int


Decision = Allow | Deny | NeedsApprovals


def decide(
    actor: Principal, request: Asked, approvals: Sequence[Approved], now: datetime
) -> Decision:
    """Whether `actor` may do `request.deed` now; after an approval, whether that is enough."""
    why = _why_not(actor, request, approvals, now)
    if why is not None:
        return Deny(why)
    if request.deed is Deed.BREAK_GLASS or is_glass_broken(request, approvals):
        return Allow()
    counted = {one.by.person for one in approvals if _counts(one, request)}
    if request.deed is Deed.APPROVE:
        counted.add(actor.person)
    missing = request.template.approvals - len(counted)
    return NeedsApprovals(missing) if missing > 0 else Allow()


def is_glass_broken(request: Asked, approvals: Sequence[Approved]) -> bool:
    """Whether somebody who holds the right stood in for the approvals of this very hash."""
    return any(
        one.is_break_glass
        and one.digest == request.digest
        and one.by.may_break_glass
        and one.by.role.includes(Role.RESPONDER)
        for one in approvals
    )


def _counts(one: Approved, request: Asked) -> bool:
    template = request.template
    return (
        not one.is_break_glass
        and one.digest == request.digest
        and (one.by.signed_on or not request.in_console)
        and one.by.is_linked
        and may(one.by, template.may_approve, template.risk)
        and not (template.four_eyes and one.by.person == request.requester.person)
    )


def _why_not(
    actor: Principal, request: Asked, approvals: Sequence[Approved], now: datetime
) -> Why | None:
    template, deed = request.template, request.deed
    if request.is_stopped:
        return Why.STOPPED
    if not actor.role.includes(Role.RESPONDER):
        return Why.GUEST
    if request.is_shared:
        return Why.SHARED
    if not request.waits:
        return Why.OVER
    if request.expires_at is not None and now >= request.expires_at:
        return Why.EXPIRED
    if not environment_fits(template.environments, request.environment):
        return Why.ENVIRONMENT
    if template.channels and request.channel not in template.channels:
        return Why.CHANNEL
    if not template.ignores_freeze and is_frozen(request.freezes, request.environment, now):
        return Why.FROZEN
    if template.windows and not any(is_open(window, now) for window in template.windows):
        return Why.WINDOW
    if request.targets > template.most_targets:
        return Why.TARGETS
    if deed is Deed.APPROVE:
        return _why_not_approve(actor, request, approvals)
    if deed is Deed.BREAK_GLASS and (why := _why_not_break(actor, request)) is not None:
        return why
    if not may(request.requester, template.may_request, template.risk):
        return Why.REQUESTER
    last = request.last_run_at
    if last is not None and now - last < template.cool_down:
        return Why.COOL_DOWN
    if request.runs_in_hour >= template.limits.per_hour:
        return Why.PER_HOUR
    return None


def _why_not_approve(actor: Principal, request: Asked, approvals: Sequence[Approved]) -> Why | None:
    if request.seen != request.digest:
        return Why.HASH
    if request.in_console and not actor.signed_on:
        return Why.CONSOLE
    if not actor.is_linked:
        return Why.UNLINKED
    if not may(actor, request.template.may_approve, request.template.risk):
        return Why.APPROVER
    if request.template.four_eyes and actor.person == request.requester.person:
        return Why.FOUR_EYES
    given = {
        one.by.person
        for one in approvals
        if one.digest == request.digest and not one.is_break_glass
    }
    return Why.TWICE if actor.person in given else None


def _why_not_break(actor: Principal, request: Asked) -> Why | None:
    if request.seen != request.digest:
        return Why.HASH
    if not actor.may_break_glass:
        return Why.NO_RIGHT
    return Why.NO_REASON if len(request.reason.strip()) < SHORTEST_REASON else None


def may(who: Principal, people: People, risk: Risk = Risk.CRITICAL) -> bool:
    """Whether a right that `people` holds is held by `who`, over what is of that risk. Guests
    hold none, even by name."""
    if not who.role.includes(Role.RESPONDER):
        return False
    if who.key in people.people:
        return True
    held = [who.role, *([who.group_role] if risk in GROUP_RISKS else [])]
    return people.role is not None and any(role.includes(people.role) for role in held)


def environment_fits(allowed: Sequence[str], environment: str | None) -> bool:
    """`prod/*` fits prod/eu-1. With a list, an unknown environment fits nothing."""
    if not allowed:
        return True
    return environment is not None and any(
        fnmatchcase(environment.lower(), pattern.lower()) for pattern in allowed
    )


def is_frozen(freezes: Sequence[Freeze], environment: str | None, now: datetime) -> bool:
    """Whether a freeze is on for that environment; an unknown one counts as concerned."""
    return any(
        one.start <= now < one.end
        and (environment is None or environment_fits(one.environments, environment))
        for one in freezes
    )


def is_open(window: Window, now: datetime) -> bool:
    """Whether the window is open; one over midnight belongs to the day it began on, and one
    that ends when it begins is open all day."""
    local = now.astimezone(ZoneInfo(window.time_zone))
    start, end = time.fromisoformat(window.start), time.fromisoformat(window.end)
    moment = local.time()
    today = _DAYS[local.weekday()] in window.days
    yesterday = _DAYS[(local - timedelta(days=1)).weekday()] in window.days
    if start == end:
        return today
    if start < end:
        return today and start <= moment < end
    return (today and moment >= start) or (yesterday and moment < end)
