"""Log lines that are sent to Recall become part of the open incident of their service."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bot.alerts.logs import LOGS_TALLY, LogBatch, read_logs
from bot.clock import Clock
from bot.incidents.model import Incident, TimelineEntry, TimelineKind
from bot.jobs.ports import InboxItem, Job
from bot.people.model import SYSTEM
from bot.redact import redact
from bot.services.catalogue import Catalogue
from bot.suggestions.jobs import search_anew
from bot.uow import UnitOfWork, UnitOfWorkFactory
from knowledge.text.logs import read_log, what_matters

KEPT_CHARACTERS = 100_000
"""Characters of one delivery that an incident keeps."""

_MOST_THINGS = 400
_LONGEST_THING = 4_000
_MOST_NAMED = 5


@dataclass(slots=True)
class _Share:
    """What one incident gets of a delivery."""

    incident: Incident
    lines: list[str] = field(default_factory=list)


class LogsJob:
    """Handles the job of one delivery of lines; safe to repeat.

    Lines of a service without an open incident are not kept; the delivery says so in the inbox.
    """

    def __init__(self, units: UnitOfWorkFactory, catalogue: Catalogue, clock: Clock) -> None:
        self._units = units
        self._catalogue = catalogue
        self._clock = clock

    def handle(self, job: Job) -> None:
        """Raises BadPayload for a body that cannot be read; the inbox keeps it as failed."""
        with self._units.read() as uow:
            item = uow.inbox.get(str(job.payload["inbox_id"]))
        if item is None or not item.body:
            return
        batches = read_logs(item.body, item.content_type)
        with self._units.read() as uow:
            shares, homeless = self._shared(uow, batches)
        # What takes its time is done outside of any transaction that writes.
        kept = {
            incident_id: that_matters(redact("\n".join(share.lines)))
            for incident_id, share in shares.items()
        }
        with self._units.begin() as uow:
            for incident_id, text in kept.items():
                self._attach(uow, incident_id, item, len(shares[incident_id].lines), text)
            if homeless:
                uow.inbox.note(item.id, redact(_told(homeless)))
            _count(uow, bool(kept), self._clock)

    def _shared(
        self, uow: UnitOfWork, batches: Sequence[LogBatch]
    ) -> tuple[dict[int, _Share], list[str]]:
        """What each incident gets, and the services of which none is open."""
        shares: dict[int, _Share] = {}
        homeless: list[str] = []
        for batch in batches:
            incident = self._incident_of(uow, batch)
            if incident is None:
                homeless.append(" in ".join(filter(None, (batch.service, batch.environment))))
            else:
                shares.setdefault(incident.id, _Share(incident)).lines.extend(batch.lines)
        return shares, homeless

    def _incident_of(self, uow: UnitOfWork, batch: LogBatch) -> Incident | None:
        """The newest open incident of the service, in its environment where both name one."""
        if not batch.service:
            return None
        labels = {"service": batch.service, "environment": batch.environment}
        about = self._catalogue.resolve({name: value for name, value in labels.items() if value})
        if about.service is None:
            return None
        fitting = (
            incident
            for incident in uow.incidents.active(about.service)
            if not (about.environment and incident.environment)
            or about.environment == incident.environment
        )
        return next(fitting, None)

    def _attach(
        self, uow: UnitOfWork, incident_id: int, item: InboxItem, lines: int, text: str
    ) -> None:
        incident = uow.incidents.get(incident_id)
        if incident is None or incident.state.is_over:
            return
        known = uow.incidents.timeline(incident_id)
        if any(entry.data.get("delivery") == item.id for entry in known):
            return
        kept = text.count("\n") + 1
        said = f"{lines} line{'s' if lines > 1 else ''} sent to /v1/logs"
        entry = TimelineEntry(
            at=self._clock.now(),
            kind=TimelineKind.EVIDENCE,
            text=said if kept >= lines else f"{said}, {kept} of them kept",
            actor=SYSTEM.key,
            data={"text": text, "delivery": item.id},
        )
        uow.incidents.add_timeline(incident_id, [entry])
        search_anew(uow, incident, self._clock)


def that_matters(text: str) -> str:
    """`text`, or where it is longer than `KEPT_CHARACTERS` the lines of it that matter: stack
    traces and errors first, one of each kind, in the order of the log."""
    if len(text) <= KEPT_CHARACTERS:
        return text
    left = KEPT_CHARACTERS
    chosen: list[tuple[int, str]] = []
    for thing in what_matters(read_log(text), most=_MOST_THINGS):
        example = thing.example[:_LONGEST_THING]
        if len(example) + 1 <= left:
            left -= len(example) + 1
            chosen.append((thing.first_line, example))
    return "\n".join(example for _, example in sorted(chosen))


def _told(homeless: Sequence[str]) -> str:
    named = [name[:80] for name in homeless[:_MOST_NAMED] if name]
    more = len(homeless) - len(named)
    if not named:
        return "not kept: the lines name no service; add ?service=NAME to the address"
    others = f" and of {more} more" if more else ""
    return f"not kept: there is no open incident of {', '.join(named)}{others}"


def _count(uow: UnitOfWork, is_attached: bool, clock: Clock) -> None:
    before: Mapping[str, Any] = uow.marks.get(LOGS_TALLY) or {}
    name = "attached" if is_attached else "unattached"
    tally = {"attached": 0, "unattached": 0, **before}
    uow.marks.put(LOGS_TALLY, {**tally, name: int(tally[name]) + 1}, clock.now())
