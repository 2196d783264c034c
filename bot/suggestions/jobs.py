"""The job that follows an incident: search, and say on its card what was found."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Protocol

from bot.actions.offers import Offers, no_offers
from bot.alerts.changes import Change
from bot.alerts.model import Severity, StoredAlert
from bot.channels.interrupting import may_interrupt
from bot.channels.placing import Where, first_place, remember
from bot.chat.budget import A_DAY
from bot.chat.cards import card_key
from bot.chat.ports import Destination
from bot.clock import Clock
from bot.incidents.keeping import follow_record
from bot.incidents.model import Incident, TimelineEntry
from bot.incidents.query import query_of, uses_private_words
from bot.jobs.ports import Job
from bot.people.model import SYSTEM
from bot.schedules.plan import end_of_silence
from bot.storms.job import Storms
from bot.suggestions.changed import ChangedLast, lines_of, note_changes
from bot.suggestions.corrections import corrected, family_key
from bot.suggestions.model import Changed, Suggestion
from bot.suggestions.naming import made_in_private
from bot.suggestions.speak import keep, latest_for_card, show_card
from bot.uow import UnitOfWork, UnitOfWorkFactory
from knowledge.model import Audience, Query

SUGGEST = "suggest"
"""The kind of this job; its key is `suggest:<incident id>:<revision>`."""


_REMEMBERED = 10_000
"""Incidents of which the searched revision is remembered."""


def with_corrections(
    units: UnitOfWorkFactory, query: Query, incident_id: int | None = None
) -> Query:
    """The query as people's words on its incident and its alert's family have it."""
    with units.read() as uow:
        return corrected(
            query, incident_id, uow.corrections.in_force(incident_id, family_key(query))
        )


class Suggester(Protocol):
    def suggest(self, query: Query, *, asked: bool) -> Suggestion:
        """An answer or an abstention; never inside a transaction (it takes its time)."""
        ...


def enqueue(uow: UnitOfWork, incident: Incident, clock: Clock) -> None:
    """Have the card follow the incident's present revision."""
    uow.jobs.add(
        f"{SUGGEST}:{incident.id}:{incident.revision}",
        SUGGEST,
        {"incident_id": incident.id, "revision": incident.revision},
        clock.now(),
    )


def look_again(
    uow: UnitOfWork, incident: Incident, why: str, clock: Clock, at: datetime | None = None
) -> None:
    """Have the card looked at once more although the incident is as it was; once a reason, now
    or `at` a later time."""
    uow.jobs.add(
        f"{SUGGEST}:{incident.id}:{incident.revision}:{why}",
        SUGGEST,
        {"incident_id": incident.id, "revision": incident.revision, "again": True},
        at or clock.now(),
    )


def search_anew(uow: UnitOfWork, incident: Incident, clock: Clock) -> None:
    """Make a new revision of the incident, and have its card follow it."""
    changed = replace(incident, revision=incident.revision + 1)
    uow.incidents.save(changed)
    enqueue(uow, changed, clock)


def follow_changes(
    uow: UnitOfWork,
    changed: ChangedLast,
    changes: Sequence[Change],
    received_at: datetime,
    clock: Clock,
) -> None:
    """Have the cards of open incidents looked at again, where a change was reported late."""
    for incident in uow.incidents.active() if changes else ():
        for change in changes:
            if changed.concerns(incident, change, change.at or received_at):
                look_again(uow, incident, f"changed:{change.key}:{change.status.value}", clock)


