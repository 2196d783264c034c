"""Putting an answer into words: the card of an incident, or the reply to a question.

Every function works inside the caller's transaction, so that the suggestion, its buttons and
the message commit together or not at all.
"""

import secrets
from collections.abc import Sequence
from datetime import datetime

from bot.actions.offers import Offers, no_offers
from bot.channels.model import Mode
from bot.chat.cards import (
    build_answer,
    build_card,
    card_key,
    incident_key_of,
    new_buttons,
    openers_of,
    room_card_key,
    said_of,
)
from bot.chat.messages import Answer, Button, Opener, Said
from bot.chat.ports import Destination
from bot.incidents.model import Incident, TimelineEntry, TimelineKind
from bot.incidents.records import end_told
from bot.people.model import SYSTEM
from bot.suggestions.model import Suggestion
from bot.suggestions.naming import may_be_read_in
from bot.suggestions.ports import ButtonToken, StoredSuggestion
from bot.uow import UnitOfWork

MARK_CARD = "mark_card"
"""The kind of the job that pins a card in the incident's own channel."""


def new_token() -> str:
    """An opaque name for one button, not to be guessed."""
    return secrets.token_urlsafe(18)


def keep(
    uow: UnitOfWork, suggestion: Suggestion, incident: Incident | None, asked_by: str, now: datetime
) -> None:
    """Store the suggestion with its receipt, and note it in the incident's timeline."""
    incident_id = incident.id if incident is not None else None
    uow.suggestions.add(
        StoredSuggestion(
            suggestion=suggestion, incident_id=incident_id, asked_by=asked_by, created_at=now
        )
    )
    if incident is not None:
        entry = TimelineEntry(
            at=now,
            kind=TimelineKind.SUGGESTION,
            text=suggestion.headline or suggestion.kind.value,
            actor=SYSTEM.key,
            data={"suggestion_id": suggestion.id, "revision": str(incident.revision)},
        )
        uow.incidents.add_timeline(incident.id, [entry])


def show_card(
    uow: UnitOfWork,
    incident: Incident,
    suggestion: Suggestion | None,
    now: datetime,
    *,
    room: Destination | None,
    offers: Offers = no_offers,
) -> bool:
    """Say the card as things are now. With `room` None it is only changed where it was put
    before. False when nothing was said.

    A channel that was made for the incident has the same card once more, when the first one
    stands elsewhere; both are edited in step. A closed channel is left as it is.
    """
    key = card_key(incident)
    there = uow.outbox.destination(key)
    to = there[0] if there is not None else room
    if to is None:
        return False
    placement = uow.placements.of(incident.id)
    is_shadow = placement is not None and placement.mode is Mode.SHADOW
    shadow_of = placement.channel if placement is not None and is_shadow else ""
    if not uow.placements.is_closed(to.team_id, to.channel):
        _put_card(
            uow, incident, suggestion, now, key=key, to=to, shadow_of=shadow_of, offers=offers
        )
    for team_id, channel in uow.placements.channels_of(incident.id):
        own = key
        if uow.preferences.channel(team_id, channel).mode is Mode.OFF:
            continue
        if (team_id, channel) != (to.team_id, to.channel):
            own, copy_to = room_card_key(incident, channel), Destination(team_id, channel)
            fit = suggestion
            if fit is not None and not may_be_read_in(uow, fit, copy_to.channel_key):
                fit = None
            _put_card(uow, incident, fit, now, key=own, to=copy_to, offers=offers)
        mark_soon(uow, own, now)
    return True


def mark_soon(uow: UnitOfWork, key: str, now: datetime) -> None:
    """Have the card under `key` pinned in its channel once it is posted; once for ever."""
    uow.jobs.add(f"{MARK_CARD}:{key}", MARK_CARD, {"key": key}, now)


def _put_card(
    uow: UnitOfWork,
    incident: Incident,
    suggestion: Suggestion | None,
    now: datetime,
    *,
    key: str,
    to: Destination,
    shadow_of: str = "",
    offers: Offers,
) -> None:
    timeline = uow.incidents.timeline(incident.id)
    buttons: tuple[Button, ...] = ()
    said: tuple[Said, ...] = ()
    offered: Sequence[Opener] = ()
    if suggestion is not None:
        buttons, tokens = new_buttons(
            suggestion,
            team_id=to.team_id,
            incident_id=incident.id,
            message_key=key,
            now=now,
            new_token=new_token,
            may_resolve=end_told(timeline) is None,
            is_shadow=bool(shadow_of),
        )
        uow.suggestions.add_buttons(tokens)
        said = _said(uow, suggestion, incident.id)
        if not shadow_of:
            offered = offers(uow, key, suggestion, incident, to, now)
    alerts = uow.alerts.of_incident(incident.id)
    card = build_card(
        incident,
        alerts,
        timeline,
        suggestion,
        buttons,
        said,
        shadow_of=shadow_of,
        openers=() if shadow_of else openers_of(incident, timeline),
        offers=offered,
        now=now,
    )
    uow.outbox.put(key, to, card, now)


def show_answer(
    uow: UnitOfWork,
    suggestion: Suggestion,
    *,
    key: str,
    to: Destination,
    asked_by: str,
    incident_id: int | None,
    now: datetime,
    lead: str = "",
    offers: Offers = no_offers,
) -> None:
    """Say the answer, or say it again with what people think of it by now."""
    buttons, tokens = new_buttons(
        suggestion,
        team_id=to.team_id,
        incident_id=incident_id,
        message_key=key,
        now=now,
        new_token=new_token,
        may_resolve=incident_id is not None and not _confirmed(uow, incident_id),
    )
    uow.suggestions.add_buttons(tokens)
    said = _said(uow, suggestion, incident_id)
    incident = uow.incidents.get(incident_id) if incident_id is not None else None
    offered = offers(uow, key, suggestion, incident, to, now)
    answer = build_answer(suggestion, asked_by, buttons, said, lead, offered)
    uow.outbox.put(key, to, answer, now)


def _said(uow: UnitOfWork, suggestion: Suggestion, incident_id: int | None) -> tuple[Said, ...]:
    corrections = uow.corrections.in_force(incident_id, "")
    return said_of(uow.suggestions.feedback_on(suggestion.id), corrections)


def _confirmed(uow: UnitOfWork, incident_id: int) -> bool:
    return end_told(uow.incidents.timeline(incident_id)) is not None


def refresh(
    uow: UnitOfWork,
    button: ButtonToken,
    stored: StoredSuggestion,
    now: datetime,
    offers: Offers = no_offers,
) -> None:
    """Show the message of a pressed button again; nothing if it was never put."""
    message_key = button.message_key
    there = uow.outbox.destination(message_key)
    if there is None:
        return
    incident_key = incident_key_of(message_key)
    if incident_key is None:
        before = uow.outbox.message(message_key)
        show_answer(
            uow,
            stored.suggestion,
            key=message_key,
            to=there[0],
            asked_by=stored.asked_by,
            incident_id=button.incident_id,
            now=now,
            lead=before.lead if isinstance(before, Answer) else "",
            offers=offers,
        )
        return
    incident = uow.incidents.get_by_key(incident_key)
    if incident is not None:
        latest = latest_for_card(uow, incident.id)
        show_card(uow, incident, latest or stored.suggestion, now, room=None, offers=offers)


def latest_for_card(uow: UnitOfWork, incident_id: int) -> Suggestion | None:
    """The newest suggestion made for the incident itself (answers to people are not)."""
    latest = uow.suggestions.latest_of(incident_id)
    return latest.suggestion if latest is not None else None
