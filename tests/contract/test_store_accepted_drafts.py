"""The DraftRepository port on both databases: what the records of incidents need of it."""

from datetime import timedelta

from bot.clock import ManualClock
from bot.drafts.model import Draft, DraftKind, DraftState
from bot.store.database import Database


def proposed(database: Database, clock: ManualClock, subject: str, **content: object) -> Draft:
    clock.advance(1)
    draft = Draft(
        kind=DraftKind.RECORD,
        subject=subject,
        content=content,
        made_by="recall/system",
        made_at=clock.now(),
    )
    with database.begin() as uow:
        return uow.drafts.add(draft)


def accepted(database: Database, draft: Draft, clock: ManualClock) -> bool:
    with database.begin() as uow:
        return uow.drafts.decide(
            draft.id, DraftState.ACCEPTED, actor="T1/U1", now=clock.now() + timedelta(seconds=1)
        )


def test_what_was_accepted_is_listed_newest_first(database: Database, clock: ManualClock) -> None:
    first, other, last = (proposed(database, clock, key) for key in ("RCL-1", "RCL-2", "RCL-1"))
    proposed(database, clock, "RCL-1")
    assert all(accepted(database, one, clock) for one in (last, first, other))
    with database.read() as uow:
        assert [one.id for one in uow.drafts.accepted(DraftKind.RECORD)] == [
            last.id,
            other.id,
            first.id,
        ]
        [newest] = uow.drafts.accepted(DraftKind.RECORD, "RCL-1", limit=1)
        assert newest.id == last.id
        assert newest.decided_by == "T1/U1"
        assert uow.drafts.accepted(DraftKind.NOISE_RULE) == []


def test_it_is_accepted_once_and_not_edited_afterwards(
    database: Database, clock: ManualClock
) -> None:
    draft = proposed(database, clock, "RCL-1", cause="a leak")
    assert accepted(database, draft, clock)
    assert not accepted(database, draft, clock)
    with database.begin() as uow:
        assert not uow.drafts.edit(draft.id, {"cause": "something else"})
        kept = uow.drafts.get(draft.id)
    assert kept is not None
    assert kept.content == {"cause": "a leak"}
