"""When it is over: people say what it was, and next time it is found."""

import pytest

from bot.demo.story import Story, StoryAlert
from bot.workspace.driver import Person, button_texts
from bot.workspace.model import Message, View
from tests.support.house import CHANNEL, House, text_of

pytestmark = [pytest.mark.model]


def lag(story: Story) -> StoryAlert:
    return next(alert for alert in story.fire_more if alert.name == "OrdersDbReplicationLag")


def card_of(house: House, story: Story) -> Message:
    house.fires(lag(story))
    return house.card_that_says("OrdersDbReplicationLag")


def view_of(house: House, person: Person, *words: str) -> View:
    """The modal on the person's screen, once it says all that."""

    def shown() -> View | None:
        view = person.view
        is_it = view is not None and all(word in str(view.definition) for word in words)
        return view if is_it else None

    view = house.workspace.wait_for(shown, 30)
    assert view is not None
    return view


def opened(house: House, person: Person, card: Message, button: str, *words: str) -> View:
    person.clicks(card, button)
    return view_of(house, person, *words)


def best_case(house: House) -> str:
    newest = house.get("/v1/incidents")["items"][0]
    suggestion = house.get(f"/v1/incidents/{newest['key']}")["suggestion"]
    return str(suggestion["incidents"][0]["id"])


def test_alice_resolves_by_one_tap_and_next_time_her_words_are_on_top(
    house: House, story: Story
) -> None:
    alice = house.person("alice")
    card = card_of(house, story)
    past = best_case(house)

    form = opened(house, alice, card, "Resolve…", "Resolve RCL-1")
    alice.clicks_in(form, f"Like {past}")
    filled = view_of(house, alice, f"Like {past}: ")
    answered = alice.submits(filled, {"impact": "Orders were read late."})
    assert answered is not None
    assert "RCL-1 is resolved" in str(answered.definition)
    assert "does not stop the page" in str(answered.definition)
    done = house.card_that_says("Resolved", f"Resolved like {past}", "said alice")
    assert done.ts == card.ts
    assert "Write it up" in button_texts(done)

    house.resolves(lag(story))
    house.until(house.is_settled)
    house.fires(lag(story))
    house.workspace.wait_for(lambda: len(house.cards()) == 2, 30)
    assert best_case(house) == "RCL-1"


def test_a_mistake_is_told_next_to_its_field_and_nothing_is_lost(
    socket_house: House, story: Story
) -> None:
    house = socket_house
    alice = house.person("alice")
    form = opened(house, alice, card_of(house, story), "Resolve…", "Resolve RCL-1")
    again = alice.submits(form, {"fix": "   ", "cause": "A slow disk."})
    assert again is not None
    assert dict(again.errors) == {"fix": "Say what fixed it, or choose that it went by itself."}
    done = alice.submits(again, {"fix": "Moved the standby.", "cause": "A slow disk."})
    assert done is not None
    assert "RCL-1 is resolved" in str(done.definition)
    house.card_that_says("Resolved by alice: Moved the standby.")


def test_bob_is_told_that_alice_was_quicker_and_adds_what_she_left_out(
    socket_house: House, story: Story
) -> None:
    house = socket_house
    alice, bob = house.person("alice"), house.person("bob")
    card = card_of(house, story)
    hers = opened(house, alice, card, "Resolve…", "Resolve RCL-1")
    his = opened(house, bob, card, "Resolve…", "Resolve RCL-1")
    alice.submits(hers, {"fix": "Moved the standby."})
    record = bob.submits(his, {"fix": "Waited.", "cause": "A slow disk."})
    assert record is not None
    assert "Resolved by alice: Moved the standby." in str(record.definition)
    assert "Somebody was quicker" in str(record.definition)
    assert "A slow disk." in str(record.definition)


def test_a_message_is_saved_as_the_resolution_of_its_thread(
    socket_house: House, story: Story
) -> None:
    house = socket_house
    alice = house.person("alice")
    card = card_of(house, story)
    said = alice.says(CHANNEL, "Moved the standby to another disk", thread_ts=card.ts)
    alice.uses_shortcut("recall_save_resolution", said)
    form = view_of(house, alice, "Resolve RCL-1", "Moved the standby to another disk")
    alice.submits(form)
    house.card_that_says("Resolved by alice: Moved the standby")

    stray = alice.says("general", "lunch?")
    alice.uses_shortcut("recall_save_resolution", stray)
    view_of(house, alice, "cannot be told which incident")


def test_the_record_is_written_up_and_confirmed_and_the_file_is_there(
    socket_house: House, story: Story
) -> None:
    house = socket_house
    alice, bob = house.person("alice"), house.person("bob")
    card = card_of(house, story)
    form = opened(house, alice, card, "Resolve…", "Resolve RCL-1")
    alice.submits(form, {"fix": "Moved the standby."})
    house.card_that_says("Resolved by alice")

    blank = opened(house, bob, card, "Write it up", "RCL-1: write it up")
    assert "Impact: not filled in yet. Cause: not filled in yet." in str(blank.definition)
    kept = bob.submits(blank, {"cause": "A slow disk.", "done": "Confirm: this is right"})
    assert kept is not None
    assert "Confirmed by bob" in str(kept.definition)
    assert "not filled in yet" in str(kept.definition)
    file = house.folder / "records" / "RCL-1.md"
    house.until(file.exists)
    page = file.read_text(encoding="utf-8")
    assert "## Cause\n\nA slow disk." in page
    assert "## Impact\n\n_not filled in yet_" in page
    assert "OrdersDbReplicationLag" in page
    house.workspace.wait_for(lambda: "Write it up" not in button_texts(house.cards()[0]), 30)


def test_a_command_snoozes_and_the_card_says_until_when(socket_house: House, story: Story) -> None:
    house = socket_house
    card_of(house, story)
    house.person("alice").runs("/recall snooze RCL-1 2h waiting for the DBA", CHANNEL)
    card = house.card_that_says("snoozed until")
    assert "OrdersDbReplicationLag" in text_of(card)
