"""What looks like one problem, and what like two."""

from datetime import UTC, datetime, timedelta

import pytest

from bot.alerts.model import Severity
from bot.incidents.belonging import AsOne, Shown, as_one, as_two, likeness_of
from bot.incidents.model import Incident, IncidentState
from bot.incidents.telling import telling
from bot.incidents.traces import Trace, nothing_told, words_of

AT = datetime(2026, 11, 19, 3, 0, tzinfo=UTC)
FAILS = "5 % of the requests to {} fail"


def needs(one: str, other: str) -> bool:
    return (one, other) in {("checkout", "payments-api"), ("checkout", "orders-db")}


def trace(
    name: str, service: str | None, summary: str = "", minutes: float = 0, **more: str
) -> Trace:
    return Trace(
        name=name,
        service=service,
        at=AT + timedelta(minutes=minutes),
        words=words_of(name, summary),
        telling=telling(name),
        node=more.get("node"),
        namespace=more.get("namespace"),
    )


def shown(number: int, minutes: float, *traces: Trace, ended: float | None = None) -> Shown:
    incident = Incident(
        id=number,
        key=f"RCL-{number}",
        title="t",
        service=traces[0].service,
        environment="prod",
        severity=Severity.HIGH,
        state=IncidentState.OPEN,
        group_key=f"k{number}",
        opened_at=AT + timedelta(minutes=minutes),
        resolved_at=None if ended is None else AT + timedelta(minutes=ended),
    )
    return Shown(incident, traces)


def pairs(*some: Shown) -> list[AsOne]:
    return as_one(some, depends=needs, told=nothing_told)


FIRST = shown(1, 0, trace("HighErrorRate", "payments-api", FAILS.format("payments-api")))
LATER = trace("HighErrorRate", "checkout", FAILS.format("checkout"), 10)


def test_like_alerts_of_services_that_need_each_other_look_like_one() -> None:
    [found] = pairs(shown(2, 10, LATER), FIRST)
    assert (found.goes.key, found.into.key) == ("RCL-2", "RCL-1")
    assert found.likeness == 1.0
    assert found.because == "checkout depends on payments-api"


def test_what_alerts_named_before_counts_as_a_dependency() -> None:
    other = shown(2, 10, trace("HighErrorRate", "search", FAILS.format("search"), 10))
    assert pairs(FIRST, other) == []
    [found] = as_one(
        (FIRST, other), depends=needs, told=lambda *two: two == ("search", "payments-api")
    )
    assert found.because == "alerts of search have named payments-api before"


@pytest.mark.parametrize(
    "second",
    [
        shown(2, 31, LATER),
        shown(2, 10, trace("HighErrorRate", "search", FAILS.format("search"), 10)),
        shown(2, 10, trace("QueueGrows", "checkout", "300 items wait", 10)),
        shown(2, 10, LATER, trace("RestartLoop", "checkout", "", 10)),
        shown(2, 10, trace("HighErrorRate", None, FAILS.format("x"), 10)),
    ],
    ids=["too late", "no dependency", "other words", "fails by itself", "service unknown"],
)
def test_what_is_not_near_or_not_alike_stays_apart(second: Shown) -> None:
    assert pairs(FIRST, second) == []


def test_what_was_over_before_the_other_began_stays_apart() -> None:
    over = shown(1, 0, *FIRST.traces, ended=9)
    assert pairs(over, shown(2, 10, LATER)) == []
    assert len(pairs(shown(1, 0, *FIRST.traces, ended=11), shown(2, 10, LATER))) == 1


def test_what_may_belong_to_several_is_told_of_none() -> None:
    third = shown(3, 2, trace("HighErrorRate", "orders-db", FAILS.format("orders-db"), 2))
    assert pairs(FIRST, third, shown(2, 10, LATER)) == []


def test_numbers_and_the_names_of_services_and_machines_make_nothing_alike() -> None:
    one = trace("PodNotReady", "checkout", "checkout 17 on node-3 as of 1700000000", node="node-3")
    other = trace("BackupLate", "search", "search 17 on node-3 as of 1700000000", node="node-3")
    assert likeness_of(one, other) == 0.0


def test_a_part_with_nothing_in_common_looks_like_a_second_problem() -> None:
    root = trace("DiskFull", "orders-db", "no space left")
    felt = trace("HighErrorRate", "checkout", FAILS.format("checkout"))
    found = as_two(
        shown(1, 0, root, felt, trace("QueueGrows", "search", "300 wait", 5)),
        depends=needs,
        told=nothing_told,
    )
    assert found is not None
    assert found.leaving == (("QueueGrows", "search"),)
    assert found.staying == (("DiskFull", "orders-db"), ("HighErrorRate", "checkout"))
    assert len(found.kinds) == 2
    assert not found.is_burst


@pytest.mark.parametrize(
    "other",
    [
        trace("QueueGrows", "orders-db"),
        trace("QueueGrows", "checkout"),
        trace("QueueGrows", "search", "orders-db does not answer"),
        trace("QueueGrows", "search", node="node-3"),
        trace("QueueGrows", "search", namespace="shop"),
        trace("DiskFull", "search", "no space left"),
        trace("QueueGrows", None),
    ],
    ids=["service", "dependency", "named", "machine", "namespace", "words", "service unknown"],
)
def test_one_thing_in_common_keeps_an_incident_whole(other: Trace) -> None:
    root = trace("DiskFull", "orders-db", "no space left", node="node-3", namespace="shop")
    assert as_two(shown(1, 0, root, other), depends=needs, told=nothing_told) is None
