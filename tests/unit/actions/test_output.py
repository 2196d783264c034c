"""What is printed is kept in whole lines, capped, and without any secret, however it comes."""

import base64
from itertools import pairwise
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.actions.output import OutputKeeper
from bot.redact import redact

CANARY = "kAnary/0123+secret=val"


def kept(chunks: list[bytes], most: int = 5_000, secrets: tuple[str, ...] = (CANARY,)) -> str:
    keeper = OutputKeeper(most, redact, secrets)
    for chunk in chunks:
        keeper.feed(chunk)
    keeper.end()
    return keeper.text


FORMS = [
    CANARY,
    quote(CANARY, safe=""),
    base64.b64encode(CANARY.encode()).decode(),
    base64.urlsafe_b64encode(CANARY.encode()).decode(),
    base64.b64encode(f"user:{CANARY}".encode()).decode(),
    base64.b64encode(f"u:{CANARY}".encode()).decode(),
    f"https://u:{quote(CANARY, safe='')}@host.example/x",
    f"raise ValueError('{CANARY}')",
]


@pytest.mark.parametrize("form", FORMS)
@given(cuts=st.lists(st.integers(1, 200), max_size=6))
def test_a_canary_is_hidden_wherever_the_chunks_are_cut(form: str, cuts: list[int]) -> None:
    raw = f"before\n{form} and after\nthe end".encode()
    edges = sorted({0, len(raw), *(cut for cut in cuts if cut < len(raw))})
    chunks = [raw[a:b] for a, b in pairwise(edges)]
    text = kept(chunks)
    assert CANARY not in text
    assert form not in text
    assert base64.b64encode(CANARY.encode()).decode()[4:-4] not in text
    assert text.startswith("before\n")
    assert text.endswith("the end")


@given(st.integers(1, 60))
def test_what_the_rules_know_is_hidden_at_every_cut(cut: int) -> None:
    raw = b"login with password=hunter2hunter2 now\nok"
    assert "hunter2" not in kept([raw[:cut], raw[cut:]])


def test_a_key_over_several_lines_is_left_out() -> None:
    begin, end = "-----BEGIN " + "PRIVATE KEY-----", "-----END " + "PRIVATE KEY-----"
    text = kept([f"a\n{begin}\nAAAA\nBBBB\n".encode(), f"CCCC\n{end}\nz".encode()])
    assert text == "a\n[a key]\nz"


def test_the_first_and_the_last_lines_are_kept() -> None:
    text = kept([f"line {n}\n".encode() for n in range(10_000)], most=1_000)
    assert text.startswith("line 0\nline 1\n")
    assert text.endswith("line 9999")
    assert "lines left out]" in text
    assert len(text) < 1_100


def test_a_line_without_end_is_not_kept_in_part() -> None:
    text = kept([b"x" * 3_000 + CANARY[:10].encode(), CANARY[10:].encode() + b"y" * 90_000])
    assert text == "[a very long line]"


@given(st.lists(st.binary(max_size=300), max_size=20), st.integers(100, 2_000))
def test_any_bytes_are_kept_within_the_cap(chunks: list[bytes], most: int) -> None:
    text = kept(chunks, most=most)
    longest = max((len(line) for line in b"".join(chunks).split(b"\n")), default=0)
    assert len(text) <= most + 4 * longest + 100
