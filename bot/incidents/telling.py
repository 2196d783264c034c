"""What an alert rule tells of its service: that it fails itself, or that it does its work badly.

A crash, a full disk, a process that is down are troubles of the very service that the alert is
about; errors, slowness, queues are what one feels whoever is at fault (Google's SRE book calls
them symptoms: latency, traffic, errors, saturation). So two neighbours that both fail themselves
are more likely two problems than two that both feel slow. Pure.
"""

from enum import IntEnum
from functools import lru_cache

from bot.alerts.family import normalised_name


class Telling(IntEnum):
    """How surely the trouble is the service's own."""

    FEELS = 0
    FAILS = 1
    RUNS_OUT = 2


def _words(*lines: str) -> frozenset[str]:
    return frozenset(" ".join(lines).split())


FAILS_ITSELF = _words(
    "absent corrupt corrupted crash crashed crashing crashlooping crashloop deadlock dead died",
    "disk down evicted exhausted exhaustion filesystem full gone hung inodes killed loop memory",
    "missing notready offline oom oomkill oomkilled panic quorum readonly ready reboot rebooted",
    "restart restarted restarting restarts space splitbrain stopped stuck terminated unhealthy",
    "unreachable volume",
)
"""Words of rules about the thing itself. `ready` is there for "not ready"."""
RUNS_OUT = _words(
    "disk filesystem full inodes killed memory oom oomkill oomkilled space volume",
)
"""Those of means that are used up at home: what is called elsewhere does not fill a disk."""
FEELS = _words(
    "4xx 5xx apdex availability backlog budget burn consumer degraded delay duration error errors",
    "failure failures lag latency objective p50 p90 p95 p99 percentile queue rate ratio requests",
    "response saturated saturation slo slow slowness throughput timeout timeouts traffic upstream",
    "upstreams",
)
"""Words of rules about its work: latency, traffic, errors, saturation. They outweigh the others."""


@lru_cache(maxsize=4_096)
def telling(name: str) -> Telling:
    """What an alert rule of that name is about, as its words have it."""
    words = set(normalised_name(name).split("-"))
    if words & FEELS or not words & FAILS_ITSELF:
        return Telling.FEELS
    return Telling.RUNS_OUT if words & RUNS_OUT else Telling.FAILS


@lru_cache(maxsize=4_096)
def is_symptom(name: str) -> bool:
    """Whether an alert rule of that name speaks of errors, slowness or queues: what one feels
    whoever is at fault. One that no word fits may be anything."""
    return bool(set(normalised_name(name).split("-")) & FEELS)
