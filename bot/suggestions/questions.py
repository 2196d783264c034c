"""Questions by programs and the command line: answered, and kept with their receipts."""

from collections.abc import Mapping

from bot.clock import Clock
from bot.redact import redact, redact_labels
from bot.services.catalogue import Catalogue
from bot.suggestions.jobs import Suggester, with_corrections
from bot.suggestions.model import Suggestion, Value
from bot.suggestions.ports import StoredSuggestion
from bot.uow import UnitOfWorkFactory
from knowledge.model import Query


class SuggestRequest(Value):
    """A question: free text, alert labels, log lines."""

    text: str
    labels: Mapping[str, str] = {}
    logs: tuple[str, ...] = ()
    asked_by: str = "api"


class Questions:
    """The use case behind `POST /v1/suggest` and `recall ask`; sees what everyone may see."""

    def __init__(
        self,
        units: UnitOfWorkFactory,
        builder: Suggester,
        catalogue: Catalogue,
        clock: Clock,
    ) -> None:
        self._units = units
        self._builder = builder
        self._catalogue = catalogue
        self._clock = clock

    def answer(self, request: SuggestRequest) -> Suggestion:
        labels = redact_labels(request.labels)
        name = labels.get("alertname")
        about = self._catalogue.resolve(labels, name or "")
        logs = redact("\n".join(request.logs))
        query = Query(
            text=redact(request.text),
            alert_name=name,
            service=about.service,
            environment=about.environment,
            labels=labels,
            logs=(logs,) if logs else (),
        )
        suggestion = self._builder.suggest(with_corrections(self._units, query), asked=True)
        stored = StoredSuggestion(
            suggestion=suggestion,
            incident_id=None,
            asked_by=request.asked_by,
            created_at=self._clock.now(),
        )
        with self._units.begin() as uow:
            uow.suggestions.add(stored)
        return suggestion
