"""The second look: which services belong to another incident, once the cause has spoken."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.incidents.origins import MOST_PAIRS, SETTLES_WITHIN, Move, moves
from bot.incidents.telling import is_symptom, telling
from bot.incidents.traces import Trace, words_of

NOW = datetime(2026, 11, 19, 3, 12, tzinfo=UTC)
NEEDS = {("web-1", "api-1"), ("api-1", "db-1"), ("api-1", "cache-2"), ("web-2", "cache-2")}
TOLD = {("mail-4", "db-1")}


def a_trace(service: str, name: str, at: float = 0, text: str = "", **changes: object) -> Trace:
    one = Trace(
        name=name,
        service=service,
        at=NOW + timedelta(seconds=at),
        words=words_of(name, text),
        telling=telling(name),
    )
    return replace(one, **changes)  # type: ignore[arg-type]


def looked(
    shown: dict[int, list[Trace]], giving: set[int] | None = None, after: float = 60
) -> list[tuple[str, int, int]]:
    return [(one.service, one.leaves, one.joins) for one in all_moves(shown, giving, after)]


def all_moves(
    shown: dict[int, list[Trace]], giving: set[int] | None = None, after: float = 60
) -> list[Move]:
    return moves(
        shown,
        set(shown) if giving is None else giving,
        now=NOW + timedelta(seconds=after),
        depends=lambda one, other: (one, other) in NEEDS,
        told=lambda one, other: (one, other) in TOLD,
    )


FAILS = a_trace("db-1", "DiskFull")


def test_what_felt_it_first_follows_when_the_service_that_it_needs_turns_out_to_fail() -> None:
    shown = {
        1: [a_trace("api-1", "ErrorRatio", 5), a_trace("web-1", "SlowRequests", 9)],
        2: [FAILS],
    }
    assert looked(shown) == [("api-1", 1, 2), ("web-1", 1, 2)]
    assert all_moves(shown)[0].text == "api-1 depends on db-1, 5 s apart"


def test_of_two_that_it_needs_the_one_that_failed_before_counts() -> None:
    felt = a_trace("api-1", "ErrorRatio", 10)
    before, after = a_trace("db-1", "DiskFull", 0), a_trace("cache-2", "DiskFull", 25)
    assert looked({1: [felt, after], 2: [before]}) == [("api-1", 1, 2)]
    before, after = a_trace("db-1", "DiskFull", 25), a_trace("cache-2", "DiskFull", 0)
    assert looked({1: [felt, after], 2: [before]}) == []


@pytest.mark.parametrize(
    ("felt", "why"),
    [
        (a_trace("pay-9", "UpstreamErrors", 5, "errors from db-1"), "its text names db-1"),
        (a_trace("mail-4", "SlowRequests", 5), "alerts of mail-4 have named db-1 before"),
    ],
)
def test_words_and_what_was_told_before_are_ways_back(felt: Trace, why: str) -> None:
    [move] = all_moves({1: [felt, a_trace("far-1", "DiskFull")], 2: [FAILS]})
    assert (move.joins, move.text) == (2, f"{why}, 5 s apart")


def test_of_a_namespace_the_incident_in_which_more_of_it_fails_is_likelier() -> None:
    shop = {"namespace": "shop"}
    one = [a_trace("a-1", "DiskFull", -4, **shop), a_trace("x-1", "SlowRequests", 20, **shop)]
    many = [a_trace(f"b-{n}", "DiskFull", -2, **shop) for n in range(4)]
    assert looked({1: one, 2: many}) == [("x-1", 1, 2)]


def test_a_whole_namespace_speaks_no_louder_than_what_is_declared() -> None:
    shop = {"namespace": "shop"}
    near = [a_trace(f"b-{n}", "DiskFull", 2, **shop) for n in range(8)]
    assert looked({1: [*near, a_trace("api-1", "ErrorRatio", 10, **shop)], 2: [FAILS]}) == [
        ("api-1", 1, 2)
    ]


def test_what_stands_near_the_cause_says_more_than_its_last_ripples() -> None:
    shop = {"namespace": "shop"}
    ripple = [a_trace("web-1", "DiskFull", -65), a_trace("api-1", "ErrorRatio", -60, **shop)]
    felt, fails = a_trace("x-1", "SlowRequests", 10, **shop), a_trace("b-1", "DiskFull", **shop)
    assert looked({1: [*ripple, felt], 2: [fails]}) == [("x-1", 1, 2)]


def test_a_service_that_fails_itself_is_never_moved() -> None:
    assert looked({1: [a_trace("api-1", "CrashLooping", 5)], 2: [FAILS]}) == []


def test_what_goes_down_with_its_machine_is_never_moved() -> None:
    on = {"node": "n-7"}
    machine = [a_trace(name, "PodStuckLag", n, **on) for n, name in enumerate(("api-1", "a", "b"))]
    assert looked({1: machine, 2: [FAILS]}) == []


def test_nothing_leaves_an_incident_that_may_give_nothing() -> None:
    shown = {1: [a_trace("api-1", "ErrorRatio", 5)], 2: [FAILS]}
    assert looked(shown, giving={2}) == []


def test_nothing_is_moved_once_it_has_settled() -> None:
    shown = {1: [a_trace("api-1", "ErrorRatio")], 2: [FAILS]}
    settled = SETTLES_WITHIN.total_seconds()
    assert looked(shown, after=settled) != []
    assert looked(shown, after=settled + 1) == []


def test_what_came_long_before_the_cause_is_no_effect_of_it() -> None:
    shown = {1: [a_trace("api-1", "ErrorRatio", -50)], 2: [FAILS]}
    assert looked(shown) == []


def test_where_nothing_fails_and_one_problem_spreads_that_one_takes_it() -> None:
    lone = [a_trace("pay-9", "ErrorRatio", 30), a_trace("pay-10", "SlowRequests", 40)]
    shown = {1: lone, 2: [FAILS]}
    assert looked(shown) == [("pay-9", 1, 2), ("pay-10", 1, 2)]
    assert looked(shown | {3: [a_trace("far-1", "DiskFull", 10)]}) == []


def spread(incident_of: str, first: float, *others: float) -> list[Trace]:
    """A service that fails, and others that felt it at these times."""
    root = a_trace(f"{incident_of}-db-1", "DiskFull", first)
    felt = [a_trace(f"{incident_of}-{n}", "ErrorRatio", at) for n, at in enumerate(others, 2)]
    return [replace(one, namespace=incident_of) for one in (root, *felt)]


def test_where_several_spread_the_one_that_reached_by_far_the_most_just_before_takes_it() -> None:
    lone = [a_trace("web-1", "ErrorRatio", 60), a_trace("web-2", "SlowRequests", 64)]
    wide, narrow = spread("a", 10, 20, 30, 50), spread("b", 30)
    [move, _] = all_moves({1: wide, 2: narrow, 3: lone}, after=70)
    assert (move.leaves, move.joins) == (3, 1)
    assert move.text == "nothing in it fails itself, and this problem spread most at that moment"
    # Two against one tells nothing.
    assert looked({1: spread("a", 10, 20), 2: narrow, 3: lone}, after=70) == []


def test_a_stray_in_another_problems_incident_goes_where_it_spread_at_that_moment() -> None:
    stray = [a_trace("web-1", "ErrorRatio", 100), a_trace("api-1", "SlowRequests", 95)]
    old, wide = spread("a", -90, -60), spread("b", 40, 50, 70)
    found = looked({1: [*old, *stray], 2: wide}, after=110)
    assert sorted(found) == [("api-1", 1, 2), ("web-1", 1, 2)]
    # Where it is, two were reached just before, too: it stays. So does what fails itself, and what
    # hangs together with something that does.
    assert looked({1: [*spread("a", -90, 60, 80), *stray], 2: wide}, after=110) == []
    ready = [replace(one, name="PodNotReady", telling=telling("PodNotReady")) for one in stray]
    assert looked({1: [*old, *ready], 2: wide}, after=110) == []
    assert looked({1: [*old, *stray, a_trace("db-1", "DiskFull", 90)], 2: wide}, after=110) == []


def test_a_rule_that_no_word_fits_is_no_symptom_of_another_problem() -> None:
    assert not is_symptom("CertificateExpiresSoon")
    assert is_symptom("HTTPErrorRate")
    assert looked({1: [a_trace("pay-9", "CertificateExpiresSoon", 30)], 2: [FAILS]}) == []


def test_in_a_storm_that_is_too_wide_everything_stays() -> None:
    wide = [a_trace(f"s-{n}", "ErrorRatio", 5) for n in range(int(MOST_PAIRS**0.5))]
    shown = {1: [a_trace("api-1", "ErrorRatio", 5)], 2: [FAILS]}
    assert looked(shown) == [("api-1", 1, 2)]
    assert looked({**shown, 1: [*shown[1], *wide]}) == []
