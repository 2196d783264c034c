"""Of a runbook's steps: wrong, missing, used with success; who said it, and taking it back."""

from collections.abc import Mapping

import pytest

from bot.chat.messages import Notice
from bot.commands.model import FieldErrors, Refused
from bot.drafts.model import DraftKind, DraftState
from bot.people.model import Role
from bot.suggestions.corrections import Word
from bot.suggestions.linking import Links
from knowledge.model import Runbook, Visibility
from knowledge.text.passages import passages_of
from tests.support.desk import Desk

STEP = "Step 2 names a switch that is gone."


def has_page(desk: Desk, visibility: Visibility | None = None) -> None:
    page = Runbook(id="db/disk", title="Disk is full", body="# Disk is full\n\n1. Look.\n")
    if visibility is not None:
        page = Runbook(
            id="db/disk", title="Disk", body="# Disk\n\n1. Look.\n", visibility=visibility
        )
    with desk.database.begin() as uow:
        uow.knowledge.upsert([(page, passages_of(page))], actor="tests", now=desk.clock.now())


def says(
    desk: Desk, what: str, who: str = "alice", role: Role = Role.RESPONDER, **more: str
) -> str:
    answers: Mapping[str, str] = {
        "what": what,
        "page": "db/disk",
        "step": "" if what == "used" else STEP,
        "text": "",
        **more,
    }
    reply = desk.book.submit(desk.caller(who, role), "page_word", "RCL-1", answers)
    assert isinstance(reply.message, Notice)
    return reply.message.text


@pytest.fixture
def ready(desk: Desk) -> Desk:
    has_page(desk)
    desk.fires("DiskFull")
    return desk


def test_a_wrong_step_goes_to_the_review_queue_with_the_words(ready: Desk) -> None:
    told = says(ready, "wrong", text="2. Use the new switch.")
    assert "a wrong step" in told
    assert "waits for a lead" in told
    with ready.database.read() as uow:
        [draft] = uow.drafts.waiting(DraftKind.RUNBOOK_EDIT)
        [word] = uow.corrections.list(9)
    assert draft.subject == "db/disk"
    assert draft.content["problem"] == f"A wrong step, said of RCL-1: {STEP}"
    assert draft.content["text"] == "2. Use the new switch."
    assert (word.word, word.is_lead) == (Word.WRONG_STEP, False)
    assert word.actor == ready.caller().actor.key
    assert "page.said_of" in ready.audited()


def test_said_twice_is_one_word_and_one_proposal(ready: Desk) -> None:
    says(ready, "missing")
    says(ready, "missing")
    with ready.database.read() as uow:
        assert len(uow.drafts.waiting(DraftKind.RUNBOOK_EDIT)) == 1
        assert [one.word for one in uow.corrections.list(9)] == [Word.MISSING_STEP]


def test_used_with_success_is_no_proposal(ready: Desk) -> None:
    assert "used with success" in says(ready, "used")
    with ready.database.read() as uow:
        assert uow.drafts.waiting(DraftKind.RUNBOOK_EDIT) == []
        assert [one.word for one in uow.corrections.list(9)] == [Word.USED]
    with pytest.raises(Refused, match="You said so before"):
        says(ready, "used")


def test_what_is_taken_back_is_proposed_no_more(ready: Desk) -> None:
    says(ready, "wrong")
    says(ready, "wrong", "bob")
    with ready.database.read() as uow:
        [mine] = [one for one in uow.corrections.list(9) if one.actor.endswith("ALICE")]
    Links(ready.database, ready.clock, "lead").revoke(mine.id)
    with ready.database.read() as uow:
        drafts = uow.drafts.about(DraftKind.RUNBOOK_EDIT, "db/disk")
    states = {one.made_by.rpartition("/")[2]: one.state for one in drafts}
    assert states == {"U0ALICE": DraftState.REJECTED, "U0BOB": DraftState.WAITING}


def test_the_timeline_tells_who_said_it(ready: Desk) -> None:
    says(ready, "used")
    with ready.database.read() as uow:
        told = [one.text for one in uow.incidents.timeline(ready.incident("RCL-1").id)]
    assert "alice: db/disk: used with success" in told


@pytest.mark.parametrize(
    ("answers", "field"),
    [
        ({"what": "praise"}, "what"),
        ({"what": "wrong", "step": ""}, "step"),
        ({"what": "used", "page": ""}, "page"),
        ({"what": "used", "page": "no/such"}, "page"),
        ({"what": "used", "page": "x" * 201}, "page"),
    ],
)
def test_what_is_wrong_is_told_next_to_its_field(
    ready: Desk, answers: Mapping[str, str], field: str
) -> None:
    with pytest.raises(FieldErrors) as caught:
        ready.book.submit(
            ready.caller(), "page_word", "RCL-1", {"page": "db/disk", "step": "", **answers}
        )
    assert field in caught.value.errors
    with ready.database.read() as uow:
        assert uow.corrections.list(9) == []


def test_a_page_of_another_channel_does_not_exist_here(desk: Desk) -> None:
    has_page(desk, Visibility(frozenset({"T9/C9"})))
    desk.fires("DiskFull")
    with pytest.raises(FieldErrors):
        says(desk, "used")


def test_the_form_is_opened_by_a_command_and_needs_an_incident(ready: Desk) -> None:
    reply = ready.book.run(ready.caller(), "feedback RCL-1")
    assert reply.opens is not None
    assert [one.name for one in reply.opens.fields] == ["what", "page", "step", "text"]
    assert "There is no incident" in ready.says("feedback RCL-99")
