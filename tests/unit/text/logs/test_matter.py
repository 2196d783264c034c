"""The few things that matter, and logs told from the prose around them."""

from hypothesis import given
from hypothesis import strategies as st

from knowledge.text.logs import Reason, read_log, what_matters
from knowledge.text.logs.pasted import divide

TRACE = "Error: no stock\n    at add (/app/cart.js:7:1)\n"
NOISE = [f"2026-11-22 02:53:55 INFO cart {number} was saved" for number in range(2_000)]
ERROR = "2026-11-22 02:53:56 ERROR stock 10.0.0.7:80 refused the connection, exit code 137"


def test_traces_come_first_then_errors_and_common_lines_not_at_all() -> None:
    digest = read_log([*NOISE, ERROR, *TRACE.splitlines()])
    first, second = what_matters(digest)
    assert (first.reason, first.text) == (Reason.TRACE, "Error: no stock at add")
    assert (second.reason, second.example) == (Reason.ERROR, ERROR)
    assert second.text.endswith("stock <ip> refused the connection, exit code 137")


def test_without_trouble_what_was_asked_about_and_what_is_rare_comes_first() -> None:
    asked = "2026-11-22 02:53:56 INFO the ledger was closed by hand"
    rare = "2026-11-22 02:53:57 INFO leader is now node-2"
    digest = read_log([*NOISE, rare, *[asked] * 40])
    told = what_matters(digest, asked={"ledger"})
    assert [matter.example for matter in told] == [asked, rare, NOISE[0]]
    assert [matter.reason for matter in told] == [Reason.ASKED, Reason.RARE, Reason.COMMON]


def test_what_the_history_does_not_know_comes_before_what_it_knows() -> None:
    digest = read_log(["ERROR: pool is empty", "ERROR: disk sda is full", "INFO: started"])
    pool, disk, started = digest.templates
    first, second, third = what_matters(digest, known={pool.key})
    assert (first.key, second.key, third.key) == (disk.key, pool.key, started.key)
    assert third.reason is Reason.NEW


def test_json_says_its_message_and_not_its_braces() -> None:
    digest = read_log('{"level":"error","logger":"pay","msg":"card refused","order":7}')
    assert what_matters(digest)[0].text == "ERROR pay card refused"


@given(st.lists(st.text(max_size=30), max_size=40), st.integers(0, 5))
def test_never_more_than_was_asked_for(lines: list[str], most: int) -> None:
    digest = read_log(lines)
    told = what_matters(digest, most=most)
    assert len(told) <= most
    assert told == what_matters(digest, most=most)


def test_a_long_log_with_words_around_it_is_told_from_them() -> None:
    text = "\n".join(["Have we seen this?", *NOISE, *TRACE.splitlines(), ERROR, "Thanks a lot!"])
    prose, logs = divide(text)
    assert prose == ["Have we seen this?", "Thanks a lot!"]
    assert logs == [*NOISE, *TRACE.splitlines(), ERROR]


def test_long_prose_is_no_log() -> None:
    lines = [f"and then number {number} of us went home" for number in range(500)]
    assert divide("\n".join(lines)) == (lines, [])


@given(st.text(max_size=300))
def test_no_line_is_lost_by_dividing(text: str) -> None:
    prose, logs = divide(text)
    assert len(prose) + len(logs) == sum(bool(line.strip()) for line in text.split("\n"))
