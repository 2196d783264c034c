"""How often an action helped, against how often the alert cleared by itself."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.actions.track import Ran, TrackRecord, track_record
from bot.alerts.family import family_of
from bot.alerts.model import Severity
from bot.incidents.model import AlertBeat

START = datetime(2026, 3, 1, tzinfo=UTC)
LATER = START + timedelta(days=1)
WITHIN = timedelta(minutes=15)
FAMILY = family_of("ShopDown", "shop", "prod")


def beat(
    number: int,
    minute: float,
    *,
    fires: bool = True,
    alert: str = "ShopDown",
    severity: Severity = Severity.HIGH,
) -> AlertBeat:
    return AlertBeat(
        incident_id=number,
        at=START + timedelta(minutes=minute),
        alert=alert,
        fingerprint=alert,
        fires=fires,
        severity=severity,
        service="shop",
        environment="prod",
    )


def ran(number: int, minute: float = 5, *, failed: bool = False, template: str = "fix") -> Ran:
    return Ran(
        incident_id=number,
        template_id=template,
        at=START + timedelta(minutes=minute),
        failed=failed,
    )


def record(
    courses: dict[int, Sequence[AlertBeat]], runs: Sequence[Ran] = (), now: datetime = LATER
) -> TrackRecord:
    return track_record("fix", FAMILY, WITHIN, courses, runs, now)


def test_what_clears_in_time_after_a_run_counts_for_it_and_alone_for_the_baseline() -> None:
    ends = {1: 10.0, 2: 25.0, 3: 10.0, 4: 20.0}
    courses = {n: [beat(n, 0), beat(n, end, fires=False)] for n, end in ends.items()}
    found = record(courses, [ran(1), ran(2)])
    assert (found.runs, found.cleared, found.alone, found.alone_cleared) == (2, 1, 2, 1)


@pytest.mark.parametrize(
    "after",
    [beat(1, 8, alert="CartDown"), beat(1, 8, severity=Severity.CRITICAL)],
    ids=["another alert", "a graver one"],
)
def test_what_grew_after_a_run_is_worse(after: AlertBeat) -> None:
    found = record({1: [beat(1, 0), after]}, [ran(1, failed=True)])
    assert (found.runs, found.cleared, found.worse, found.failed) == (1, 0, 1, 1)


def test_an_alert_of_another_kind_counts_for_neither_side() -> None:
    course = [beat(1, 0, alert="CartDown"), beat(1, 1, alert="CartDown", fires=False)]
    assert record({1: course, 2: []}, [ran(1)]) == TrackRecord(within=WITHIN)


def test_an_incident_in_which_something_else_ran_is_no_baseline() -> None:
    course = [beat(1, 0), beat(1, 9, fires=False)]
    assert record({1: course}, [ran(1, template="other")]) == TrackRecord(within=WITHIN)


def test_what_is_too_recent_or_was_over_before_is_not_judged() -> None:
    young = START + timedelta(minutes=6)
    assert record({1: [beat(1, 0)]}, [ran(1)], young).runs == 0
    assert record({1: [beat(1, 0)]}, (), young).alone == 0
    over = [beat(1, 0), beat(1, 2, fires=False)]
    assert record({1: over}, [ran(1)]).runs == 0


def test_below_five_runs_only_counts_are_told() -> None:
    few = TrackRecord(within=WITHIN, runs=4, cleared=3, failed=1, alone=9, alone_cleared=1)
    assert "3 of 4" not in few.said
    assert few.said.startswith("run 4 times for alerts of this kind, 3 cleared; 1 failed")
    assert few.short == "run 4 times"


def test_from_five_runs_on_the_share_and_the_baseline_are_told() -> None:
    many = TrackRecord(within=WITHIN, runs=6, cleared=5, worse=1, alone=9, alone_cleared=1)
    assert many.said == "cleared 5 of 6 within 15 min, 1 got worse; by itself 1 of 9"
    assert many.short == "cleared 5 of 6"


@given(
    st.dictionaries(
        st.integers(1, 20),
        st.tuples(st.floats(0.1, 60), st.one_of(st.none(), st.floats(0, 60)), st.booleans()),
    )
)
def test_every_incident_is_counted_at_most_once_and_on_one_side(
    drawn: dict[int, tuple[float, float | None, bool]],
) -> None:
    courses = {n: [beat(n, 0), beat(n, end, fires=False)] for n, (end, _, _) in drawn.items()}
    runs = [ran(n, at, failed=bad) for n, (_, at, bad) in drawn.items() if at is not None]
    found = record(courses, runs)
    assert found.cleared + found.worse <= found.runs <= len(runs)
    assert found.failed <= found.runs
    assert found.alone_cleared <= found.alone == len(drawn) - len(runs)
