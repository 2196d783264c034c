"""What an alert rule tells of its service: that it fails itself, or that it does its work badly.

A crash, a full disk, a process that is down are troubles of the very service that the alert is
about; errors, slowness, queues are what one feels whoever is at fault (Google's SRE book calls
them symptoms: latency, traffic, errors, saturation). So two neighbours that both fail themselves
are more likely two problems than two that both feel slow. Pure.
"""

from functools import lru_cache
from typing import Final

from bot.alerts.family import normalised_name

FAILS_ITSELF: Final = frozenset(
    [
        "absent",
        "corrupt",
        "corrupted",
        "crash",
        "crashed",
        "crashing",
        "crashlooping",
        "crashloop",
        "deadlock",
        "dead",
        "died",
        "disk",
        "down",
        "evicted",
        "exhausted",
        "exhaustion",
        "filesystem",
        "full",
        "gone",
        "hung",
        "inodes",
        "killed",
        "loop",
        "memory",
        "missing",
        "notready",
        "offline",
        "oom",
        "oomkill",
        "oomkilled",
        "panic",
        "quorum",
        "readonly",
        "ready",
        "reboot",
        "rebooted",
        "restart",
        "restarted",
        "restarting",
        "restarts",
        "space",
        "splitbrain",
        "stopped",
        "stuck",
        "terminated",
        "unhealthy",
        "unreachable",
        "volume",
    ]
)
"""Words of rules about the thing itself. `ready` is there for "not ready"."""
FEELS: Final = frozenset(
    [
        "4xx",
        "5xx",
        "apdex",
        "availability",
        "backlog",
        "budget",
        "burn",
        "consumer",
        "degraded",
        "delay",
        "duration",
        "error",
        "errors",
        "failure",
        "failures",
        "latency",
        "lag",
        "objective",
        "p50",
        "p90",
        "p95",
        "p99",
        "percentile",
        "queue",
        "rate",
        "ratio",
        "requests",
        "response",
        "saturated",
        "saturation",
        "slo",
        "slow",
        "slowness",
        "throughput",
        "timeout",
        "timeouts",
        "traffic",
        "upstream",
        "upstreams",
    ]
)
"""Words of rules about its work: latency, traffic, errors, saturation. They outweigh the others."""


@lru_cache(maxsize=4_096)
def fails_itself(name: str) -> bool:
    """Whether an alert rule of that name is about the service itself, as its words have it."""
    words = set(normalised_name(name).split("-"))
    return not words & FEELS and bool(words & FAILS_ITSELF)
