"""How well text cues are told from what only sounds like them, on labelled messages."""

from time import process_time

import pytest

from bot.incidents.cue_patterns import CueKind
from bot.incidents.cues import LONGEST, cue_in
from tests.support.cue_measure import HALVES, labelled, measure

LEAST_PRECISION = 0.9
LEAST_MESSAGES = 300
LEAST_HARD = 0.4


def test_a_proposal_is_right_nine_times_out_of_ten() -> None:
    found = measure([one for half in HALVES for one in labelled(half)])
    assert found.messages >= LEAST_MESSAGES
    assert found.hard >= LEAST_HARD * found.messages
    assert found.proposed >= 90  # a precision of nothing would be no precision
    assert found.precision >= LEAST_PRECISION


@pytest.mark.parametrize("half", HALVES)
def test_no_half_hides_behind_the_other(half: str) -> None:
    found = measure(labelled(half))
    assert found.precision >= LEAST_PRECISION
    assert found.recall >= 0.6


def test_no_message_is_in_both_halves() -> None:
    texts = [one.text for half in HALVES for one in labelled(half)]
    assert len(texts) == len(set(texts))


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("we rolled back", CueKind.ROLLED_BACK),
        ("root cause was the connection leak", CueKind.ROOT_CAUSE),
        ("done: rolled back\nit was fixed by that", CueKind.ROLLED_BACK),
        ("root cause was the deploy, we rolled it back", CueKind.ROOT_CAUSE),
        ("We\u2019ve rolled back", CueKind.ROLLED_BACK),
    ],
)
def test_what_is_said_plainly_is_found(text: str, kind: CueKind) -> None:
    cue = cue_in(text)
    assert cue is not None
    assert cue.kind is kind


@pytest.mark.parametrize(
    "text",
    [
        "should we roll back?",
        "rollback didn't help",
        "rollback didn\u2019t help",
        "if we rolled back, would it start?",
        "root cause is not the database",
        "we do not know the root cause",
        '"we rolled back", he said',
        "> we rolled back",
        "```\nrestarted nginx\n```",
        "rolled back. no change.",
        "everything is on fire",
        "rolled out the new config and came back",
        "",
        "?" * 5_000,
    ],
)
def test_what_only_sounds_like_it_is_not(text: str) -> None:
    assert cue_in(text) is None


def test_who_writes_a_page_is_not_read() -> None:
    assert cue_in("we rolled back. " + "x" * LONGEST) is None


@pytest.mark.parametrize(
    "word", ["ok ", "so, ", "a, ", "rolled ", "caused by ", "scaled a b c d ", ". ", "> ", '"']
)
def test_no_text_keeps_the_reader_busy(word: str) -> None:
    """Read in front of the inbox: a message made to be slow must not be."""
    text = (word * LONGEST)[:LONGEST]
    before = process_time()
    cue_in(text)
    assert process_time() - before < 0.1
