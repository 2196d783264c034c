"""Merges and splits that the bot proposes, on both databases: proposed once, done, undone."""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from bot.alerts.intake import AlertIntake
from bot.clock import ManualClock
from bot.counting import counting_ticks
from bot.drafts.curation import Curation, Editor
from bot.drafts.misplaced import MOST_A_DAY, Misplaced
from bot.drafts.model import Draft, DraftKind, DraftState
from bot.drafts.regrouping import Regroupings
from bot.errors import NotAllowed
from bot.incidents.bindings import Binding
from bot.incidents.model import Incident, IncidentState
from bot.jobs.ports import InboxItem, InboxKind
from bot.people.model import Role
from bot.services.catalogue import Catalogue
from bot.services.model import Service
from bot.settings import Settings
from bot.store.database import Database
from knowledge.errors import Unpublishable

LEAD = Editor("T1/ANN", Role.LEAD)
EVE = Editor("T1/EVE", Role.RESPONDER)
MINUTE, DAY = 60, 24 * 3_600
CATALOGUE = Catalogue(
    [
        Service(name="checkout", depends_on=("payments-api", "orders-db")),
        Service(name="payments-api"),
        Service(name="orders-db"),
        Service(name="search"),
        *(Service(name=f"shop-{n}", depends_on=(f"bank-{n}",)) for n in range(9)),
        *(Service(name=f"bank-{n}") for n in range(9)),
    ]
)
FAILS = "{} % of the requests to {} fail"


class Team:
    """Alerts come in through the real intake; the bot looks now and then."""

    def __init__(self, database: Database, clock: ManualClock) -> None:
        self.database, self.clock = database, clock
        self.misplaced = Misplaced(database, clock, CATALOGUE.depends)
        self.regroupings = Regroupings(database, clock)
        self._intake = AlertIntake(CATALOGUE, clock)
        self._sent = 0

    def fires(self, name: str, service: str, summary: str = "", status: str = "firing") -> None:
        self._sent += 1
        labels = {"service": service, "environment": "prod"}
        body = {"name": name, "status": status, "summary": summary, "labels": labels}
        item = InboxItem(
            id=f"body-{self._sent}",
            kind=InboxKind.ALERT,
            source="generic",
            body=json.dumps(body).encode(),
            content_type="application/json",
            received_at=self.clock.now(),
        )
        with self.database.begin() as uow:
            uow.inbox.add_many([item])
            self._intake.process(uow, [item])

    def two_that_are_one(self, services: tuple[str, str] = ("payments-api", "checkout")) -> None:
        """The second feels the first, ten minutes later: too late for the grouper."""
        needed, needing = services
        self.fires("HighErrorRate", needed, FAILS.format(5, needed))
        self.clock.advance(10 * MINUTE)
        self.fires("HighErrorRate", needing, FAILS.format(8, needing))

    def one_that_is_two(self) -> None:
        """Search is slow in the very minute in which orders-db fails, and goes on when that is
        over."""
        self.fires("DiskFull", "orders-db", "no space left")
        self.fires("HighErrorRate", "checkout", FAILS.format(8, "checkout"))
        self.clock.advance(20)
        self.fires("QueueGrows", "search", "300 items wait")
        self.clock.advance(MINUTE)
        self.fires("DiskFull", "orders-db", status="resolved")
        self.fires("HighErrorRate", "checkout", status="resolved")
        self.clock.advance(15 * MINUTE)

    def looks(self) -> int:
        self.clock.advance(15 * MINUTE)
        return self.misplaced.keep_up()

    def waiting(self) -> Sequence[Draft]:
        with self.database.read() as uow:
            kinds = (DraftKind.MERGE, DraftKind.SPLIT)
            return [one for kind in kinds for one in uow.drafts.waiting(kind)]

    def incident(self, key: str) -> Incident:
        with self.database.read() as uow:
            found = uow.incidents.get_by_key(key)
        assert found is not None
        return found

    def alerts_of(self, key: str) -> list[tuple[str, str | None]]:
        with self.database.read() as uow:
            found = uow.alerts.of_incident(self.incident(key).id)
        return sorted((one.alert.name, one.service) for one in found)

    def bindings(self) -> Sequence[Binding]:
        with self.database.read() as uow:
            return uow.bindings.in_force()

    def audited(self) -> set[str]:
        with self.database.read() as uow:
            return {event.action for event in uow.audit.list()}


