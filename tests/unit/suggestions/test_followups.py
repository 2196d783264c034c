"""Short words in a thread: which of them ask for something, and which are a new question."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.suggestions.followups import FollowUp, environments_meant, plain_words, understand

KNOWN = ("prod/eu-1", "prod/us-1", "staging", "dev")

PHRASES = {
    FollowUp.WHY: (
        "why",
        "Why?",
        "why this?",
        "why that one?",
        "Why is that?",
        "why do you think so?",
        "why did you suggest this",
        "how do you know?",
        "How do you know that?",
        "how sure are you?",
        "are you sure?",
        "what makes you think that",
        "based on what?",
        "what's this based on?",
        "explain",
        "please explain this",
        "show me the evidence",
        "ok, but why?",
        "WHY??",
    ),
    FollowUp.ANOTHER: (
        "another",
        "another one please",
        "Another?",
        "what else?",
        "what else could it be?",
        "something else",
        "anything else?",
        "next one",
        "next",
        "the next one, thanks",
        "show me another",
        "any other ideas?",
        "is there another one?",
        "other causes?",
        "more",
        "show more",
        "no, another case",
    ),
    FollowUp.ROLLBACK: (
        "rollback step",
        "rollback steps?",
        "roll back",
        "undo",
        "how do I roll back?",
        "how do we undo this?",
        "how to revert the deploy",
        "what's the rollback plan?",
        "show me the rollback",
        "How can I roll it back?",
        "give me the undo steps",
    ),
    FollowUp.ENVIRONMENT: (
        "in staging",
        "In staging?",
        "and in staging?",
        "for prod/us-1",
        "what about staging?",
        "how about dev",
        "the same in staging",
        "same for prod/eu-1 please",
        "in the staging environment",
        "in production",
        "in prod",
        "and in eu-1?",
        "eu-1",
        "prod/us-1 please",
    ),
    FollowUp.LOGS: ("add these logs", "Use these lines please", "add the logs to it"),
    FollowUp.FRESH: (
        "",
        "...",
        "why is checkout slow?",
        "why does the exporter fall behind every night at two",
        "I wonder why",
        "tell me why the deploy failed",
        "looking into it",
        "in a minute",
        "dev",
        "ap-1",
        "eu-1 is slow as well",
        "in the evening",
        "in testing",
        "what about the payments deploy from last night",
        "what about lunch",
        "another deploy went out at nine",
        "next deploy is at nine",
        "rollback failed with exit code 1",
        "we rolled back, no change",
        "how do I roll back the orders schema migration on eu-1",
        "undo button is grey",
        "logs",
        "the logs show nothing",
        "more pods are crashing",
        "in staging the queue grows since this morning",
        "thanks",
        "ok",
        "staging",
        "warum?",
        "is this the same as yesterday?",
    ),
}


@pytest.mark.parametrize(
    ("words", "kind"), [(words, kind) for kind, all_ in PHRASES.items() for words in all_]
)
def test_what_is_meant(words: str, kind: FollowUp) -> None:
    assert understand(words, has_logs=False, environments=KNOWN).kind is kind


def test_the_table_is_long_enough_to_mean_something() -> None:
    assert sum(map(len, PHRASES.values())) >= 60


@pytest.mark.parametrize(
    "words", ["", "add these logs", "logs", "here are the logs:", "stack trace", "use this file"]
)
def test_logs_with_nothing_else_to_say_go_to_the_question_before(words: str) -> None:
    assert understand(words, has_logs=True, environments=KNOWN).kind is FollowUp.LOGS


@pytest.mark.parametrize("words", ["why?", "another", "in staging", "does this mean a leak?"])
def test_words_of_their_own_beside_logs_are_a_question(words: str) -> None:
    assert understand(words, has_logs=True, environments=KNOWN).kind is FollowUp.FRESH


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("staging", ("staging",)),
        ("Stage", ("staging",)),
        ("prod", ("prod/eu-1", "prod/us-1")),
        ("production/us-1", ("prod/us-1",)),
        ("prod/ap-1", ()),
        ("us-1", ("prod/us-1",)),
        ("nowhere", ()),
    ],
)
def test_an_environment_is_one_that_is_known(word: str, meant: tuple[str, ...]) -> None:
    assert environments_meant(word, KNOWN) == meant


@given(st.text(), st.booleans(), st.lists(st.text(max_size=12), max_size=4))
def test_it_is_total_and_an_environment_is_always_a_known_one(
    words: str, has_logs: bool, known: list[str]
) -> None:
    got = understand(words, has_logs=has_logs, environments=known)
    assert set(got.environments) <= set(known)
    assert bool(got.environments) == (got.kind is FollowUp.ENVIRONMENT)


@given(st.text(min_size=200))
def test_a_long_message_is_never_a_follow_up(words: str) -> None:
    if len(plain_words(words).split()) > 20:
        assert understand(words, has_logs=True, environments=()).kind is FollowUp.FRESH


@given(st.sampled_from([w for k, ws in PHRASES.items() if k is not FollowUp.FRESH for w in ws]))
def test_case_and_punctuation_change_nothing(words: str) -> None:
    plain = understand(words, has_logs=False, environments=KNOWN)
    assert understand(f"  {words.upper()} !!", has_logs=False, environments=KNOWN) == plain
