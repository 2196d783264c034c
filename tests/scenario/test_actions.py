"""Alice asks for a fix, Bob approves exactly that, it runs, and the alert says that it helped."""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from bot.demo.story import Story
from bot.workspace.driver import button_texts
from knowledge.embed.port import Embedder
from knowledge.model import NamedAction, Runbook
from knowledge.text.passages import passages_of
from tests.support.acting import ALERT, acting_house, asks, named, request_that_says, sees
from tests.support.house import CHANNEL, House, Mode, text_of

pytestmark = [pytest.mark.model]


@pytest.fixture
def acting(tmp_path: Path, real_embedder: Embedder, mode: Mode) -> Iterator[House]:
    """A house with one template, a runner of its own, and Bob as a lead."""
    with acting_house(tmp_path, real_embedder, mode) as house:
        yield house


def test_two_people_a_command_and_an_alert(acting: House, story: Story, tmp_path: Path) -> None:
    acting.fires(named(story, ALERT))
    acting.card_that_says(ALERT)
    asks(acting, "alice", "/recall act RCL-1 touch", name="fixed")
    message = request_that_says(acting, "Waits for approval", "/usr/bin/touch --", "low risk")
    assert button_texts(message) == ["Approve", "Withdraw", "Reject…", "Ask for changes…"]
    assert f"<@{acting.person('bob').id}>" in str(message.blocks)

    acting.person("alice").clicks(message, "Approve")
    told = acting.workspace.wait_for(lambda: acting.replies(message), 20)
    assert "may not approve" in text_of(told[-1])
    assert not (tmp_path / "fixed").exists()

    acting.person("bob").clicks(message, "Approve")
    ran = request_that_says(acting, "Ran, verifying")
    assert ran.ts == message.ts, "one message, edited in place"
    assert (tmp_path / "fixed").exists()
    acting.resolves(named(story, ALERT))
    over = request_that_says(acting, "Worked", "Verified by the condition itself")
    assert over.ts == message.ts
    assert button_texts(over) == []


def test_what_waits_for_a_word_stands_on_everybodys_home(acting: House, story: Story) -> None:
    acting.fires(named(story, ALERT))
    acting.card_that_says(ALERT)
    asks(acting, "alice", "/recall act RCL-1 touch", name="later")
    message = request_that_says(acting, "Waits for approval")
    on_bobs = home_of(acting, "bob", "Actions that wait", "ACT-1")
    assert "for RCL-1" in on_bobs
    assert "waits for approval, low risk, expires in" in on_bobs
    assert "you asked for it" in home_of(acting, "alice", "ACT-1")
    acting.person("alice").clicks(message, "Withdraw")
    request_that_says(acting, "Withdrawn")
    assert "ACT-1" not in home_of(acting, "bob", "1 open")


def home_of(house: House, who: str, *words: str) -> str:
    """What stands on a person's home tab when they open it now."""
    person = house.person(who)
    before = person.home
    person.opens_home()

    def found() -> str:
        shown = str(person.home.definition) if person.home not in (None, before) else ""
        return shown if all(word in shown for word in words) else ""

    return house.workspace.wait_for(found, 20)


def test_a_lead_who_asks_needs_a_second_person_and_anybody_stops(
    acting: House, story: Story, tmp_path: Path
) -> None:
    acting.fires(named(story, ALERT))
    acting.card_that_says(ALERT)
    asks(acting, "bob", "/recall act RCL-1 touch", name="mine")
    message = request_that_says(acting, "Waits for approval")
    acting.person("bob").clicks(message, "Approve")
    told = acting.workspace.wait_for(lambda: acting.replies(message), 20)
    assert "second person" in text_of(told[-1])
    alice = acting.person("alice")
    alice.runs("/recall actions stop", CHANNEL)
    acting.workspace.wait_for(lambda: acting.workspace.ephemeral(CHANNEL, alice.id), 10)
    acting.person("bob").clicks(message, "Withdraw")
    request_that_says(acting, "Withdrawn")
    assert not (tmp_path / "mine").exists()


