"""What belongs together in one batch, whatever order it came in."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from bot.alerts.model import Severity
from bot.incidents.cohorts import Planned, arrange
from bot.incidents.grouping import JoinReason, Newcomer, place
from bot.incidents.model import Incident, IncidentState
from bot.incidents.traces import Trace

NOW = datetime(2026, 11, 19, 3, 12, tzinfo=UTC)
WINDOW = timedelta(minutes=5)
NEEDS = {("web-1", "api-1"), ("api-1", "db-1"), ("web-2", "api-2")}
SERVICES = ("web-1", "api-1", "db-1", "web-2", "api-2", None)


def depends(one: str, other: str) -> bool:
    return (one, other) in NEEDS


def a_newcomer(service: str | None, name: str = "Errors", **changes: object) -> Newcomer:
    one = Newcomer(
        source="generic",
        name=name,
        group_key=None,
        service=service,
        environment="prod",
        received_at=NOW,
    )
    return replace(one, **changes)  # type: ignore[arg-type]


def an_incident(service: str | None, opened_at: datetime = NOW) -> Incident:
    return Incident(
        id=1,
        key="RCL-1",
        title="t",
        service=service,
        environment="prod",
        severity=Severity.HIGH,
        state=IncidentState.OPEN,
        group_key="k",
        opened_at=opened_at,
    )


def arranged(
    newcomers: dict[str, Newcomer],
    *active: Incident,
    traces: dict[int, list[Trace]] | None = None,
) -> dict[str, Planned]:
    return arrange(newcomers, active, window=WINDOW, depends=depends, traces=traces or {})


def together(plan: dict[str, Planned]) -> set[frozenset[str]]:
    groups: dict[object, set[str]] = {}
    for key, planned in plan.items():
        incident = planned.joining.incident
        groups.setdefault(incident.id if incident else ("new", planned.cohort), set()).add(key)
    return {frozenset(keys) for keys in groups.values()}


newcomers = st.builds(
    a_newcomer,
    st.sampled_from(SERVICES),
    st.sampled_from(("Errors", "Slow")),
    received_at=st.integers(0, 400).map(lambda seconds: NOW + timedelta(seconds=seconds)),
    node=st.sampled_from((None, "n-1", "n-2")),
    group_key=st.sampled_from((None, "g")),
)


@given(st.lists(newcomers, max_size=12), st.randoms(use_true_random=False))
def test_every_alert_has_a_place_and_their_order_makes_no_difference(
    batch: list[Newcomer], chance: object
) -> None:
    keyed = {f"f{number}": one for number, one in enumerate(batch)}
    shuffled = list(keyed.items())
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    one, other = arranged(keyed, an_incident("db-1")), arranged(dict(shuffled), an_incident("db-1"))
    assert set(one) == set(keyed)
    assert together(one) == together(other)


def test_two_ends_of_a_cascade_come_together_through_what_arrives_last() -> None:
    plan = arranged({"a": a_newcomer("web-1"), "b": a_newcomer("db-1"), "c": a_newcomer("api-1")})
    assert together(plan) == {frozenset("abc")}
    assert arranged({"a": a_newcomer("web-1"), "b": a_newcomer("db-1")})["b"].cohort == 1


def test_what_joins_an_open_incident_brings_its_neighbours_along() -> None:
    plan = arranged(
        {"a": a_newcomer("web-1"), "b": a_newcomer("api-1")},
        an_incident("db-1"),
        traces={1: [Trace(name="X", service="db-1", at=NOW)]},
    )
    assert together(plan) == {frozenset("ab")}
    assert plan["a"].joining.text == "web-1 depends on api-1, 0 s apart"


def test_one_machine_in_one_burst_is_one_problem_but_not_beside_others() -> None:
    on_node = a_newcomer("web-2", node="n-1")
    alone = [Trace(name="X", service="db-1", at=NOW, node="n-1")]
    spread = [*alone, Trace(name="X", service="db-1", at=NOW, node="n-2")]

    def reason(traces: list[Trace], newcomer: Newcomer = on_node) -> JoinReason:
        return place(
            newcomer,
            [an_incident("db-1")],
            window=WINDOW,
            depends=depends,
            traces={1: traces},
        ).reason

    assert reason(alone) is JoinReason.SAME_NODE
    assert reason(spread) is JoinReason.NEW
    later = replace(on_node, received_at=NOW + timedelta(seconds=61))
    assert reason(alone, later) is JoinReason.NEW


def test_an_incident_goes_on_while_it_spreads_but_not_for_ever() -> None:
    opened = NOW - timedelta(minutes=30)
    fresh = [Trace(name="X", service="api-1", at=NOW)]

    def joins(opened_at: datetime) -> bool:
        return (
            place(
                a_newcomer("web-1"),
                [an_incident("db-1", opened_at)],
                window=WINDOW,
                depends=depends,
                traces={1: fresh},
            ).incident
            is not None
        )

    assert joins(opened)
    assert not joins(NOW - timedelta(minutes=61))
