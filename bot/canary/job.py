"""The engine's part: a canary is parsed, searched for and said like an alert, and opens nothing.

No alert, incident, suggestion or receipt is kept of it, so no list, statistic or storm has it.
"""

from collections.abc import Callable

from bot.alerts.intake import redacted
from bot.alerts.json_body import parse_json
from bot.alerts.sources import generic
from bot.canary.model import MESSAGE_KEY, RUN
from bot.chat.messages import Notice
from bot.chat.ports import CardRoom
from bot.clock import Clock
from bot.jobs.ports import InboxItem, Job
from bot.services.catalogue import Catalogue
from bot.suggestions.jobs import Suggester, with_corrections
from bot.uow import UnitOfWorkFactory
from knowledge.model import PUBLIC, Query


class CanaryJob:
    """Handles the job of one canary. `room` is the canary's own channel; where there is none
    the way ends at the outbox, and the mark says so."""

    def __init__(
        self,
        units: UnitOfWorkFactory,
        builder: Suggester,
        catalogue: Catalogue,
        room: Callable[[], CardRoom | None],
        clock: Clock,
    ) -> None:
        self._units = units
        self._builder = builder
        self._catalogue = catalogue
        self._room = room
        self._clock = clock

    def handle(self, job: Job) -> None:
        with self._units.read() as uow:
            item = uow.inbox.get(str(job.payload["inbox_id"]))
            before = uow.marks.get(RUN)
        if item is None or (before is not None and before["id"] == item.id):
            return
        room = self._room()
        self._search(item, room)
        with self._units.begin() as uow:
            now = self._clock.now()
            revision = None
            if room is not None:
                text = f"Canary of {item.received_at:%Y-%m-%d %H:%M:%S} UTC ({item.id})."
                uow.outbox.put(MESSAGE_KEY, room.to, Notice(text=text), now)
                progress = uow.outbox.progress(MESSAGE_KEY)
                revision = progress.desired if progress is not None else None
            uow.marks.put(RUN, {"id": item.id, "at": now.isoformat(), "revision": revision}, now)

    def _search(self, item: InboxItem, room: CardRoom | None) -> None:
        """The work that an alert makes; what is found is nobody's business."""
        (alert,) = [redacted(alert) for alert in generic.parse(parse_json(item.body))]
        about = self._catalogue.resolve(alert.labels, alert.name)
        query = Query(
            text=f"{alert.name}\n{alert.summary}",
            alert_name=alert.name,
            service=about.service,
            environment=about.environment,
            labels=alert.labels,
            audience=room.audience if room is not None else PUBLIC,
        )
        self._builder.suggest(with_corrections(self._units, query), asked=False)
