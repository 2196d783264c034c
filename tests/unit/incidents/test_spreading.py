"""Which faults are one problem because they spread, and which are two, however near."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.alerts.model import Severity
from bot.incidents.cohorts import arrange
from bot.incidents.grouping import Joining, JoinReason, Newcomer, place
from bot.incidents.model import Incident, IncidentState
from bot.incidents.telling import Telling, telling
from bot.incidents.traces import Trace

NOW = datetime(2026, 11, 19, 3, 12, tzinfo=UTC)
WINDOW = timedelta(minutes=5)
NEEDS = {("web-1", "api-1"), ("api-1", "db-1"), ("web-1", "db-2")}
TOLD = {("web-9", "db-1")}


def seconds(number: int) -> datetime:
    return NOW + timedelta(seconds=number)


def a_newcomer(service: str | None, name: str, at: int = 0, **changes: object) -> Newcomer:
    one = Newcomer(
        source="generic",
        name=name,
        group_key=None,
        service=service,
        environment="prod",
        received_at=seconds(at),
        telling=telling(name),
    )
    return replace(one, **changes)  # type: ignore[arg-type]


def an_incident(number: int = 1, service: str = "db-1") -> Incident:
    return Incident(
        id=number,
        key=f"RCL-{number}",
        title="t",
        service=service,
        environment="prod",
        severity=Severity.HIGH,
        state=IncidentState.OPEN,
        group_key=f"k{number}",
        opened_at=NOW,
    )


def a_trace(service: str, name: str, at: int = 0, **changes: object) -> Trace:
    one = Trace(name=name, service=service, at=seconds(at), telling=telling(name))
    return replace(one, **changes)  # type: ignore[arg-type]


def placed(newcomer: Newcomer, traces: dict[int, list[Trace]], *more: Incident) -> Joining:
    return place(
        newcomer,
        [an_incident(), *more],
        window=WINDOW,
        depends=lambda one, other: (one, other) in NEEDS,
        traces=traces,
        told=lambda one, other: (one, other) in TOLD,
    )


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("KubePodCrashLooping", Telling.FAILS),
        ("KubePodNotReady", Telling.FAILS),
        ("PostgresqlDown", Telling.FAILS),
        ("HostOutOfMemory", Telling.RUNS_OUT),
        ("NodeFilesystemAlmostOutOfSpace", Telling.RUNS_OUT),
        ("DiskWillFillIn4Hours", Telling.RUNS_OUT),
        ("HighRequestLatency", Telling.FEELS),
        ("KubeAPIErrorBudgetBurn", Telling.FEELS),
        ("HostUnusualDiskReadLatency", Telling.FEELS),
        ("KafkaConsumersGroupLag", Telling.FEELS),
        ("", Telling.FEELS),
        ("4711", Telling.FEELS),
    ],
)
def test_a_rules_name_tells_whether_the_trouble_is_its_services_own(
    name: str, expected: Telling
) -> None:
    assert telling(name) is expected


def test_what_needs_a_failing_service_joins_but_its_neighbour_that_fails_too_does_not() -> None:
    failing = {1: [a_trace("db-1", "InstanceDown")]}
    assert placed(a_newcomer("api-1", "HighErrorRate", 20), failing).incident
    # its own pods crash: it needs the other, so that may be why
    assert placed(a_newcomer("api-1", "CrashLooping", 20), failing).incident
    # its own disk is full: what it calls has not filled it
    assert placed(a_newcomer("api-1", "DiskFull", 20), failing).incident is None


def test_a_cause_that_shows_after_its_effects_joins_them_unless_they_have_another() -> None:
    effects = [a_trace("web-1", "HighErrorRate")]
    late = a_newcomer("db-2", "DiskFull", 40)
    assert placed(late, {1: effects}).text == "web-1 depends on db-2, 40 s apart"
    assert placed(late, {1: [*effects, a_trace("api-1", "CrashLooping")]}).incident is None


def test_a_service_that_fails_is_one_problem_whatever_else_its_incident_shows() -> None:
    both = {1: [a_trace("db-1", "InstanceDown"), a_trace("api-1", "HighErrorRate")]}
    joined = placed(a_newcomer("api-1", "DiskFull", 20), both)
    assert joined.reason is JoinReason.SAME_SERVICE


def test_a_service_that_texts_have_named_counts_as_one_that_is_called() -> None:
    joined = placed(a_newcomer("web-9", "HighErrorRate", 20), {1: [a_trace("db-1", "CpuBusy")]})
    assert joined.reason is JoinReason.TOLD
    assert joined.text == "alerts of web-9 have named db-1 before, 20 s apart"


def test_what_only_feels_follows_the_one_problem_that_spreads() -> None:
    stranger = a_newcomer("mail-7", "HighErrorRate", 50)
    spreading = [a_trace("db-1", "InstanceDown"), a_trace("api-1", "HighErrorRate", 10)]
    joined = placed(stranger, {1: spreading})
    assert joined.reason is JoinReason.SPREADS
    assert joined.text == "nothing of mail-7 itself fails, this spreads, 40 s apart"


@pytest.mark.parametrize(
    ("newcomer", "shown"),
    [
        pytest.param({}, ["InstanceDown"], id="one service alone spreads nothing"),
        pytest.param({}, ["CpuBusy", "HighErrorRate"], id="nothing in it fails itself"),
        pytest.param({"received_at": seconds(71)}, ["InstanceDown", "Slow"], id="too late"),
        pytest.param({"telling": Telling.FAILS}, ["InstanceDown", "Slow"], id="it fails itself"),
        pytest.param(
            {"keeps_to_itself": True}, ["InstanceDown", "Slow"], id="it came alone before"
        ),
        pytest.param({"service": None}, ["InstanceDown", "Slow"], id="of no known service"),
        pytest.param({"environment": "test"}, ["InstanceDown", "Slow"], id="somewhere else"),
        pytest.param({"is_split": True}, ["InstanceDown", "Slow"], id="people split it"),
        pytest.param({"not_with": frozenset({1})}, ["InstanceDown", "Slow"], id="people said no"),
    ],
)
def test_a_stranger_is_not_drawn_in(newcomer: dict[str, object], shown: list[str]) -> None:
    services = ("db-1", "api-1")
    traces = [a_trace(service, name, 10) for service, name in zip(services, shown, strict=False)]
    stranger = replace(a_newcomer("mail-7", "HighErrorRate", 50), **newcomer)  # type: ignore[arg-type]
    assert placed(stranger, {1: traces}).reason is JoinReason.NEW


def test_where_two_problems_spread_a_stranger_joins_neither() -> None:
    other = an_incident(2, "db-2")
    spreading = [a_trace("db-1", "InstanceDown"), a_trace("api-1", "HighErrorRate", 10)]
    elsewhere = [a_trace("db-2", "InstanceDown"), a_trace("web-2", "HighErrorRate", 10)]
    stranger = a_newcomer("mail-7", "HighErrorRate", 30)
    joined = placed(stranger, {1: spreading, 2: elsewhere}, other)
    assert joined.reason is JoinReason.NEW


def test_a_fault_is_sooner_from_what_failed_just_now_than_long_ago() -> None:
    other = an_incident(2, "db-2")
    long_ago = [a_trace("api-1", "CrashLooping", -200)]
    just_now = [a_trace("db-9", "InstanceDown", -5, namespace="shop")]
    felt = a_newcomer("web-1", "HighErrorRate", 0, namespace="shop")
    assert placed(felt, {1: long_ago, 2: just_now}, other).reason is JoinReason.SAME_NAMESPACE
    assert placed(felt, {1: long_ago}).reason is JoinReason.DEPENDENCY


def test_what_came_alone_before_joins_its_own_service_only() -> None:
    again = a_newcomer("api-1", "CertificateEndsSoon", 20, keeps_to_itself=True)
    assert placed(again, {1: [a_trace("db-1", "InstanceDown")]}).reason is JoinReason.NEW
    own = {1: [a_trace("db-1", "InstanceDown"), a_trace("api-1", "HighErrorRate")]}
    assert placed(again, own).reason is JoinReason.SAME_SERVICE


def groups(**batch: Newcomer) -> set[frozenset[str]]:
    plan = arrange(
        batch,
        [],
        window=WINDOW,
        depends=lambda one, other: (one, other) in NEEDS,
        traces={},
    )
    found: dict[int | None, set[str]] = {}
    for key, planned in plan.items():
        found.setdefault(planned.cohort, set()).add(key)
    return {frozenset(keys) for keys in found.values()}


def test_two_causes_of_one_batch_are_two_incidents_though_one_service_feels_both() -> None:
    found = groups(
        a=a_newcomer("db-1", "DiskFull"),
        b=a_newcomer("api-1", "HighErrorRate", 5),
        c=a_newcomer("web-1", "HighErrorRate", 6),
        d=a_newcomer("db-2", "OutOfMemory", 7),
    )
    assert found == {frozenset("abc"), frozenset("d")}


def test_all_that_a_batch_says_of_a_service_goes_together() -> None:
    found = groups(
        a=a_newcomer("db-1", "DiskFull"),
        b=a_newcomer("api-1", "HighErrorRate", 5),
        c=a_newcomer("api-1", "OutOfMemory", 6),
    )
    assert found == {frozenset("a"), frozenset("bc")}


def test_a_service_on_several_machines_is_no_failure_of_one() -> None:
    one = a_newcomer("db-1", "InstanceDown", node="n-1")
    other = a_newcomer("mail-7", "InstanceDown", 5, node="n-1")
    assert groups(a=one, b=other) == {frozenset("ab")}
    more = a_newcomer("mail-7", "InstanceDown", 6, node="n-2")
    assert groups(a=one, b=other, c=more) == {frozenset("a"), frozenset("bc")}


def test_a_machines_failure_draws_in_nothing_by_namespace_or_because_it_spreads() -> None:
    def joins(**changes: object) -> JoinReason:
        shown = [
            a_trace("db-1", "PodNotReady", node="n-1", namespace="shop"),
            a_trace("mail-7", "PodNotReady", 5, **{"node": "n-1", **changes}),
        ]
        felt = a_newcomer("pay-3", "HighErrorRate", 20, namespace="shop")
        return placed(felt, {1: shown}).reason

    assert joins() is JoinReason.NEW
    assert joins(node="n-2") is JoinReason.SAME_NAMESPACE


def test_what_needs_a_service_that_begins_to_fail_is_not_drawn_to_an_older_problem() -> None:
    batch = {
        "root": a_newcomer("db-1", "DiskFull", 30),
        "felt": a_newcomer("api-1", "HighErrorRate", 31, namespace="shop"),
    }
    older = [a_trace("db-9", "InstanceDown", namespace="shop")]
    plan = arrange(
        batch,
        [an_incident(service="db-9")],
        window=WINDOW,
        depends=lambda one, other: (one, other) in NEEDS,
        traces={1: older},
    )
    assert plan["root"].cohort is not None
    assert plan["felt"].cohort == plan["root"].cohort


def test_what_fails_long_after_a_neighbour_felt_something_is_another_problem() -> None:
    felt = [a_trace("web-1", "HighErrorRate"), a_trace("db-1", "HighErrorRate")]
    fails = a_newcomer("api-1", "CrashLooping", 120)
    assert placed(fails, {1: felt}).reason is JoinReason.DEPENDENCY
    assert placed(replace(fails, received_at=seconds(121)), {1: felt}).reason is JoinReason.NEW
    feels = a_newcomer("api-1", "HighErrorRate", 121)
    assert placed(feels, {1: felt}).reason is JoinReason.DEPENDENCY
