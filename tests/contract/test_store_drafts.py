"""Drafts and bindings on both databases."""

from datetime import timedelta

from bot.clock import ManualClock
from bot.drafts.model import Draft, DraftKind, DraftState
from bot.incidents.bindings import Binding
from bot.store.database import Database
from tests.contract.test_store_suggestions import an_incident


def draft(clock: ManualClock, subject: str, kind: DraftKind = DraftKind.RECORD) -> Draft:
    return Draft(
        kind=kind,
        subject=subject,
        content={"cause": "", "rates": [1e20, 0.5]},
        made_by="T1/U1",
        made_at=clock.now(),
    )


def test_a_draft_waits_until_somebody_decides_once(database: Database, clock: ManualClock) -> None:
    with database.begin() as uow:
        kept = uow.drafts.add(draft(clock, "RCL-1"))
        other = uow.drafts.add(draft(clock, "orders-db", DraftKind.RUNBOOK_EDIT))
    assert 0 < kept.id < other.id
    with database.begin() as uow:
        assert uow.drafts.get(kept.id) == kept
        assert uow.drafts.waiting() == [kept, other]
        assert uow.drafts.waiting(DraftKind.RUNBOOK_EDIT) == [other]
        assert uow.drafts.waiting(subject="RCL-1") == [kept]
        assert uow.drafts.edit(kept.id, {"cause": "a leak"})
        assert uow.drafts.decide(kept.id, DraftState.ACCEPTED, actor="T1/U2", now=clock.now())
        assert not uow.drafts.decide(kept.id, DraftState.REJECTED, actor="T1/U3", now=clock.now())
        assert not uow.drafts.edit(kept.id, {"cause": "too late"})
    with database.read() as uow:
        decided = uow.drafts.get(kept.id)
        assert decided is not None
        assert (decided.state, decided.decided_by) == (DraftState.ACCEPTED, "T1/U2")
        assert decided.content == {"cause": "a leak"}
        assert uow.drafts.waiting() == [other]
        assert uow.drafts.get(99) is None


def test_a_later_word_on_two_families_takes_the_place_of_an_earlier_one(
    database: Database, clock: ManualClock
) -> None:
    number = an_incident(database, clock)

    def binding(one: str, other: str, together: bool) -> Binding:
        return Binding(
            one=one,
            other=other,
            together=together,
            incident_id=number,
            actor="T1/U1",
            at=clock.now(),
        )

    with database.begin() as uow:
        assert uow.bindings.say(binding("b", "a", True))
        assert not uow.bindings.say(binding("a", "b", True))
        assert uow.bindings.say(binding("a", "b", False))
        [kept] = uow.bindings.in_force()
        assert (kept.one, kept.other, kept.together) == ("a", "b", False)
        later = clock.now() + timedelta(hours=1)
        revoked = uow.bindings.revoke(kept.id, actor="T1/U2", now=later)
        assert revoked is not None
        assert revoked.revoked_by == "T1/U2"
        assert uow.bindings.revoke(kept.id, actor="T1/U2", now=later) is None
        assert uow.bindings.in_force() == []
        assert uow.bindings.say(binding("a", "b", False))
        assert len(uow.bindings.in_force()) == 1