@pytest.fixture
def team(database: Database, clock: ManualClock) -> Team:
    return Team(database, clock)


ERROR_RATES = [("HighErrorRate", "checkout"), ("HighErrorRate", "payments-api")]


def test_a_lead_merges_what_looks_like_one_and_undoes_it_in_one_step(team: Team) -> None:
    team.two_that_are_one()
    assert team.looks() == 1
    [draft] = team.waiting()
    assert (draft.kind, draft.subject, draft.content["incident"]) == (
        DraftKind.MERGE,
        "RCL-2",
        "RCL-1",
    )
    assert "checkout depends on payments-api" in draft.content["problem"]
    assert "1.00 alike" in draft.content["problem"]
    assert "10 min apart" in draft.content["problem"]
    with pytest.raises(NotAllowed):
        team.regroupings.accept(EVE, draft.id, "Eve")
    assert team.alerts_of("RCL-1") == [("HighErrorRate", "payments-api")]

    assert "RCL-2 is now part of RCL-1" in team.regroupings.accept(LEAD, draft.id, "Ann")
    assert team.alerts_of("RCL-1") == ERROR_RATES
    assert team.incident("RCL-2").state is IncidentState.CLOSED
    [tie] = team.bindings()
    assert (tie.together, tie.actor) == (True, LEAD.key)
    with pytest.raises(Unpublishable):
        team.regroupings.accept(LEAD, draft.id, "Ann")
    assert [one.id for one in team.regroupings.done(LEAD)] == [draft.id]

    with pytest.raises(NotAllowed):
        team.regroupings.undo(EVE, draft.id, "Eve")
    assert "What came from RCL-2 is now RCL-3" in team.regroupings.undo(LEAD, draft.id, "Ann")
    assert team.alerts_of("RCL-1") == [("HighErrorRate", "payments-api")]
    assert team.alerts_of("RCL-3") == [("HighErrorRate", "checkout")]
    assert team.bindings() == []
    with pytest.raises(Unpublishable):
        team.regroupings.undo(LEAD, draft.id, "Ann")
    assert team.looks() == 0, "what was undone is not proposed again"
    assert {"merge.proposed", "merge.accepted", "merge.undone"} <= team.audited()


def test_what_was_merged_goes_together_the_next_time(team: Team) -> None:
    team.two_that_are_one()
    team.looks()
    team.regroupings.accept(LEAD, team.waiting()[0].id, "Ann")
    for _, service in ERROR_RATES:
        team.fires("HighErrorRate", service, status="resolved")
    team.clock.advance(DAY)
    team.two_that_are_one()
    assert team.alerts_of("RCL-3") == ERROR_RATES


def test_a_lead_splits_what_looks_like_two_and_undoes_it_in_one_step(team: Team) -> None:
    team.one_that_is_two()
    whole = team.alerts_of("RCL-1")
    assert ("QueueGrows", "search") in whole
    assert team.looks() == 1
    [draft] = team.waiting()
    assert (draft.kind, draft.subject) == (DraftKind.SPLIT, "RCL-1")
    assert "Nothing ties QueueGrows of search to the other alerts" in draft.content["problem"]
    with pytest.raises(NotAllowed):
        team.regroupings.accept(EVE, draft.id, "Eve")

    assert "RCL-2 was split off from RCL-1" in team.regroupings.accept(LEAD, draft.id, "Ann")
    assert team.alerts_of("RCL-2") == [("QueueGrows", "search")]
    assert ("QueueGrows", "search") not in team.alerts_of("RCL-1")
    assert {one.together for one in team.bindings()} == {False}

    assert "RCL-2 is part of RCL-1 again" in team.regroupings.undo(LEAD, draft.id, "Ann")
    assert team.alerts_of("RCL-1") == whole
    assert team.incident("RCL-2").state is IncidentState.CLOSED
    assert team.bindings() == []
    assert team.looks() == 0
    assert {"split.proposed", "split.accepted", "split.undone"} <= team.audited()


