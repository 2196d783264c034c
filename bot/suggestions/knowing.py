"""What is known of a service beside its past: who knows it, and what changed last."""

import re
from collections.abc import Sequence
from dataclasses import replace

from bot.channels.about import RoomWords, services_named
from bot.clock import Clock
from bot.incidents.model import Incident
from bot.services.catalogue import Catalogue
from bot.suggestions.changed import ChangedLast, is_same_place, lines_of
from bot.suggestions.jobs import Suggester
from bot.suggestions.model import Changed, Knows, Suggestion
from bot.suggestions.words import spoken_name
from bot.uow import UnitOfWorkFactory
from knowledge.model import Audience, PastIncident, Query

PAST_LOOKED_AT = 10
PEOPLE = 3
_NAME = re.compile(r"[\w.-]+")
_LEAST_NAME = 8
"""Letters of an alert's name that is looked for in a question: shorter ones are words as well."""


class KnowingSuggester:
    """The Suggester port over another one.

    A question that names an alert of an open incident is about that alert, and about that
    incident's service and environment. An abstention also names whom to ask, and every answer to
    a question what changed last; both keep to what all readers may see.
    """

    def __init__(
        self,
        builder: Suggester,
        catalogue: Catalogue,
        units: UnitOfWorkFactory,
        changed: ChangedLast | None = None,
        clock: Clock | None = None,
    ) -> None:
        self._builder = builder
        self._catalogue = catalogue
        self._units = units
        self._changed = changed
        self._clock = clock

    def suggest(self, query: Query, *, asked: bool) -> Suggestion:
        if asked:
            query = self._about_what_is_open(query)
        service = query.service or self._named_in(query.text)
        if query.audience.sees_nothing or not service:
            return self._builder.suggest(query, asked=asked)
        found: dict[str, object] = {}
        if asked:
            found["changes"] = changes = self._what_changed(service, query)
            query = replace(query, changes=query.changes or lines_of(changes))
        made = self._builder.suggest(query, asked=asked)
        if not made.answered:
            found["knows"] = self._who_knows(service, query.audience)
        return made.model_copy(update=found)

    def _about_what_is_open(self, query: Query) -> Query:
        """The query with the place of the open incident whose alert it names by its name."""
        if query.service or query.alert_name or query.audience.sees_nothing:
            return query
        named = {name for name in _NAME.findall(query.text) if len(name) >= _LEAST_NAME}
        if not named:
            return query
        with self._units.read() as uow:
            opened = _seen_by(uow.incidents.active(), query.audience)
        meant = {
            (incident.title.partition(":")[0], incident.service, incident.environment)
            for incident in opened
            if incident.title.partition(":")[0] in named
        }
        # Where several are open, which one is meant cannot be told.
        if len(meant) != 1:
            return query
        [(name, service, environment)] = meant
        return replace(
            query,
            alert_name=name,
            service=service,
            environment=query.environment or environment,
        )

    def _named_in(self, text: str) -> str | None:
        return next(iter(services_named(RoomWords(name=text), self._catalogue)), None)

    def _what_changed(self, service: str, query: Query) -> tuple[Changed, ...]:
        if self._changed is None or self._clock is None:
            return ()
        with self._units.read() as uow:
            opened = [
                incident.opened_at
                for incident in _seen_by(uow.incidents.active(service), query.audience)
                if is_same_place(incident.environment or "", query.environment)
            ]
            return self._changed.until_now(
                uow, service, query.environment, self._clock.now(), max(opened, default=None)
            )

    def _who_knows(self, service: str, audience: Audience) -> Knows | None:
        """Its owner as the catalogue has it, and who ended its last incidents: names that stand
        in records which every reader may see."""
        declared = self._catalogue.services.get(service)
        owner = declared.owner if declared is not None else ""
        people: dict[str, None] = {}
        with self._units.read() as uow:
            for incident in uow.incidents.past(service, PAST_LOOKED_AT):
                record = uow.knowledge.get(incident.key)
                if isinstance(record, PastIncident) and audience.may_see(record.visibility):
                    people |= dict.fromkeys([spoken_name(record.confirmed_by)])
        named = tuple(name for name in people if name)[:PEOPLE]
        return Knows(service=service, owner=owner, people=named) if owner or named else None


def _seen_by(incidents: Sequence[Incident], audience: Audience) -> list[Incident]:
    return [one for one in incidents if audience.may_see(one.visibility)]
