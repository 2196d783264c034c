"""Of a long log what matters is kept, in its own lines and order."""

from hypothesis import given
from hypothesis import strategies as st

from bot.suggestions.essence import essence

USUAL = [f"2026-11-19T03:12:{n % 60:02d}Z INFO served request {n} in 3 ms" for n in range(5_000)]


def test_a_short_log_is_kept_as_it_is() -> None:
    assert essence("a\n\nb", 10) == "a\n\nb"


def test_the_one_error_in_the_middle_is_kept_with_its_trace() -> None:
    trace = [
        "2026-11-19T03:14:00Z ERROR boom",
        "Traceback (most recent call last):",
        '  File "/srv/shop/cart.py", line 12, in add',
        "    raise ValueError('no stock')",
        "ValueError: no stock",
    ]
    kept = essence("\n".join([*USUAL, *trace, *USUAL]), 4_000)
    assert len(kept) <= 4_000
    assert "ValueError: no stock" in kept
    assert "cart.py" in kept


def test_beginning_and_end_are_there() -> None:
    kept = essence("\n".join(["start of it", *USUAL, "end of it"]), 3_000).splitlines()
    assert (kept[0], kept[-1]) == ("start of it", "end of it")


@given(st.lists(st.text(max_size=60), max_size=40), st.integers(min_value=0, max_value=400))
def test_it_is_total_bounded_and_adds_nothing(lines: list[str], room: int) -> None:
    log = "\n".join(lines)
    kept = essence(log, room)
    assert len(kept) <= max(room, 0)
    assert all(line in log for line in kept.splitlines())
