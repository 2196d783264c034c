"""Alert sources: one file each, `parse(payload) -> list[Alert]`, pure. The registry is this dict.

Adding a source is one file, one line here, and its golden bodies in `tests/data/sources/<name>`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from bot.alerts.model import Alert
from bot.alerts.sources import alertmanager, generic


@dataclass(frozen=True, slots=True)
class Source:
    """One kind of sender. `parse` takes parsed JSON and raises BadPayload, nothing else."""

    name: str
    parse: Callable[[object], list[Alert]]
    title: str


SOURCES: Mapping[str, Source] = {
    "alertmanager": Source("alertmanager", alertmanager.parse, "Prometheus Alertmanager"),
    "generic": Source("generic", generic.parse, "Any tool, in Recall's own JSON shape"),
}
