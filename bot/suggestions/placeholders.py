"""`<pod>` and its like in a command, filled from an alert's labels where that is surely safe.

A label's value comes from outside and ends up in a line that a person pastes into a shell. So
it is filled only when it looks like a Kubernetes name and nothing else; otherwise the
placeholder stays visible and the person decides.
"""

import re
from collections.abc import Mapping

LONGEST_VALUE = 63
"""The limit of a DNS label, which Kubernetes names keep to (RFC 1123)."""

_PLACEHOLDER = re.compile(r"<([A-Za-z][A-Za-z0-9_. -]{0,40})>")
_SAFE = re.compile(r"[a-z0-9](?:[a-z0-9.-]{0,61}[a-z0-9])?")

_LABELS: Mapping[str, tuple[str, ...]] = {
    "pod": ("pod", "pod_name", "kubernetes_pod_name"),
    "namespace": ("namespace", "kubernetes_namespace", "exported_namespace"),
    "ns": ("namespace", "kubernetes_namespace"),
    "node": ("node", "nodename", "kubernetes_node"),
    "host": ("host", "hostname", "node", "nodename"),
    "container": ("container", "container_name"),
    "deployment": ("deployment",),
    "statefulset": ("statefulset",),
    "daemonset": ("daemonset",),
    "job": ("job_name",),
    "cronjob": ("cronjob",),
    "pvc": ("persistentvolumeclaim", "pvc"),
    "persistentvolumeclaim": ("persistentvolumeclaim", "pvc"),
    "service": ("service", "app"),
    "app": ("app", "service"),
    "cluster": ("cluster",),
    "database": ("database", "datname"),
    "queue": ("queue",),
    "topic": ("topic",),
    "volume": ("volume", "persistentvolume"),
}
"""Which labels may fill which placeholder, in order; any other is filled by a label of its name."""


def fill(text: str, labels: Mapping[str, str]) -> tuple[str, tuple[str, ...]]:
    """`text` with its placeholders filled where safe, and those left visible, each once."""
    unfilled: dict[str, None] = {}

    def replaced(match: re.Match[str]) -> str:
        value = _value(match.group(1), labels)
        if value is None:
            unfilled[match.group()] = None
            return match.group()
        return value

    return _PLACEHOLDER.sub(replaced, text), tuple(unfilled)


def is_safe(value: str) -> bool:
    """Whether a value may stand in a command: a lower-case name of at most 63 characters."""
    return _SAFE.fullmatch(value) is not None and ".." not in value


def _value(name: str, labels: Mapping[str, str]) -> str | None:
    key = re.sub(r"[ ._-]+", "_", name.lower()).removeprefix("your_").removeprefix("the_")
    key = key.removesuffix("_name")
    for label in _LABELS.get(key, (key,)):
        value = labels.get(label)
        if value is not None:
            return value if is_safe(value) else None
    return None
