"""Values that take long to count are counted once in a while."""

from datetime import UTC, datetime, timedelta

from bot.web.console.kept import Kept

NOW = datetime(2026, 11, 26, 9, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


def test_a_value_is_counted_again_when_it_is_too_old_or_when_asked() -> None:
    kept: Kept[int] = Kept(HOUR)
    counts = iter(range(10))

    def count() -> int:
        return next(counts)

    assert kept.of("a", NOW, count).value == 0
    young = kept.of("a", NOW + HOUR - timedelta(seconds=1), count)
    assert (young.value, young.at) == (0, NOW)
    assert kept.of("b", NOW, count).value == 1
    assert kept.of("a", NOW + HOUR, count).value == 2
    asked = kept.of("a", NOW + HOUR, count, fresh=True)
    assert (asked.value, asked.at) == (3, NOW + HOUR)


def test_a_clock_that_goes_back_makes_nothing_young() -> None:
    kept: Kept[int] = Kept(HOUR)
    kept.of("a", NOW, lambda: 1)
    assert kept.of("a", NOW - HOUR, lambda: 2).value == 2


def test_a_count_that_fails_keeps_nothing() -> None:
    kept: Kept[int] = Kept(HOUR)

    def fails() -> int:
        raise ArithmeticError("no")

    for _ in range(2):
        try:
            kept.of("a", NOW, fails)
        except ArithmeticError:
            continue
        raise AssertionError("it was kept")
    assert kept.of("a", NOW, lambda: 4).value == 4
