"""Proposals: nothing happens until a lead says so, and the answer says that."""

import pytest

from bot.chat.forms import Form
from bot.chat.messages import Notice
from bot.commands.model import FieldErrors
from bot.drafts.model import Draft, DraftKind
from knowledge.model import Runbook, Visibility
from knowledge.text.passages import passages_of
from tests.support.ending_desk import Desk, initial


def has_page(desk: Desk, **changes: object) -> None:
    page = Runbook(id="orders-db-connections", title="orders-db", body="Count.", **changes)  # type: ignore[arg-type]
    with desk.world.database.begin() as uow:
        uow.knowledge.upsert([(page, passages_of(page))], actor="t", now=desk.world.clock.now())


def waiting(desk: Desk, kind: DraftKind) -> list[Draft]:
    with desk.world.database.read() as uow:
        return list(uow.drafts.waiting(kind))


def test_an_edit_of_the_cited_page_is_proposed_once_and_thanked(desk: Desk) -> None:
    has_page(desk)
    desk.incident_with_a_card()
    form = desk.runs("propose RCL-1")
    assert isinstance(form, Form)
    assert initial(form, "page") == "orders-db-connections"
    for _ in range(2):
        said = desk.submits(form, {"problem": "Step 2 is wrong.", "text": "Count first."})
    assert isinstance(said, Notice)
    assert said.text == "Thank you. Proposal 1 for orders-db-connections. A lead decides."
    [draft] = waiting(desk, DraftKind.RUNBOOK_EDIT)
    assert (draft.subject, draft.made_by) == ("orders-db-connections", "T1/U0ALICE")
    assert draft.content["text"] == "Count first."


def test_a_page_that_may_not_be_seen_here_is_as_if_it_were_not_there(desk: Desk) -> None:
    has_page(desk, visibility=Visibility(frozenset({"T1/C0SECRET"})))
    desk.incident_with_a_card()
    form = desk.opens("runbook_edit")
    assert initial(form, "page") == ""
    said = desk.submits(form, {"page": "orders-db-connections", "problem": "missing"})
    assert isinstance(said, Notice)
    assert "a new page" in said.text


def test_nothing_is_silenced_until_a_lead_accepts(desk: Desk) -> None:
    desk.incident_with_a_card()
    form = desk.runs("noise RCL-1")
    assert isinstance(form, Form)
    assert initial(form, "alert") == "CheckoutHighErrorRate"
    said = desk.submits(form, {"why": "Fires at every deploy.", "length": "week"})
    assert isinstance(said, Notice)
    assert "Nothing is silenced until a lead accepts" in said.text
    [draft] = waiting(desk, DraftKind.NOISE_RULE)
    assert draft.content["seconds"] == 7 * 86_400
    assert draft.content["service"] == "checkout"


def test_a_reason_is_needed(desk: Desk) -> None:
    desk.incident_with_a_card()
    with pytest.raises(FieldErrors) as told:
        desk.submits(desk.opens("noise_rule"), {"why": " ", "alert": "x" * 201})
    assert set(told.value.errors) == {"why", "alert"}
