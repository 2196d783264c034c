"""A whole log in short: every line is counted once, values are found, bounds hold."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.text.logs import WILDCARD, Level, LogDigest, read_log
from knowledge.text.logs import digest as digest_module

CART = [
    "2026-11-22 02:53:55,123 INFO [worker-1] shop.cart - order 17 of user ann paid in 12 ms",
    "2026-11-22 02:53:56,000 INFO [worker-2] shop.cart - order 18 of user bob paid in 9 ms",
    "",
    "2026-11-22 02:53:57,500 ERROR [worker-1] shop.cart - payment 10.0.0.1:443 refused order 18",
    "2026-11-22 02:53:59,000 INFO [worker-2] shop.cart - order 19 of user bob paid in 14 ms",
]


def counted(digest: LogDigest) -> int:
    in_templates = sum(template.count for template in digest.templates)
    in_traces = sum(trace.lines for trace in digest.traces)
    return digest.blank + in_templates + in_traces + digest.unread


def test_lines_that_differ_in_values_are_one_template_with_its_values() -> None:
    paid, refused = read_log(CART).templates
    assert paid.text == f"order <num> of user {WILDCARD} paid in <dur>"
    assert refused.text == "payment <ip> refused order <num>"
    assert (paid.level, refused.level) == (Level.INFO, Level.ERROR)
    assert (paid.count, paid.first_line, paid.last_line) == (3, 1, 5)
    assert paid.first_time is not None
    assert paid.last_time is not None
    assert paid.last_time.isoformat() == "2026-11-22T02:53:59+00:00"
    assert (paid.last_time - paid.first_time).total_seconds() == pytest.approx(3.877)
    assert paid.example == CART[0]
    assert paid.logger == "shop.cart"
    users = {value.text: value.count for value in paid.values[4]}
    assert users == {"ann": 1, "bob": 2}


@given(st.lists(st.text(max_size=60), max_size=40))
def test_any_lines_are_read_and_each_is_counted_once(lines: list[str]) -> None:
    lines = [line.replace("\n", " ") for line in lines]
    digest = read_log(lines)
    assert digest.lines == len(lines) == counted(digest)
    assert digest == read_log(lines)


@given(st.binary(max_size=400))
def test_any_bytes_are_read(content: bytes) -> None:
    digest = read_log(content)
    assert digest.lines == counted(digest)


def test_of_a_longer_log_the_first_and_the_last_lines_are_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(digest_module, "MOST_LINES", 10)
    words = [name * 3 for name in "abcdefghijklmn"]
    digest = read_log("\n".join(words))
    assert (digest.lines, digest.unread) == (14, 4)
    assert [template.text for template in digest.templates] == [*words[:5], *words[-5:]]
    assert digest.templates[-1].first_line == 14
    assert counted(digest) == 14