class SuggestJob:
    """Handles one `suggest` job; safe to repeat, as every job must be.

    `where` tells where an incident is spoken of: nowhere, where no chat is configured or the
    bot is switched off (the suggestion is kept for the API all the same). It may raise
    ChatUnavailable, and then the job runs again later. A search that finds nothing close enough
    says nothing, unless the card is there already or the channel was made for this incident.
    A job with `again` in its payload looks even where that revision was searched before.
    `storms` tells what is said in a storm's message instead; None: nothing ever is. `changed`
    tells what changed shortly before; None: nothing is told of that. `a_day` is how many posts
    that nobody asked for a channel may get within a day.
    """

    def __init__(
        self,
        units: UnitOfWorkFactory,
        builder: Suggester,
        where: Callable[[Incident], Where],
        clock: Clock,
        storms: Storms | None = None,
        offers: Offers = no_offers,
        changed: ChangedLast | None = None,
        a_day: int = A_DAY,
    ) -> None:
        self._a_day = a_day
        self._offers = offers
        self._storms = storms
        self._changed = changed
        self._units = units
        self._builder = builder
        self._where = where
        self._clock = clock
        self._searched: OrderedDict[int, int] = OrderedDict()
        self._lock = threading.Lock()

    def handle(self, job: Job) -> None:
        incident_id = int(job.payload["incident_id"])
        is_again = bool(job.payload.get("again"))
        if not is_again and self._is_covered(incident_id, int(job.payload["revision"])):
            return
        with self._units.read() as uow:
            incident = uow.incidents.get(incident_id)
            if incident is None:
                return
            alerts = uow.alerts.of_incident(incident_id)
            timeline = uow.incidents.timeline(incident_id)
            stands = uow.outbox.destination(card_key(incident))
        where = self._where(incident)
        audience = _readers(where, stands[0] if stands is not None else None)
        found = self._search(incident, alerts, timeline, audience)
        with self._units.begin() as uow:
            self._say(uow, incident_id, incident.revision, found, where)
        self._cover(incident_id, incident.revision)

    def _is_covered(self, incident_id: int, revision: int) -> bool:
        """Whether a search has seen that revision already: each looks at the newest there is,
        so in a storm one search does for all the revisions that wait behind it."""
        with self._lock:
            return self._searched.get(incident_id, 0) >= revision

    def _cover(self, incident_id: int, revision: int) -> None:
        with self._lock:
            seen = max(revision, self._searched.pop(incident_id, 0))
            self._searched[incident_id] = seen
            while len(self._searched) > _REMEMBERED:
                self._searched.popitem(last=False)

    def _search(
        self,
        incident: Incident,
        alerts: Sequence[StoredAlert],
        timeline: Sequence[TimelineEntry],
        audience: Audience,
    ) -> Suggestion | None:
        if incident.state.is_over:
            return None
        changes = self._changes_before(incident, audience)
        query = query_of(incident, alerts, timeline, changes=lines_of(changes), audience=audience)
        query = with_corrections(self._units, query, incident.id)
        found = self._builder.suggest(query, asked=False).model_copy(update={"changes": changes})
        return made_in_private(found) if uses_private_words(timeline, audience) else found

    def _changes_before(self, incident: Incident, audience: Audience) -> tuple[Changed, ...]:
        """What changed before it opened: evidence for the search, and told beside what it finds."""
        if self._changed is None or audience.sees_nothing:
            return ()
        with self._units.read() as uow:
            return self._changed.before(uow, incident)

    def _say(
        self,
        uow: UnitOfWork,
        incident_id: int,
        searched: int,
        found: Suggestion | None,
        where: Where,
    ) -> None:
        now = self._clock.now()
        # Read again: it may have gone on while the search ran, and the card shows what is.
        incident = uow.incidents.get(incident_id)
        if incident is None:
            return
        follow_record(uow, incident, now)
        shown = latest_for_card(uow, incident_id)
        # When it has, another job searches for what it is now, or has done so: this answer is
        # good enough for a first card, but must not take the place of a newer one.
        is_newest = incident.revision <= searched
        if found is not None and (shown is None or (is_newest and not says_the_same(shown, found))):
            keep(uow, found, incident, SYSTEM.key, now)
            note_changes(uow, incident, found.changes, uow.incidents.timeline(incident_id))
            shown = found
        is_in_storm = self._is_in_storm(uow, incident, where, now)
        if uow.outbox.destination(card_key(incident)) is not None:
            show_card(uow, incident, shown, now, room=None, offers=self._offers)
            return
        has_news = (shown is not None and shown.answered) or where.is_own
        if not has_news or is_in_storm or incident.state.is_over:
            return
        if where.is_refused:
            later = _a_while_after(now)
            look_again(uow, incident, f"refused:{later.isoformat()}", self._clock, later)
            return
        alerts = [stored.alert for stored in uow.alerts.of_incident(incident.id)]
        self._wait_for_quiet_to_end(uow, where, incident, now)
        to = first_place(uow, where, incident, alerts)
        if to is not None and self._has_room(uow, where, incident, to, now):
            remember(uow, where, incident, self._clock)
            show_card(uow, incident, shown, now, room=to, offers=self._offers)

    def _is_in_storm(
        self, uow: UnitOfWork, incident: Incident, where: Where, now: datetime
    ) -> bool:
        """Whether a storm's message tells of it in its channel. One that people made a channel
        for is told of there all the same."""
        if self._storms is None or where.room is None or where.is_own or incident.state.is_over:
            return False
        alerts = [stored.alert for stored in uow.alerts.of_incident(incident.id)]
        to = first_place(uow, where, incident, alerts)
        return to is not None and self._storms.takes(uow, incident, to, now)

    def _wait_for_quiet_to_end(
        self, uow: UnitOfWork, where: Where, incident: Incident, now: datetime
    ) -> None:
        """A card that a quiet channel does not get comes when it is not quiet any more, if the
        incident is still open then."""
        if where.is_quiet and where.chosen is not None:
            later = end_of_silence(where.chosen.settings, now)
            look_again(uow, incident, f"quiet:{later.isoformat()}", self._clock, later)

    def _has_room(
        self, uow: UnitOfWork, where: Where, incident: Incident, to: Destination, now: datetime
    ) -> bool:
        """Whether a first card may be said now; where not, it is looked at again when it may.
        Critical incidents, and those that people made a channel for, wait for no room; but one
        that grows fast waits a moment whether it becomes a storm."""
        building_up = self._storms.waits(uow, incident, now) if self._storms is not None else None
        if building_up is not None and not where.is_own:
            look_again(uow, incident, "building up", self._clock, building_up)
            return False
        is_urgent = incident.severity is Severity.CRITICAL or where.is_own
        key = card_key(incident)
        later = may_interrupt(uow, to, key, now, is_urgent=is_urgent, a_day=self._a_day)
        if later is not None:
            look_again(uow, incident, f"room:{later.isoformat()}", self._clock, later)
        return later is None


