"""Messages that people put into the timeline, and edits of all that was taken from messages."""

from collections.abc import Mapping
from typing import Any

from bot.channels.finding import incident_of_thread
from bot.chat.messages import Notice
from bot.chat.ports import Destination
from bot.commands.finding import incident_and_rest
from bot.commands.model import Caller, Refused
from bot.errors import ChatRefused
from bot.incidents.model import Incident, source_key
from bot.incidents.noting import follow_deletion, follow_edit, put_in, take_out
from bot.people.model import Role
from bot.slack.reading import ReadMessage
from bot.slack.room_payloads import Changed, Reacted
from bot.slack.taking import Taking
from bot.suggestions.jobs import search_anew
from bot.uow import UnitOfWork

TO_TIMELINE = "recall_to_timeline"
"""The callback id of the message shortcut."""


class KeptMessages:
    """The use cases behind the pushpin, the message shortcut, edits and deletions."""

    def __init__(self, taking: Taking) -> None:
        self._taking = taking

    # -- putting in and taking out --------------------------------------------------------

    def reacted(self, event: Reacted) -> None:
        """A pushpin puts the message into the timeline of the incident that it belongs to;
        where that is none, nothing happens."""
        source = source_key(event.team_id, event.channel, event.ts)
        if not event.is_added:
            with self._taking.units.begin() as uow:
                take_out(uow, source, actor=event.actor.key, now=self._taking.clock.now())
            return
        person = self._taking.reader.somebody(event.actor.user_id)
        if person.is_guest:
            return
        try:
            room = self._taking.reader.room(event.channel)
            message = self._taking.reader.message(event.channel, event.ts)
        except ChatRefused:
            return  # a conversation that the bot may not read
        # The pin may have been taken off again while it waited.
        is_pinned = message is not None and event.actor.user_id in message.pinned_by
        if message is None or not is_pinned or message.is_own or room.is_shared:
            return
        caller = Caller(
            actor=event.actor,
            name=person.name,
            role=self._taking.role_of(event.actor),
            at=Destination(event.team_id, event.channel, message.thread_ts),
        )
        try:
            self._put(caller, message, is_private=room.is_private)
        except Refused:
            return

    def shortcut(self, caller: Caller, body: Mapping[str, Any]) -> Notice:
        """The answer to the message shortcut. Raises Refused."""
        if caller.is_shared:
            raise Refused("Nothing is kept of channels that are shared with others.")
        if not caller.role.includes(Role.RESPONDER):
            raise Refused("Guests cannot add to a timeline.")
        message = self._taking.reader.read(body.get("message") or {})
        if message.is_own:
            raise Refused("That is a message of mine; the incident knows what it says.")
        told = body.get("channel")
        name = str(told.get("name") or "") if isinstance(told, Mapping) else ""
        incident, is_new = self._put(caller, message, is_private=name == "privategroup")
        return Notice(
            text=f"It is in the timeline of {incident.key}."
            if is_new
            else f"It is in the timeline of {incident.key} already."
        )

    def _put(self, caller: Caller, read: ReadMessage, *, is_private: bool) -> tuple[Incident, bool]:
        message = self._taking.taken(caller.at, read, is_private=is_private)
        now = self._taking.clock.now()
        with self._taking.units.begin() as uow:
            incident = _incident_at(uow, caller, read)
            return incident, put_in(uow, incident, message, actor=caller.actor.key, now=now)

    # -- edits and deletions --------------------------------------------------------------

    def changed(self, event: Changed) -> None:
        """What was taken from a message says what the message says now, or nothing once it is
        deleted; and the incident is searched for anew."""
        source = source_key(event.team_id, event.channel, event.ts)
        now = self._taking.clock.now()
        with self._taking.units.begin() as uow:
            if event.text is None:
                concerned = follow_deletion(uow, source, actor=event.actor.key, now=now)
            else:
                concerned = follow_edit(
                    uow,
                    source,
                    text=self._taking.redact(event.text),
                    logs=self._taking.redact(event.logs),
                    actor=event.actor.key,
                    now=now,
                )
            for incident_id in sorted(concerned):
                incident = uow.incidents.get(incident_id)
                if incident is not None:
                    search_anew(uow, incident, self._taking.clock)


def _incident_at(uow: UnitOfWork, caller: Caller, message: ReadMessage) -> Incident:
    """The incident of the thread's card, else of the channel, else the only one that is open
    there. Raises Refused."""
    thread = message.thread_ts
    found = incident_of_thread(uow, caller.at.team_id, caller.at.channel, thread)
    if found is not None and caller.audience.may_see(found.visibility):
        return found
    return incident_and_rest(uow, caller, "")[0]
