"""Knowledge for tests: a source in memory, and documents in a line."""

from knowledge.evaluate.memory_source import MemorySource
from knowledge.model import EVERYONE, PastIncident, Runbook, Visibility

__all__ = ["MemorySource", "incident", "runbook"]


def runbook(
    slug: str, body: str, *, visibility: Visibility = EVERYONE, alerts: tuple[str, ...] = ()
) -> Runbook:
    """A runbook whose title is its slug."""
    return Runbook(id=slug, title=slug, body=body, visibility=visibility, alerts=alerts)


def incident(
    slug: str, symptom: str, *, cause: str = "", visibility: Visibility = EVERYONE
) -> PastIncident:
    return PastIncident(id=slug, title=slug, symptom=symptom, cause=cause, visibility=visibility)
