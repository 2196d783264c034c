"""The policy does what docs/security.md says: its table, read here, is the reference."""

import random
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.actions.catalogue import Freeze
from bot.actions.policy import (
    Allow,
    Approved,
    Asked,
    Decision,
    Deed,
    Deny,
    NeedsApprovals,
    Principal,
    Why,
    decide,
    is_frozen,
    is_open,
    may,
)
from bot.actions.template import ActionTemplate, Limits, People, Risk, Window
from bot.people.model import Role
from bot.strict_yaml import parse
from tests.support.actions import TOUCH

PAGE = Path(__file__).parents[3] / "docs" / "security.md"
NOW = datetime(2026, 11, 19, 3, 12, tzinfo=UTC)  # a Thursday
TEMPLATE = ActionTemplate.model_validate(parse(TOUCH, "t").content)


class Case:
    """One random situation; the table's words are tried on it."""

    def __init__(self, actor: Principal, asked: Asked, approvals: Sequence[Approved]) -> None:
        self.actor, self.asked, self.approvals = actor, asked, approvals

    def counted(self) -> set[str]:
        template, asked = self.asked.template, self.asked
        people = set()
        for one in self.approvals:
            same = one.digest == asked.digest and not one.is_break_glass
            own = template.four_eyes and one.by.person == asked.requester.person
            place = one.by.signed_on if asked.in_console else True
            known = one.by.is_linked
            may_say = holds(one.by, template.may_approve, template.risk)
            if same and may_say and place and known and not own:
                people.add(one.by.person)
        return people | ({self.actor.person} if asked.deed is Deed.APPROVE else set())


def holds(who: Principal, people: People, risk: Risk) -> bool:
    """A right, said again in another way than the code says it."""
    ranks = {"guest": 0, "responder": 1, "lead": 2, "admin": 3}
    if ranks[who.role.value] == 0:
        return False
    if who.key in people.people:
        return True
    rank = ranks[who.role.value]
    if risk.value in ("read", "low"):
        rank = max(rank, ranks[who.group_role.value])
    return people.role is not None and rank >= ranks[people.role.value]


WHEN: dict[str, Callable[[Case], bool]] = {
    "all actions are stopped": lambda c: c.asked.is_stopped,
    "the actor is a guest or of another organisation": lambda c: c.actor.role is Role.GUEST,
    "the place is shared with another organisation": lambda c: c.asked.is_shared,
    "something has decided it already": lambda c: not c.asked.waits,
    "it has expired": lambda c: c.asked.expires_at is not None and c.asked.expires_at <= NOW,
    "the environment is not one of the template's": lambda c: (
        bool(c.asked.template.environments)
        and c.asked.environment not in ("prod/eu-1", "prod/us-1")
    ),
    "the channel is not one of the template's": lambda c: (
        bool(c.asked.template.channels) and c.asked.channel not in c.asked.template.channels
    ),
    "a freeze is on and the template does not ignore it": lambda c: (
        bool(c.asked.freezes) and not c.asked.template.ignores_freeze
    ),
    "no window of the template is open": lambda c: c.asked.template.windows == CLOSED,
    "it has more targets than it may": lambda c: c.asked.targets > c.asked.template.most_targets,
    "the hash that was seen is another one": lambda c: c.asked.seen != c.asked.digest,
    "the actor may not approve": lambda c: (
        not holds(c.actor, c.asked.template.may_approve, c.asked.template.risk)
    ),
    "the actor is who asked, and four eyes are wanted": lambda c: (
        c.asked.template.four_eyes and c.actor.person == c.asked.requester.person
    ),
    "the actor has approved this hash before": lambda c: any(
        a.by.person == c.actor.person and a.digest == c.asked.digest and not a.is_break_glass
        for a in c.approvals
    ),
    "the actor does not hold the right to break the glass": lambda c: not c.actor.may_break_glass,
    "no reason of ten characters is given": lambda c: len(c.asked.reason.strip()) < 10,
    "it is approved in the console alone, and the actor is not signed on there": lambda c: (
        c.asked.in_console and not c.actor.signed_on
    ),
    "it is not known who the actor is in the chat": lambda c: not c.actor.is_linked,
    "the glass is broken over this hash": lambda c: (
        c.asked.deed is Deed.BREAK_GLASS
        or any(
            a.is_break_glass
            and a.digest == c.asked.digest
            and a.by.may_break_glass
            and a.by.role is not Role.GUEST
            for a in c.approvals
        )
    ),
    "who asked may not ask": lambda c: (
        not holds(c.asked.requester, c.asked.template.may_request, c.asked.template.risk)
    ),
    "it is cooling down": lambda c: (
        c.asked.last_run_at is not None and (NOW - c.asked.last_run_at) < c.asked.template.cool_down
    ),
    "it ran as often as it may in an hour": lambda c: (
        c.asked.runs_in_hour >= c.asked.template.limits.per_hour
    ),
    "approvals are missing": lambda c: len(c.counted()) < c.asked.template.approvals,
    "always": lambda c: True,
}

