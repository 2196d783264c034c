from hypothesis import given
from hypothesis import strategies as st

from bot.suggestions import words
from bot.suggestions.model import Nearest


@given(st.text(max_size=400), st.integers(10, 300))
def test_excerpts_are_the_texts_own_beginning(text: str, most: int) -> None:
    short = words.trimmed(text, most)
    assert len(short) <= most
    assert text.strip().startswith(short.removesuffix("…"))


def test_excerpts_end_at_a_words_end() -> None:
    assert words.trimmed("connections exhausted again", 20) == "connections…"
    assert words.trimmed("short", 20) == "short"


def test_headlines_say_it_plainly() -> None:
    assert words.one_cause("INC-87", "likely", "") == "Like INC-87, likely"
    assert (
        words.one_cause("INC-87", "possible", "prod/us-1") == "Like INC-87 in prod/us-1, possible"
    )
    assert words.several_causes(3, "Count the sessions.\nmore") == (
        "Three causes fit; cannot tell yet. Check first: Count the sessions."
    )
    near = Nearest(id="INC-44", title="t", score=0.2, url=None, why_too_far=("other service",))
    assert words.not_seen(near) == "Not seen before; nearest INC-44, too far: other service"
    assert "nothing" in words.not_seen(None)


def test_reasons_name_every_difference_that_is_known() -> None:
    features = {
        "other_service": 1.0,
        "same_alert": 0.0,
        "coverage": 0.1,
        "other_environment": 1.0,
    }
    assert words.why_too_far(features) == (
        "other service",
        "other error",
        "few words in common",
        "other environment",
    )
    assert words.why_too_far({}) == ("not alike enough",)
