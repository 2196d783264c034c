"""A text that comes in pieces is redacted as the whole would be."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.redact import redact
from bot.redact.stream import LONGEST_HELD, StreamRedactor
from tests.unit.redact.families import families

KEY = "-----BEGIN RSA PRIVATE " + "KEY-----\nMIIBabc\ndef\n-----END RSA PRIVATE " + "KEY-----"


def streamed(pieces: list[str]) -> str:
    stream = StreamRedactor(redact)
    return "".join([stream.feed(piece) for piece in pieces]) + stream.finish()


def cut(text: str, size: int) -> list[str]:
    return [text[start : start + size] for start in range(0, len(text), size)]


@pytest.mark.parametrize("name", families())
def test_a_secret_split_over_two_pieces_is_caught(name: str) -> None:
    line, secret = families()[name]
    text = f"before\n{line}\nafter"
    for place in range(len(text)):
        assert secret not in streamed([text[:place], text[place:]])


@given(
    st.lists(
        st.sampled_from(
            [line for line, _ in families().values()] + [KEY, "-----BEGIN ", "\n", "\n"]
        )
        | st.text(max_size=12),
        max_size=8,
    ),
    st.integers(1, 40),
)
def test_however_it_is_cut_the_outcome_is_that_of_the_whole(parts: list[str], size: int) -> None:
    text = " ".join(parts)
    assert streamed(cut(text, size)) == redact(text)


def test_a_whole_line_is_given_out_at_once() -> None:
    stream = StreamRedactor(redact)
    assert stream.feed("one\ntw") == "one\n"
    assert stream.feed("o\n") == "two\n"
    assert stream.finish() == ""


def test_a_private_key_is_held_until_its_end() -> None:
    stream = StreamRedactor(redact)
    pieces = [stream.feed(piece) for piece in cut(f"a\n{KEY}\nb\n", 7)]
    assert "".join(pieces) + stream.finish() == "a\n[redacted private key]\nb\n"


def test_a_key_without_an_end_holds_back_no_more_than_it_may() -> None:
    stream = StreamRedactor(redact)
    head = "x\n" + KEY.partition("\n")[0] + "\n"
    out = stream.feed(head) + "".join(stream.feed("MIIB" * 250 + "\n") for _ in range(200))
    assert out == "x\n[redacted private key]"
    assert stream.feed("-----END RSA PRIVATE " + "KEY-----\nb\n") == "\nb\n"


def test_a_line_without_an_end_comes_out_in_parts() -> None:
    line, secret = families()["GitHub"]
    text = f"{line} " * (3 * LONGEST_HELD // len(line))
    stream = StreamRedactor(redact)
    first = "".join(stream.feed(piece) for piece in cut(text, 9_000))
    assert first
    whole = first + stream.finish()
    assert secret not in whole
    assert whole == redact(text)
