"""Storms of many conditions through the real intake: incidents against planted causes."""

import pytest

from tests.bench.measuring import print_table
from tests.generated.storms import CONDITIONS, make_storm
from tests.generated.storms_measure import Outcome, outcome_of

pytestmark = pytest.mark.bench

SEED = 7
ALERTS = 2_000
STORM = 10_000


def test_what_becomes_of_storms() -> None:
    rows, storm = [], None
    for name, weather in CONDITIONS.items():
        alerts = STORM if name == "all of it" else ALERTS
        storm = outcome_of(make_storm(SEED, alerts, weather))
        rows.append(row(name, storm))
    print_table(
        "Storms over 200 services: incidents against planted causes",
        ("condition", "alerts", "causes", "incidents", "more", "in the right one", "merged pairs"),
        rows,
        notes=[
            "30 % of the dependencies are not declared. Each chronic alert counts as a cause.",
            "Goals: at most 5 % more incidents, 95 % in the right one, 2 % of pairs merged.",
        ],
    )
    assert storm is not None
    assert storm.wrongly_merged <= 0.02


def row(name: str, found: Outcome) -> tuple[object, ...]:
    return (
        *(name, found.alerts, found.causes, found.incidents, f"{found.more_incidents:+.1%}"),
        *(f"{found.right:.1%}", f"{found.wrongly_merged:.2%}"),
    )