OPEN = (Window(days=("thu",), start="03:00", end="04:00"),)
CLOSED = (Window(days=("fri",), start="03:00", end="04:00"),)
FREEZE = (Freeze(name="f", start=NOW - timedelta(hours=1), end=NOW + timedelta(hours=1)),)


def table() -> list[tuple[str, str, str]]:
    text = PAGE.read_text(encoding="utf-8")
    found = re.search(r"<!-- decisions -->\n(.*?)<!-- /decisions -->", text, re.DOTALL)
    assert found is not None
    rows = [line.strip("|").split("|") for line in found[1].splitlines()[2:]]
    return [(deed.strip(), when.strip(), said.strip()) for deed, when, said in rows]


def reference(case: Case, rows: Sequence[tuple[str, str, str]]) -> Decision:
    """What the table says: the first row that fits."""
    for deeds, when, said in rows:
        if deeds != "any" and case.asked.deed.value not in deeds.split(", "):
            continue
        if not WHEN[when](case):
            continue
        if said == "allow":
            return Allow()
        if said == "needs approvals":
            return NeedsApprovals(case.asked.template.approvals - len(case.counted()))
        match = re.fullmatch(r"deny `(\w+)`", said)
        assert match is not None
        return Deny(Why(match[1]))
    raise AssertionError("no row fits: the table is not total")


def a_case(chance: random.Random) -> Case:
    """Mostly in order, so that the later rows are reached as well."""

    def seldom(share: float = 0.06) -> bool:
        return chance.random() < share

    people = [
        Principal(
            key=f"T1/U{n}",
            person=f"P{min(n, 4)}",
            role=chance.choice(list(Role)[1:]),
            group_role=chance.choice([Role.GUEST, Role.GUEST, Role.LEAD]),
            signed_on=chance.random() < 0.6,
            is_linked=not seldom(),
            may_break_glass=chance.random() < 0.5,
        )
        for n in range(6)
    ]
    guest = Principal(key="T2/U9", person="P9", role=Role.GUEST)
    actor = guest if seldom() else chance.choice(people)
    template = TEMPLATE.model_copy(
        update={
            "risk": chance.choice(list(Risk)),
            "environments": chance.choice([(), ("prod/*",)]),
            "channels": chance.choice([(), ("T1/C1",), ("T1/C1", "T1/C2")]),
            "ignores_freeze": chance.random() < 0.5,
            "windows": chance.choice([(), OPEN, OPEN, CLOSED if seldom(0.3) else OPEN]),
            "most_targets": chance.randint(1, 3),
            "may_request": some_people(chance),
            "may_approve": some_people(chance),
            "approvals": chance.randint(0, 3),
            "four_eyes": chance.random() < 0.7,
            "cool_down": timedelta(minutes=chance.choice([0, 10])),
            "limits": Limits(per_hour=chance.choice([1, 5])),
        }
    )
    asked = Asked(
        deed=chance.choice(list(Deed)),
        template=template,
        requester=chance.choice(people),
        digest="d",
        seen="other" if seldom() else "d",
        targets=chance.randint(0, 3) if seldom(0.3) else 1,
        environment=chance.choice([None, "staging"]) if seldom(0.1) else "prod/eu-1",
        channel="T1/C9" if seldom() else "T1/C1",
        in_console=chance.random() < 0.3,
        reason=chance.choice(["", "   short    ", "the shop is down", "the shop is down"]),
        is_shared=seldom(0.03),
        is_stopped=seldom(0.03),
        waits=not seldom(0.03),
        expires_at=chance.choice([None, NOW + timedelta(minutes=1), NOW if seldom(0.2) else None]),
        freezes=FREEZE if seldom(0.15) else (),
        last_run_at=chance.choice([None, NOW - timedelta(minutes=chance.choice([3, 10, 30]))]),
        runs_in_hour=chance.choice([0, 0, 0, 1, 7]),
    )
    approvals = [
        Approved(
            by=chance.choice([*people, guest]),
            digest="old" if seldom(0.2) else "d",
            is_break_glass=seldom(0.05),
        )
        for _ in range(chance.randint(0, 4))
    ]
    return Case(actor, asked, approvals)


