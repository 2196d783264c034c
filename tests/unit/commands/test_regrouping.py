"""People split and merge, and what comes later keeps to it."""

from dataclasses import replace

import pytest

from bot.incidents.model import IncidentState
from bot.people.model import Role
from bot.suggestions.corrections import Word
from knowledge.model import PastIncident, Visibility
from knowledge.text.passages import passages_of
from tests.support.desk import Desk


def remembers(desk: Desk, document_id: str, visibility: Visibility | None = None) -> None:
    past = PastIncident(id=document_id, title=document_id, symptom="connections exhausted")
    if visibility is not None:
        past = replace(past, visibility=visibility)
    with desk.database.begin() as uow:
        uow.knowledge.upsert([(past, passages_of(past))], actor="tests", now=desk.clock.now())


def test_merged_incidents_are_one_and_stay_so(desk: Desk) -> None:
    desk.fires("CheckoutDown")
    desk.fires("VaultSealed", "vault")
    told = desk.says("merge RCL-2 RCL-1")
    assert "RCL-2 is now part of RCL-1" in told
    assert desk.alerts_of("RCL-1") == ["CheckoutDown", "VaultSealed"]
    assert desk.incident("RCL-2").state is IncidentState.CLOSED
    joined = desk.fires("VaultSealed", "vault", pod="b")
    assert joined is not None
    assert joined.key == "RCL-1"


def test_next_time_merged_kinds_go_together_from_the_start(desk: Desk) -> None:
    desk.fires("CheckoutDown")
    desk.fires("VaultSealed", "vault")
    desk.says("merge RCL-2 RCL-1")
    desk.fires("CheckoutDown", status="resolved")
    desk.fires("VaultSealed", "vault", status="resolved")
    desk.clock.advance(86_400)
    first = desk.fires("VaultSealed", "vault")
    second = desk.fires("CheckoutDown")
    assert first is not None
    assert second is not None
    assert first.id == second.id
    with desk.database.read() as uow:
        reasons = [entry.data.get("joined_because") for entry in uow.incidents.timeline(first.id)]
    assert any(reason and "people said" in reason for reason in reasons)


def test_what_was_split_off_has_an_incident_of_its_own_and_stays_apart(desk: Desk) -> None:
    desk.fires("CheckoutDown")
    desk.fires("OrdersDbSlow", "orders-db")
    assert desk.alerts_of("RCL-1") == ["CheckoutDown", "OrdersDbSlow"]
    told = desk.says("split RCL-1 OrdersDbSlow")
    assert "OrdersDbSlow is now RCL-2" in told
    assert desk.alerts_of("RCL-1") == ["CheckoutDown"]
    assert desk.alerts_of("RCL-2") == ["OrdersDbSlow"]
    again = desk.fires("OrdersDbSlow", "orders-db", pod="b")
    assert again is not None
    assert again.key == "RCL-2"


def test_next_time_split_kinds_open_two_incidents(desk: Desk) -> None:
    desk.fires("CheckoutDown")
    desk.fires("OrdersDbSlow", "orders-db")
    desk.says("split RCL-1 OrdersDbSlow")
    desk.fires("CheckoutDown", status="resolved")
    desk.fires("OrdersDbSlow", "orders-db", status="resolved")
    desk.clock.advance(86_400)
    one, other = desk.fires("CheckoutDown"), desk.fires("OrdersDbSlow", "orders-db")
    assert one is not None
    assert other is not None
    assert one.id != other.id


def test_merging_undoes_a_split_for_good(desk: Desk) -> None:
    desk.fires("CheckoutDown")
    desk.fires("OrdersDbSlow", "orders-db")
    desk.says("split RCL-1 OrdersDbSlow")
    desk.says("merge RCL-2 RCL-1")
    assert desk.alerts_of("RCL-1") == ["CheckoutDown", "OrdersDbSlow"]
    with desk.database.read() as uow:
        assert [binding.together for binding in uow.bindings.in_force()] == [True]


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("merge RCL-1", "Say which incident goes into which"),
        ("merge RCL-1 RCL-1", "one incident already"),
        ("merge RCL-1 RCL-9", "There is no incident RCL-9"),
        ("split RCL-1 CheckoutDown", "one name only"),
        ("link RCL-1 INC-1", "Nothing called “INC-1” is on record"),
        ("link RCL-1", "Say which case or page"),
    ],
)
def test_what_makes_no_sense_is_told_and_changes_nothing(desk: Desk, line: str, told: str) -> None:
    desk.fires("CheckoutDown")
    before = desk.incident("RCL-1")
    assert told in desk.says(line)
    assert desk.incident("RCL-1") == before


def test_an_alert_name_that_is_nearly_right_is_suggested(desk: Desk) -> None:
    desk.fires("CheckoutDown")
    desk.fires("OrdersDbSlow", "orders-db")
    assert "Did you mean OrdersDbSlow?" in desk.says("split RCL-1 OrdersDbSlwo")


def test_a_link_binds_its_incident_and_a_leads_link_all_of_its_kind(desk: Desk) -> None:
    remembers(desk, "INC-87")
    desk.fires("CheckoutDown")
    assert "once a second person or a lead agrees" in desk.says("link RCL-1 INC-87")
    assert "You said so before" in desk.says("link RCL-1 INC-87")
    lead = desk.caller("lena", Role.LEAD)
    assert "for all alerts of its kind" in desk.says("unlink RCL-1 INC-87", lead)
    with desk.database.read() as uow:
        words = uow.corrections.in_force(1, "")
    assert [(one.actor, one.word, one.is_lead) for one in words] == [
        ("T1/U0ALICE", Word.SAME, False),
        ("T1/U0LENA", Word.NOT_SAME, True),
    ]


def test_a_case_that_may_not_be_seen_here_cannot_be_linked_here(desk: Desk) -> None:
    remembers(desk, "INC-9", Visibility(frozenset({"T1/C0SECRET"})))
    desk.fires("CheckoutDown")
    assert "Nothing called “INC-9” is on record" in desk.says("link RCL-1 INC-9")
