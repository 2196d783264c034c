"""Storms: the deliveries that a landscape's causes bring about, with the truth beside them.

Shares no code and no topology with the grouper. Each `Weather` is one condition; all of them
together are the storm of the table. Times are seconds since the scenario began.
"""

import json
import random
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.generated.storms_world import (
    Cause,
    Landscape,
    Symptom,
    break_node,
    break_service,
    make_landscape,
)

START = datetime(2026, 11, 19, 3, 0, tzinfo=UTC)
UID = "uid"
"""The label that carries the planted alert's own name; no tool or rule knows it."""
_TOOLS = ("alertmanager", "grafana", "generic")
_ROOT_ALERTS = (
    ("InstanceUnhealthy", "{svc} fails its health check", "critical"),
    ("RestartLoop", "containers of {svc} restart again and again", "critical"),
    ("ConnectionsExhausted", "{svc}: {n} of {n} connections in use", "critical"),
    ("VolumeFull", "no space left on a volume of {svc}", "critical"),
    ("MemoryPressure", "{svc} was killed for want of memory {n} times", "warning"),
)
_FELT_ALERTS = (
    ("ErrorRatio", "{n} % of the requests to {svc} fail", "critical"),
    ("SlowRequests", "p99 of {svc} is {n}00 ms", "warning"),
    ("QueueGrows", "{n}00 items wait in front of {svc}", "warning"),
    ("AvailabilityObjective", "{svc} is below its objective", "critical"),
    ("SaturationHigh", "worker threads of {svc} are all busy", "warning"),
)
_CALL_ALERTS = (
    ("UpstreamTimeouts", "calls from {svc} to {callee} time out", "warning"),
    ("UpstreamErrors", "{svc} gets errors from {callee}", "critical"),
)
_NODE_ALERTS = (
    ("PodNotReady", "a pod of {svc} on {node} is not ready", "warning"),
    ("TargetDown", "{svc} cannot be scraped on {node}", "critical"),
    ("PodStuck", "a pod of {svc} on {node} does not terminate", "warning"),
)
_NOISE_ALERTS = (
    ("CertificateExpiresSoon", "a certificate of {svc} ends in {n} days", "info"),
    ("BackupOld", "the last backup of {svc} is {n} hours old", "warning"),
    ("CpuThrottled", "{svc} is throttled {n} % of the time", "info"),
)


@dataclass(frozen=True, slots=True)
class Weather:
    """What goes wrong with the deliveries, and how causes lie to each other."""

    flaps: bool = False
    out_of_order: bool = False
    skew: bool = False
    duplicates: bool = False
    partial_resolves: bool = False
    mixed_tools: bool = False
    noise: bool = False
    overlapping: bool = False


CONDITIONS = {
    "cascades and nodes": Weather(),
    "flaps": Weather(flaps=True),
    "out of order": Weather(out_of_order=True),
    "clock skew": Weather(skew=True),
    "duplicates": Weather(duplicates=True),
    "partial resolves": Weather(partial_resolves=True),
    "mixed tools": Weather(mixed_tools=True),
    "chronic noise": Weather(noise=True),
    "two overlapping causes": Weather(overlapping=True),
    "all of it": Weather(True, True, True, True, True, True, True, True),
}


@dataclass(frozen=True, slots=True)
class Planted:
    """One alert instance. `truth` names the cause, or the noise, that it comes from."""

    uid: str
    truth: str
    tool: str
    name: str
    summary: str
    severity: str
    service: str
    pod: str
    node: str
    cluster: str
    begins: float
    ends: float


@dataclass(frozen=True, slots=True)
class Delivery:
    at: float
    source: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Storm:
    land: Landscape
    planted: Sequence[Planted]
    deliveries: Sequence[Delivery]

    @property
    def truth(self) -> dict[str, str]:
        return {alert.uid: alert.truth for alert in self.planted}