def test_what_was_turned_down_is_never_proposed_again(team: Team) -> None:
    team.two_that_are_one()
    assert team.looks() == 1
    assert team.looks() == 0, "it waits once"
    draft = team.waiting()[0]
    Curation(team.database, team.clock).reject(LEAD, draft.id, "a coincidence")
    for _ in range(3):
        for _, service in ERROR_RATES:
            team.fires("HighErrorRate", service, status="resolved")
        team.clock.advance(40 * DAY)
        team.two_that_are_one()
        assert team.looks() == 0


def test_what_people_said_meanwhile_waits_no_more(team: Team) -> None:
    team.two_that_are_one()
    team.looks()
    draft = team.waiting()[0]
    one, other = draft.content["kinds"][0]
    with team.database.begin() as uow:
        uow.bindings.say(
            Binding(
                one=one,
                other=other,
                together=False,
                incident_id=1,
                actor="T1/BEN",
                at=team.clock.now(),
            )
        )
    assert team.looks() == 0
    assert team.waiting() == []
    with team.database.read() as uow:
        closed = uow.drafts.get(draft.id)
    assert closed is not None
    assert closed.state is DraftState.REPLACED


def test_once_they_are_over_the_word_alone_is_kept(team: Team) -> None:
    team.two_that_are_one()
    team.looks()
    for _, service in ERROR_RATES:
        team.fires("HighErrorRate", service, status="resolved")
    assert team.incident("RCL-1").state.is_over
    draft = team.waiting()[0]
    assert "go together from now on" in team.regroupings.accept(LEAD, draft.id, "Ann")
    assert team.alerts_of("RCL-2") == [("HighErrorRate", "checkout")]
    assert [one.together for one in team.bindings()] == [True]
    assert "no alert was moved" in team.regroupings.undo(LEAD, draft.id, "Ann")
    assert team.bindings() == []


def test_a_few_a_day_and_no_more(team: Team) -> None:
    for n in range(9):
        team.two_that_are_one((f"bank-{n}", f"shop-{n}"))
        team.clock.advance(MINUTE)
        for service in (f"bank-{n}", f"shop-{n}"):
            team.fires("HighErrorRate", service, status="resolved")
    assert team.looks() == MOST_A_DAY
    assert team.looks() == 0
    team.clock.advance(DAY)
    team.two_that_are_one()
    assert team.looks() == 1


def test_the_engine_looks_by_itself(team: Team, tmp_path: Path) -> None:
    """As it is put together from the settings; two rules of one service, in the same words."""
    team.fires("HighErrorRate", "checkout")
    team.clock.advance(10 * MINUTE)
    team.fires("ErrorRateHigh", "checkout")
    documents = team.database.knowledge_source().list
    ticks = counting_ticks(Settings(data_dir=tmp_path), team.database, team.clock, documents)
    {name: act for _, name, act in ticks}["misplaced"]()
    [draft] = team.waiting()
    assert "both are of checkout" in draft.content["problem"]


def test_two_replicas_that_look_at_once_propose_once(team: Team) -> None:
    team.two_that_are_one()
    team.clock.advance(15 * MINUTE)
    other = Misplaced(team.database, team.clock, CATALOGUE.depends)
    assert (team.misplaced.keep_up(), other.keep_up()) == (1, 0)


def test_drafts_of_a_kind_in_any_state_come_newest_first(
    database: Database, clock: ManualClock
) -> None:
    with database.begin() as uow:
        numbers = [
            uow.drafts.add(
                Draft(kind=kind, subject="RCL-1", content={}, made_by="s", made_at=clock.now())
            ).id
            for kind in (DraftKind.MERGE, DraftKind.SPLIT, DraftKind.MERGE)
        ]
        uow.drafts.decide(numbers[0], DraftState.REJECTED, actor="s", now=clock.now())
        found = uow.drafts.of_kind(DraftKind.MERGE)
        assert [one.id for one in found] == [numbers[2], numbers[0]]
        assert len(uow.drafts.of_kind(DraftKind.MERGE, limit=1)) == 1