def _a_while_after(now: datetime) -> datetime:
    """When a channel that was not found is looked for again: 5 to 15 minutes later, at a full ten
    minutes, so that an incident which changes often is looked at no more often."""
    ten = 600
    return datetime.fromtimestamp((now.timestamp() + 1.5 * ten) // ten * ten, tz=UTC)


def _readers(where: Where, stands: Destination | None) -> Audience:
    """Whoever reads the card: where it stands elsewhere too, only what everyone may see."""
    readers = where.audience
    if stands is None or stands.channel_key == readers.channel or readers.channel is None:
        return readers
    return Audience(sees_nothing=readers.sees_nothing)


def says_the_same(one: Suggestion, other: Suggestion) -> bool:
    """Whether a reader would see no difference but in the numbers behind the comma.

    Then the earlier one stays, and what people said of it with it.
    """
    return _gist(one) == _gist(other)


def _gist(suggestion: Suggestion) -> tuple[object, ...]:
    return (
        suggestion.kind,
        suggestion.answered,
        round(suggestion.confidence, 2),
        suggestion.confidence_words,
        tuple((hit.id, hit.citation.version, hit.linked) for hit in suggestion.incidents),
        tuple((hit.document_id, hit.section) for hit in suggestion.passages),
        tuple((step.text, step.citation.version) for step in suggestion.steps),
        tuple((cause.summary, cause.check, round(cause.share, 2)) for cause in suggestion.causes),
        suggestion.nearest.id if suggestion.nearest is not None else None,
        suggestion.knows,
        tuple((one.key, one.status, one.previous) for one in suggestion.changes),
    )
