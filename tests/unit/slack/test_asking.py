"""Talking on: why, another, the way back, elsewhere, more logs; and what is no question at all."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from bot.chat.messages import Answer, Board, Notice, StepList
from bot.clock import ManualClock
from bot.incidents.model import IncidentState, TimelineKind
from bot.slack.blocks import render
from bot.slack.files import ReadFile
from bot.suggestions.model import SuggestionKind
from bot.workspace import rules
from knowledge.model import Visibility
from tests.support.asking_world import DATABASE_PAGE, SLOTS, AskingWorld, asking_world
from tests.support.databases import sqlite_database
from tests.support.memory_knowledge import THREE_CAUSES, case
from tests.support.slack_world import BOT, GUEST, TEAM, pasted

ABOUT_SLOTS = f"<@{BOT}> orders fail, what is this?\n```\n{SLOTS}\n```"
THREAD = "50.1"
NO_ROLE = "Guests hold no role here. Ask somebody of the team."


@pytest.fixture
def world(tmp_path: Path) -> Iterator[AskingWorld]:
    clock = ManualClock()
    with sqlite_database(tmp_path, clock) as database, asking_world(database, clock) as made:
        yield made


def follows(world: AskingWorld, words: str, **changes: object) -> None:
    """Said in the thread of the first question, without naming the bot."""
    told = {"type": "message", "channel_type": "channel", "thread_ts": THREAD} | changes
    world.says(words, **told)


def answer(world: AskingWorld) -> Answer:
    reply = world.reply()
    assert isinstance(reply, Answer), reply
    return reply


def board(world: AskingWorld) -> Board:
    reply = world.reply()
    assert isinstance(reply, Board), reply
    return reply


def told_by(said: Board) -> str:
    lines = [f"{line.text} {line.detail}" for part in said.parts for line in part.lines]
    return "\n".join([said.title, *(part.heading for part in said.parts), *lines, said.note])


def test_why_is_answered_from_the_receipt_without_a_search(world: AskingWorld) -> None:
    world.says(ABOUT_SLOTS)
    first = answer(world).suggestion
    assert first.incidents[0].id == "INC-2"
    follows(world, "why?")
    told = told_by(board(world))
    assert board(world).title == "Why INC-2"
    assert "log lines" in told
    assert f"recall replay {first.id}" in told
    assert "no calibration of your own" in told
    with world.database.read() as uow:
        assert len(uow.suggestions.list(10)) == 1


def test_why_names_no_record_that_the_place_may_not_see_any_more(world: AskingWorld) -> None:
    world.says(ABOUT_SLOTS)
    secret = Visibility(channels=frozenset({f"{TEAM}/C9SECRET"}))
    [record] = [one for one in THREE_CAUSES if one.id == "INC-2"]
    world.remembers(replace(record, visibility=secret))
    follows(world, "why?")
    told = told_by(board(world))
    assert "INC-2" not in told
    assert "may not be shown here" in told
    follows(world, "another")
    follows(world, "why?")
    assert "INC-2" not in told_by(board(world))


def test_in_a_channel_that_became_shared_nothing_is_explained(world: AskingWorld) -> None:
    world.says(ABOUT_SLOTS)
    follows(world, "why?", shared=True)
    assert "INC-" not in told_by(board(world))


def test_another_leaves_out_what_was_shown_until_there_is_none(world: AskingWorld) -> None:
    world.says(ABOUT_SLOTS)
    shown = {"INC-2"}
    for _ in range(6):
        follows(world, "another one?")
        said = answer(world)
        found = said.suggestion
        lead = [one.id for one in found.incidents[:1]]
        lead += [name for cause in found.causes for name in cause.incident_ids]
        lead += [found.nearest.id] if found.nearest is not None else []
        assert not shown & set(lead)
        shown |= set(lead)
        if found.kind is SuggestionKind.ABSTENTION and found.nearest is None:
            assert said.lead == "Nothing else on record is near: you have seen all that I have."
            return
    pytest.fail("it never came to an end")


def test_what_was_left_out_for_another_is_left_out_only_then(world: AskingWorld) -> None:
    world.says(ABOUT_SLOTS)
    follows(world, "another")
    world.says(ABOUT_SLOTS)
    assert answer(world).suggestion.incidents[0].id == "INC-2"
    with world.database.read() as uow:
        assert not uow.corrections.in_force(None, "")


def test_the_rollback_steps_are_those_of_the_page_that_was_cited(world: AskingWorld) -> None:
    world.says(ABOUT_SLOTS)
    follows(world, "rollback step?")
    reply = world.reply()
    assert isinstance(reply, StepList)
    assert [one.text for one in reply.steps] == ["Put the old limit back.", "set-limit --old"]
    assert {one.citation.document_id for one in reply.steps} == {"db-slots"}


def test_a_page_without_a_way_back_is_named(world: AskingWorld) -> None:
    body = DATABASE_PAGE.body.partition("## Rollback")[0]
    world.remembers(replace(DATABASE_PAGE, body=body))
    world.says(ABOUT_SLOTS)
    follows(world, "how do I roll back?")
    reply = world.reply()
    assert isinstance(reply, Notice)
    assert "“Database slots used up” has no section on rollback" in reply.text


def test_the_same_is_asked_for_another_environment(world: AskingWorld) -> None:
    world.says(ABOUT_SLOTS)
    follows(world, "and in staging?")
    said = answer(world)
    assert said.suggestion.receipt["query"]["environment"] == "staging"
    assert said.lead.startswith("The same, asked for staging.")
    assert said.suggestion.receipt["query"]["logs"] == [SLOTS]


def test_after_a_very_long_log_it_goes_on_with_what_was_kept_of_it(world: AskingWorld) -> None:
    usual = "\n".join(f"INFO served request {number} in 3 ms" for number in range(2_000))
    world.files.holds["app.log"] = ReadFile(text=f"{SLOTS}\n{usual}")
    world.says(f"<@{BOT}> many orders fail", files=[file("app.log")])
    assert answer(world).suggestion.receipt["query"]["cut"]
    follows(world, "in staging")
    assert answer(world).suggestion.receipt["query"]["environment"] == "staging"


def test_half_an_environment_is_asked_back(world: AskingWorld) -> None:
    world.says(ABOUT_SLOTS)
    follows(world, "in prod?")
    reply = world.reply()
    assert isinstance(reply, Notice)
    assert reply.text == "Which one do you mean: prod/eu or prod/us?"
    follows(world, "prod/us")
    assert answer(world).suggestion.receipt["query"]["environment"] == "prod/us"


def test_logs_in_the_thread_of_an_answer_are_added_to_its_question(world: AskingWorld) -> None:
    world.says(f"<@{BOT}> many orders fail")
    follows(world, f"add these logs\n```\n{SLOTS}\n```")
    said = answer(world)
    query = said.suggestion.receipt["query"]
    assert (query["text"], query["logs"]) == ("many orders fail", [SLOTS])
    assert said.suggestion.incidents[0].id == "INC-2"


def test_logs_that_did_not_come_along_are_asked_for(world: AskingWorld) -> None:
    world.says(f"<@{BOT}> many orders fail")
    follows(world, "add these logs")
    reply = world.reply()
    assert isinstance(reply, Notice)
    assert "Paste them" in reply.text


def test_whom_it_did_not_answer_has_to_name_it(world: AskingWorld) -> None:
    world.says(ABOUT_SLOTS)
    follows(world, "why?", user="U0BOB")
    follows(world, "why is that? I think it is the new build that went out")
    assert len(world.replies()) == 1
    follows(world, f"<@{BOT}> why?", user="U0BOB", type="app_mention")
    follows(world, "another", user="U0BOB")
    assert len(world.replies()) == 3


def test_under_a_card_short_words_are_about_the_card(world: AskingWorld) -> None:
    world.alert_fires()
    world.follow()
    ref = world.card_ref()
    follows(world, "why?", thread_ts=ref)
    assert world.replies() == []
    world.says(f"<@{BOT}> why?", thread_ts=ref)
    assert "causes" in board(world).title or board(world).title.startswith("Why")


def test_logs_under_a_card_stay_evidence(world: AskingWorld) -> None:
    world.alert_fires()
    world.follow()
    world.says(f"<@{BOT}> add these logs\n```\n{SLOTS}\n```", thread_ts=world.card_ref())
    with world.database.read() as uow:
        kinds = [entry.kind for entry in uow.incidents.timeline(1)]
    assert TimelineKind.EVIDENCE in kinds
    assert "add these logs" not in answer(world).suggestion.receipt["query"]["text"]


def test_in_a_direct_message_the_answer_before_is_meant_for_half_an_hour(
    world: AskingWorld,
) -> None:
    direct = {"type": "message", "channel": "D1", "channel_type": "im"}
    world.says(ABOUT_SLOTS, **direct)
    world.says("why?", **direct)
    assert isinstance(world.reply("D1"), Board)
    world.clock.advance(31 * 60)
    world.says("why?", **direct)
    assert isinstance(world.reply("D1"), Answer)


def test_a_redelivered_follow_up_is_answered_once(world: AskingWorld) -> None:
    world.says(ABOUT_SLOTS)
    follows(world, "another")
    follows(world, "another", redelivered=True)
    assert len(world.replies()) == 2


def test_everything_that_is_said_is_within_slacks_rules(world: AskingWorld) -> None:
    world.says(ABOUT_SLOTS)
    for words in ("why?", "rollback step", "another", "in staging", "in prod", "another"):
        follows(world, words)
    for message in world.replies():
        for in_pane in (False, True):
            drawn = render(message, in_pane=in_pane)
            rules.check_message(drawn.text, list(drawn.blocks), None)
    assert len(world.replies()) == 7


# -- the button ----------------------------------------------------------------------------------


def test_why_this_explains_once_in_the_cards_thread_and_is_audited(world: AskingWorld) -> None:
    world.alert_fires()
    world.follow()
    world.presses(world.card(), "why")
    world.presses(world.card(), "why", user="U0BOB")
    [post] = [post for post in world.chat.posts if isinstance(post.message, Board)]
    assert post.to.thread == world.card_ref()
    assert post.key.startswith("why:")
    assert [action for _, action in world.audited()] == ["button.why", "button.refused"]


def test_the_pressed_answer_keeps_what_it_said_first(world: AskingWorld) -> None:
    world.says(ABOUT_SLOTS)
    follows(world, "in staging")
    before = answer(world)
    world.presses(before, "helpful")
    assert answer(world).said != ()
    assert answer(world).lead == before.lead


# -- files ---------------------------------------------------------------------------------------


def file(name: str) -> dict[str, object]:
    return {"name": name, "mimetype": "text/plain", "size": 9, "url_private": "https://x/f"}


def test_a_file_is_read_as_logs(world: AskingWorld) -> None:
    world.files.holds["db.log"] = ReadFile(text=SLOTS)
    world.says(f"<@{BOT}> many orders fail", files=[file("db.log")])
    assert answer(world).suggestion.receipt["query"]["logs"] == [SLOTS]


def test_what_cannot_be_read_is_named_in_the_answer(world: AskingWorld) -> None:
    world.files.holds["core"] = ReadFile(problem="“core” is no text.")
    world.says(f"<@{BOT}> many orders fail", files=[file("core")])
    assert answer(world).lead == "“core” is no text."
    world.says(f"<@{BOT}>", files=[file("core")])
    reply = world.reply()
    assert isinstance(reply, Notice)
    assert reply.text == "“core” is no text."


def test_files_of_talk_that_is_none_of_ours_are_not_fetched(world: AskingWorld) -> None:
    follows(world, "look", files=[file("db.log")], thread_ts="7.0")
    assert world.files.fetched == []


def test_of_a_long_file_under_a_card_the_essence_is_kept(world: AskingWorld) -> None:
    world.alert_fires()
    world.follow()
    usual = "\n".join(f"INFO served request {number} in 3 ms" for number in range(4_000))
    world.files.holds["app.log"] = ReadFile(text=f"{usual}\n{SLOTS}\n{usual}")
    event = {"subtype": "file_share", "files": [file("app.log")], "thread_ts": world.card_ref()}
    follows(world, "", **event)
    with world.database.read() as uow:
        [kept] = [
            entry.data["text"]
            for entry in uow.incidents.timeline(1)
            if entry.kind is TimelineKind.EVIDENCE
        ]
    assert len(kept) <= 100_000
    assert SLOTS in kept


# -- what is no question ---------------------------------------------------------------------------


@pytest.mark.parametrize("words", ["", ":fire:", "🔥", "?!", ":thumbsup: :+1:"])
def test_without_a_word_there_is_help(world: AskingWorld, words: str) -> None:
    world.says(f"<@{BOT}> {words}")
    reply = world.reply()
    assert isinstance(reply, Notice)
    assert reply.text.startswith("Ask me")


def test_a_link_alone_finds_the_page_that_it_leads_to(world: AskingWorld) -> None:
    world.says(f"<@{BOT}> <https://wiki.example/db-slots>")
    query = answer(world).suggestion.receipt["query"]
    assert query["runbook_url"] == "https://wiki.example/db-slots"
    assert answer(world).suggestion.receipt["runbooks"][0]["id"] == "db-slots"


@pytest.mark.parametrize("words", ["どうして注文が失敗するのですか", "x" * 9_000, "wort " * 4_000])
def test_whatever_is_asked_gets_an_answer_or_an_honest_no(world: AskingWorld, words: str) -> None:
    world.says(f"<@{BOT}> {words}")
    assert answer(world).suggestion.headline


def test_a_command_in_a_mention_is_done_and_replied_to_in_the_thread(world: AskingWorld) -> None:
    world.alert_fires()
    world.says(f"<@{BOT}> status")
    assert "RCL-1" in told_by(board(world))
    world.says(f"<@{BOT}> ack RCL-1")
    with world.database.read() as uow:
        incident = uow.incidents.get(1)
    assert incident is not None
    assert incident.state is IncidentState.ACKNOWLEDGED
    world.says(f"<@{BOT}> ack RCL-1", redelivered=True)
    assert len(world.replies()) == 2


def test_a_command_mistyped_is_told_what_was_meant(world: AskingWorld) -> None:
    world.says(f"<@{BOT}> statsu")
    reply = world.reply()
    assert isinstance(reply, Notice)
    assert "/recall status" in reply.text


def test_a_person_of_another_organisation_commands_nothing(world: AskingWorld) -> None:
    world.alert_fires()
    world.says(f"<@{BOT}> ack RCL-1", user_team="T9OTHER")
    with world.database.read() as uow:
        incident = uow.incidents.get(1)
    assert incident is not None
    assert incident.state is IncidentState.OPEN


def test_a_guest_is_answered_nothing(world: AskingWorld) -> None:
    world.says(f"<@{BOT}> many orders fail", user=GUEST)
    world.says("many orders fail", type="message", channel="D7", channel_type="im", user=GUEST)
    assert world.answers() == []
    assert [notice(one) for one in (world.reply(), world.reply("D7"))] == [NO_ROLE] * 2
    world.says("why?", user=GUEST, type="message", channel_type="channel", thread_ts="50.1")
    assert len(world.replies()) == 1


def test_a_stranger_who_writes_directly_is_answered_nothing(world: AskingWorld) -> None:
    direct = {"type": "message", "channel": "D7", "channel_type": "im", "user_team": "T9OTHER"}
    world.says("many orders fail", **direct)
    assert world.answers() == []
    assert notice(world.reply("D7")) == NO_ROLE


def test_what_a_guest_pastes_is_no_evidence(world: AskingWorld) -> None:
    world.alert_fires()
    world.follow()
    before = world.card()
    pasted(world, user=GUEST)
    with world.database.read() as uow:
        kinds = {entry.kind for entry in uow.incidents.timeline(1)}
    assert TimelineKind.EVIDENCE not in kinds
    assert (world.card(), world.replies()) == (before, [])


def notice(message: object) -> str:
    assert isinstance(message, Notice)
    return message.text


def test_a_question_that_begins_like_a_command_stays_a_question(world: AskingWorld) -> None:
    world.says(f"<@{BOT}> status of the orders that fail since noon?")
    assert isinstance(world.reply(), Answer)


def test_the_word_ask_is_no_part_of_the_question(world: AskingWorld) -> None:
    world.says(f"<@{BOT}> ask many orders fail")
    assert answer(world).suggestion.receipt["query"]["text"] == "many orders fail"


def test_a_case_of_another_channel_is_never_another(tmp_path: Path) -> None:
    clock = ManualClock()
    secret = Visibility(channels=frozenset({f"{TEAM}/C9SECRET"}))
    hidden = case("INC-9", "Orders fail", SLOTS, "hidden", visibility=secret, logs=(SLOTS,))
    known = [*THREE_CAUSES, hidden]
    with sqlite_database(tmp_path, clock) as database, asking_world(database, clock, *known) as it:
        it.says(ABOUT_SLOTS)
        for words in ("why?", "another", "another", "another", "why?"):
            follows(it, words)
        assert all("INC-9" not in str(post.message) for post in it.chat.posts)