def teaches(house: House, *actions: NamedAction) -> None:
    """The page of the alert names these actions from now on."""
    with house.database.begin() as uow:
        page = uow.knowledge.get("orders-db-replication-lag")
        assert isinstance(page, Runbook)
        page = replace(page, actions=actions)
        uow.knowledge.upsert([(page, passages_of(page))], actor="tests", now=house.clock.now())


def fills(house: House, who: str, **answers: str) -> None:
    """Fill in the form that is open, look at what would run, and send it."""
    person = house.person(who)
    form = house.workspace.wait_for(lambda: person.view, 10)
    shown = person.submits(form, answers)
    assert shown is not None
    assert "This will run" in str(shown.definition)
    done = person.submits(shown, {})
    assert done is not None
    assert "is asked for" in str(done.definition)


def test_the_cards_button_the_runbook_and_a_second_try(
    acting: House, story: Story, tmp_path: Path
) -> None:
    teaches(acting, NamedAction(template="touch", parameters={"name": "standby"}))
    acting.fires(named(story, ALERT))
    card = acting.card_that_says(ALERT)
    [button] = [text for text in button_texts(card) if "Touch" in text]
    alice, bob = acting.person("alice"), acting.person("bob")
    alice.clicks(card, button)
    sees(acting, "alice", "Filled in from the runbook")
    fills(acting, "alice")
    message = request_that_says(acting, "Waits for approval", f"{tmp_path}/standby")

    private = acting.workspace.wait_for(lambda: acting.workspace.direct_messages("bob"), 20)
    digest = re.search(r"sha256 `?([0-9a-f]{12})", text_of(message))
    assert digest is not None
    assert digest[1] in text_of(private[-1])
    assert f"{tmp_path}/standby" in text_of(private[-1])
    assert acting.workspace.direct_messages("alice") == []

    bob.clicks(private[-1], "Ask for changes…")
    asked = sees(acting, "bob", "What should be changed?")
    bob.submits(asked, {"reason": "the other one, please"})
    waiting = request_that_says(acting, "Changes are asked for", "the other one, please")
    bob.clicks(waiting, "Change it…")
    sees(acting, "bob", "Only whoever asked")
    alice.clicks(waiting, "Change it…")
    sees(acting, "alice", "Filled in from ACT-1")
    fills(acting, "alice", name="other")
    second = request_that_says(acting, "ACT-2", "Waits for approval", f"{tmp_path}/other")
    request_that_says(acting, "ACT-1", "Withdrawn", "replaced by ACT-2")
    assert digest[1] not in text_of(second)

    bob.clicks(second, "Reject…")
    form = sees(acting, "bob", "Why not?")
    bob.submits(form, {"reason": "it mended itself"})
    request_that_says(acting, "ACT-2", "Rejected", "it mended itself")
    told = acting.workspace.wait_for(
        lambda: [
            one
            for one in acting.workspace.direct_messages("alice")
            if "it mended itself" in text_of(one)
        ],
        20,
    )
    assert "ACT-2" in text_of(told[0])
    assert not (tmp_path / "standby").exists()
    assert not (tmp_path / "other").exists()


def test_a_hostile_page_offers_nothing_that_the_team_has_not_allowed(
    acting: House, story: Story, tmp_path: Path
) -> None:
    teaches(
        acting,
        NamedAction(template="sh", parameters={"name": "-c"}),
        NamedAction(template="touch", parameters={"name": "$(touch /tmp/x)\n--help"}),
    )
    acting.fires(named(story, ALERT))
    card = acting.card_that_says(ALERT)
    assert [text for text in button_texts(card) if "sh" in text.split()] == []
    alice = acting.person("alice")
    alice.clicks(card, "Touch a file")
    form = acting.workspace.wait_for(lambda: alice.view, 10)
    assert "$(touch" not in str(form.definition)
    assert "left out" in str(form.definition)
    still = alice.submits(form, {"name": "$(touch /tmp/x)"})
    assert still is not None
    assert still.errors

    teaches(acting, NamedAction(template="touch", parameters={"name": "changed"}))
    bob = acting.person("bob")
    bob.clicks(card, "Touch a file")
    sees(acting, "bob", "was changed since")