def make_storm(seed: int, alerts: int, weather: Weather) -> Storm:
    """A storm of about `alerts` planted alerts over 200 services."""
    chance = random.Random(seed)
    land = make_landscape(chance)
    planted: list[Planted] = []
    if weather.noise:
        planted += _noise(land, chance, max(3, alerts // 500))
    noisy = frozenset(alert.service for alert in planted)
    causes: list[Cause] = []
    at = 300.0
    while len(planted) < alerts:
        follows = weather.overlapping and causes and len(causes) % 2 == 1
        at += chance.uniform(5, 60) if follows else chance.uniform(120, 480)
        taken = noisy | {s for one in causes if one.at + one.lasts + 900 > at for s in one.services}
        if follows and chance.random() < 0.5:  # next door, so that they run into each other
            near = causes[-1].symptoms[0].service.split("-")[0]
            cause = break_service(land, chance, len(causes) + 1, at, taken, near)
        else:
            breaks = break_node if chance.random() < 0.2 else break_service
            cause = breaks(land, chance, len(causes) + 1, at, taken)
        if cause is None:
            continue
        causes.append(cause)
        planted += _alerts_of(cause, land, chance, weather, room=alerts - len(planted))
    return Storm(land, planted, _deliveries(planted, chance, weather))


def _alerts_of(
    cause: Cause, land: Landscape, chance: random.Random, weather: Weather, room: int
) -> list[Planted]:
    made: list[Planted] = []
    for symptom in cause.symptoms:
        for name, text, severity in _kinds(symptom, chance):
            where = [p for p in land.pods[symptom.service] if symptom.node in (None, p.node)]
            for pod in chance.sample(where, chance.randint(max(1, len(where) // 2), len(where))):
                begins = cause.at + symptom.delay + chance.uniform(0, 20)
                made.append(
                    Planted(
                        uid=f"{cause.id}/{symptom.service}/{name}/{pod.name}",
                        truth=cause.id,
                        tool=_TOOLS[sum(symptom.service.encode()) % 3],
                        name=name,
                        summary=text.format(
                            svc=symptom.service,
                            callee=symptom.through,
                            node=pod.node,
                            n=chance.randint(2, 99),
                        ),
                        severity=severity,
                        service=symptom.service,
                        pod=pod.name,
                        node=pod.node,
                        cluster=land.cluster[symptom.service],
                        begins=begins,
                        ends=cause.at + cause.lasts + chance.uniform(0, 120),
                    )
                )
                if weather.mixed_tools and chance.random() < 0.4:
                    made.append(_seen_elsewhere(made[-1], chance))
    return made[: max(room, 1)]


def _kinds(symptom: Symptom, chance: random.Random) -> list[tuple[str, str, str]]:
    if symptom.node is not None:
        return chance.sample(_NODE_ALERTS, chance.choice((1, 2)))
    if symptom.through is None:
        return chance.sample(_ROOT_ALERTS, 3)
    kinds = chance.sample(_FELT_ALERTS, chance.choice((2, 3, 4)))
    if chance.random() < 0.5:
        kinds.append(chance.choice(_CALL_ALERTS))
    return kinds


def _seen_elsewhere(alert: Planted, chance: random.Random) -> Planted:
    tool = chance.choice([one for one in _TOOLS if one != alert.tool])
    name = f"{alert.service}: {alert.name}"
    begins = alert.begins + chance.uniform(0, 40)
    return replace(alert, uid=f"{alert.uid}@{tool}", tool=tool, name=name, begins=begins)


def _noise(land: Landscape, chance: random.Random, count: int) -> list[Planted]:
    """Alerts that fire for hours and mean nothing; each is a matter of its own."""
    made = []
    for service in chance.sample(list(land.services), min(count, 20)):
        name, text, severity = chance.choice(_NOISE_ALERTS)
        pod = land.pods[service][0]
        truth = f"noise/{service}"
        summary = text.format(svc=service, n=chance.randint(2, 60))
        tool = chance.choice(_TOOLS)
        cluster = land.cluster[service]
        begins = chance.uniform(0, 3600)
        made.append(
            Planted(
                truth,
                truth,
                tool,
                name,
                summary,
                severity,
                service,
                pod.name,
                pod.node,
                cluster,
                begins,
                begins + 36_000,
            )
        )
    return made


def _deliveries(
    planted: Sequence[Planted], chance: random.Random, weather: Weather
) -> list[Delivery]:
    """Reports gathered as the tools gather them: by rule and service, every fifteen seconds."""
    groups: dict[tuple[int, str, str, str, bool], list[tuple[Planted, float]]] = defaultdict(list)
    for alert in planted:
        for at, firing in _reports(alert, chance, weather):
            late = chance.expovariate(1 / 20) if weather.out_of_order else 0.0
            slot = int((at + late) // 15)
            groups[slot, alert.tool, alert.name, alert.service, firing].append((alert, at))
    skew = {tool: chance.uniform(-90, 90) if weather.skew else 0.0 for tool in _TOOLS}
    made: list[Delivery] = []
    for (slot, tool, name, service, firing), reports in groups.items():
        at = slot * 15 + chance.uniform(0, 15)
        bodies = _WRITERS[tool](name, service, reports, firing, skew[tool])
        made += [Delivery(at, tool, json.dumps(body).encode()) for body in bodies]
        if weather.duplicates and chance.random() < 0.2:
            later = at + chance.uniform(0, 30)
            made += [Delivery(later, tool, json.dumps(body).encode()) for body in bodies]
    return sorted(made, key=lambda one: one.at)


def _reports(
    alert: Planted, chance: random.Random, weather: Weather
) -> Iterable[tuple[float, bool]]:
    yield alert.begins, True
    is_noise = alert.truth.startswith("noise/")
    if is_noise or (weather.flaps and chance.random() < 0.15):
        every = chance.uniform(600, 1500) if is_noise else chance.uniform(60, 150)
        times = 8 if is_noise else chance.randint(2, 6)
        for number in range(times):
            yield alert.begins + every * (number + 0.5), False
            yield alert.begins + every * (number + 1), True
        if not is_noise:
            yield max(alert.ends, alert.begins + every * (times + 1)), False
        return
    if weather.partial_resolves and chance.random() < 0.3:
        early = chance.uniform(60, 300)
        yield alert.begins + early, False
        return
    yield alert.ends, False


def _when(at: float) -> str:
    return (START + timedelta(seconds=at)).isoformat()


def _labels(alert: Planted) -> dict[str, str]:
    return {
        "service": alert.service,
        "environment": "prod",
        "cluster": alert.cluster,
        "namespace": alert.service.split("-")[0],
        "pod": alert.pod,
        "node": alert.node,
        "severity": alert.severity,
        UID: alert.uid,
    }


def _alertmanager(
    name: str, service: str, reports: Sequence[tuple[Planted, float]], firing: bool, skew: float
) -> list[Any]:
    status = "firing" if firing else "resolved"
    common = {"alertname": name, "service": service}
    return [
        {
            "version": "4",
            "groupKey": f'{{}}:{{alertname="{name}", service="{service}"}}',
            "status": status,
            "receiver": "recall",
            "groupLabels": common,
            "commonLabels": common,
            "commonAnnotations": {},
            "alerts": [
                {
                    "status": status,
                    "labels": {"alertname": name, **_labels(alert)},
                    "annotations": {"summary": alert.summary},
                    "startsAt": _when(_start(alert, at, firing) + skew),
                    "endsAt": "0001-01-01T00:00:00Z" if firing else _when(at + skew),
                }
                for alert, at in reports
            ],
        }
    ]


def _generic(
    name: str, service: str, reports: Sequence[tuple[Planted, float]], firing: bool, skew: float
) -> list[Any]:
    return [
        {
            "name": name,
            "status": "firing" if firing else "resolved",
            "key": alert.uid,
            "severity": alert.severity,
            "summary": alert.summary,
            "starts_at": _when(_start(alert, at, firing) + skew),
            "labels": _labels(alert),
        }
        for alert, at in reports
    ]


def _start(alert: Planted, at: float, firing: bool) -> float:
    """When the episode began that a report at `at` is about, to within its own tool."""
    return at if firing else max(alert.begins, at - 30)


_WRITERS = {"alertmanager": _alertmanager, "grafana": _alertmanager, "generic": _generic}
assert set(_WRITERS) == set(_TOOLS)