def some_people(chance: random.Random) -> People:
    role = chance.choice([None, Role.RESPONDER, Role.LEAD, Role.ADMIN])
    named = tuple(f"T1/U{n}" for n in range(6) if chance.random() < 0.2)
    return People(role=role or (None if named else Role.LEAD), people=named)


def compare(cases: int, seed: int) -> set[str]:
    rows, chance, met = table(), random.Random(seed), set()
    for _ in range(cases):
        case = a_case(chance)
        said = decide(case.actor, case.asked, case.approvals, NOW)
        assert said == reference(case, rows), (case.actor, case.asked, case.approvals)
        met.add(said.why.value if isinstance(said, Deny) else type(said).__name__)
    return met


def test_the_policy_is_the_table() -> None:
    met = compare(2_000, seed=1)
    assert met == {*(why.value for why in Why), "Allow", "NeedsApprovals"}, "a row was not met"


@pytest.mark.soak
def test_the_policy_is_the_table_in_a_hundred_thousand_cases() -> None:
    compare(100_000, seed=2)


def test_the_table_names_every_reason_once() -> None:
    named = re.findall(r"deny `(\w+)`", "\n".join(said for _, _, said in table()))
    assert sorted(named) == sorted(why.value for why in Why)
    assert {when for _, when, _ in table()} == set(WHEN)


@pytest.mark.parametrize(
    ("window", "at", "expected"),
    [
        (Window(days=("thu",)), NOW, True),
        (Window(days=("wed",)), NOW, False),
        (Window(days=("wed",), start="22:00", end="06:00"), NOW, True),
        (Window(days=("thu",), start="22:00", end="06:00"), NOW, False),
        (Window(days=("thu",), start="03:12", end="03:13"), NOW, True),
        (Window(days=("thu",), start="03:00", end="03:12"), NOW, False),
        (Window(days=("wed",), time_zone="America/New_York"), NOW, True),
    ],
)
def test_windows_over_midnight_and_in_time_zones(
    window: Window, at: datetime, expected: bool
) -> None:
    assert is_open(window, at) is expected


def test_a_freeze_concerns_its_environments_and_what_is_unknown() -> None:
    freeze = (FREEZE[0].model_copy(update={"environments": ("prod/*",)}),)
    assert is_frozen(freeze, "prod/eu-1", NOW)
    assert is_frozen(freeze, None, NOW)
    assert not is_frozen(freeze, "staging", NOW)
    assert not is_frozen(freeze, "prod/eu-1", NOW + timedelta(hours=1))


def test_a_guest_holds_no_right_even_by_name() -> None:
    guest = Principal(key="T1/U1", person="P", role=Role.GUEST)
    assert not may(guest, People(people=("T1/U1",)))
    in_group = replace(guest, group_role=Role.LEAD, may_break_glass=True)
    assert not may(in_group, People(role=Role.LEAD), Risk.LOW)
    assert may(replace(guest, role=Role.RESPONDER), People(people=("T1/U1",)))


@pytest.mark.parametrize(("risk", "counts"), [("read", True), ("low", True), ("high", False)])
def test_a_user_group_makes_a_lead_for_low_risk_alone(risk: str, counts: bool) -> None:
    who = Principal(key="T1/U1", person="P", role=Role.RESPONDER, group_role=Role.LEAD)
    assert may(who, People(role=Role.LEAD), Risk(risk)) is counts
    assert not may(who, People(role=Role.ADMIN), Risk(risk))
