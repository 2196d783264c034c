"""Who knows a service: said where nothing on record is close enough to go by."""

from bot.channels.about import RoomWords, services_named
from bot.services.catalogue import Catalogue
from bot.suggestions.jobs import Suggester
from bot.suggestions.model import Knows, Suggestion
from bot.suggestions.words import spoken_name
from bot.uow import UnitOfWorkFactory
from knowledge.model import Audience, PastIncident, Query

PAST_LOOKED_AT = 10
PEOPLE = 3


class KnowingSuggester:
    """The Suggester port over another one: an abstention also names whom to ask."""

    def __init__(self, builder: Suggester, catalogue: Catalogue, units: UnitOfWorkFactory) -> None:
        self._builder = builder
        self._catalogue = catalogue
        self._units = units

    def suggest(self, query: Query, *, asked: bool) -> Suggestion:
        made = self._builder.suggest(query, asked=asked)
        if made.answered:
            return made
        service = query.service or self._named_in(query.text)
        knows = self._who_knows(service, query.audience) if service else None
        return made if knows is None else made.model_copy(update={"knows": knows})

    def _named_in(self, text: str) -> str | None:
        return next(iter(services_named(RoomWords(name=text), self._catalogue)), None)

    def _who_knows(self, service: str, audience: Audience) -> Knows | None:
        """Its owner as the catalogue has it, and who ended its last incidents: names that stand
        in records which every reader may see."""
        if audience.sees_nothing:
            return None
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
