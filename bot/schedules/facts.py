"""What handover, digest and home tell of, gathered for readers of a certain place.

Every question to the database is bounded. What a reader may not see counts nowhere.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.actions.model import ActionRequest, RequestState
from bot.drafts.model import Draft, DraftKind
from bot.incidents.model import Incident, IncidentState
from bot.schedules.families import FamilyCount, without_runbook
from bot.schedules.numbers import Numbers, numbers_of
from bot.schedules.reminders import Forgotten, forgotten
from bot.suggestions.model import SuggestionKind
from bot.uow import UnitOfWork
from knowledge.model import Audience

WEEK = timedelta(days=7)
MONTH = timedelta(days=30)
_MOST_REMINDED = 200
_WAIT = (RequestState.AWAITING_APPROVAL, RequestState.CHANGES_ASKED, RequestState.UNKNOWN)


def open_for(uow: UnitOfWork, audience: Audience) -> list[Incident]:
    """The open incidents that every reader may know of, newest first."""
    return [one for one in uow.incidents.active() if audience.may_see(one.visibility)]


def opened_for(uow: UnitOfWork, audience: Audience, since: datetime) -> list[Incident]:
    found = uow.incidents.opened_since(since)
    return [one for one in found if audience.may_see(one.visibility)]


def families_without_runbook(
    uow: UnitOfWork, audience: Audience, now: datetime
) -> list[FamilyCount]:
    """Of the incidents of the last 30 days."""
    incidents = opened_for(uow, audience, now - MONTH)
    firings = uow.incidents.firings([incident.id for incident in incidents])
    return without_runbook(incidents, firings, uow.suggestions.outcomes_since(now - MONTH))


def numbers_for(
    uow: UnitOfWork, audience: Audience, now: datetime, noise_limit: int, over: timedelta = WEEK
) -> Numbers:
    """The numbers of the last `over`."""
    since = now - over
    return numbers_of(
        opened_for(uow, audience, since),
        uow.suggestions.outcomes_since(since),
        uow.suggestions.feedback_since(since),
        uow.outbox.said_since(since),
        now,
        noise_limit,
    )


def requests_for(uow: UnitOfWork, audience: Audience, team_id: str) -> list[ActionRequest]:
    """The actions that wait for a word, oldest first: for an approval, for changes, or on whether
    one whose runner was lost has worked. Those of incidents that every reader may know of."""
    waiting = [one for one in uow.actions.in_states(_WAIT) if one.team_id == team_id]
    return [one for one in waiting if _may_show_request(uow, one, audience)]


def _may_show_request(uow: UnitOfWork, one: ActionRequest, audience: Audience) -> bool:
    incident = uow.incidents.get(one.incident_id) if one.incident_id is not None else None
    return incident is None or audience.may_see(incident.visibility)


def drafts_for(uow: UnitOfWork, audience: Audience) -> list[Draft]:
    """The waiting drafts whose subject every reader may know of, oldest first."""
    return [draft for draft in uow.drafts.waiting() if _may_show(uow, draft, audience)]


def _may_show(uow: UnitOfWork, draft: Draft, audience: Audience) -> bool:
    if draft.kind is DraftKind.RUNBOOK_EDIT:
        return not audience.sees_nothing and not uow.knowledge.restricted([draft.subject])
    incident = uow.incidents.get_by_key(draft.subject)
    if incident is None:
        return not audience.sees_nothing and not uow.knowledge.restricted([draft.subject])
    return audience.may_see(incident.visibility)


def forgotten_by(
    uow: UnitOfWork, incidents: Sequence[Incident], now: datetime, after: timedelta
) -> list[tuple[Incident, Forgotten]]:
    """Those of the incidents that were taken on and let be. `after` 0: reminders are off."""
    if not after:
        return []
    found = []
    taken = [one for one in incidents if one.state is IncidentState.ACKNOWLEDGED]
    for incident in taken[:_MOST_REMINDED]:
        alerts = uow.alerts.of_incident(incident.id)
        timeline = uow.incidents.timeline(incident.id)
        one = forgotten(incident, alerts, timeline, now, after)
        if one is not None:
            found.append((incident, one))
    return found


@dataclass(frozen=True, slots=True)
class Fix:
    """What mended a past incident that is like one that is open."""

    past_id: str
    resolution: str
    url: str | None


def fix_of(uow: UnitOfWork, incident: Incident, audience: Audience) -> Fix | None:
    """What fixed the like of the incident, where one cause fits and the record says so.

    A record that not everyone may see is told only where the answer itself was made for.
    """
    latest = uow.suggestions.latest_of(incident.id)
    if latest is None or not latest.suggestion.answered:
        return None
    suggestion = latest.suggestion
    if suggestion.kind is not SuggestionKind.ONE_CAUSE or not suggestion.incidents:
        return None
    past = suggestion.incidents[0]
    document = uow.knowledge.get(past.id)
    if document is None or not document.state.is_served or not past.resolution:
        return None
    if not audience.may_see(document.visibility):
        return None
    return Fix(past.id, past.resolution, past.url)
