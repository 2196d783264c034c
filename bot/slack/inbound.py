"""What happens when somebody talks to the bot, pastes logs under a card, or presses a button.

Runs in the engine, from the durable inbox; every path is safe to be taken twice.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from bot.actions.offers import Offers, no_offers
from bot.actions.presses import ActionButtons, ActionPress
from bot.channels.finding import incident_of_room, incident_of_thread
from bot.chat.cards import answer_key
from bot.chat.messages import Notice
from bot.chat.ports import Destination
from bot.clock import Clock
from bot.commands.book import GUEST
from bot.errors import BadPayload
from bot.incidents.model import Incident
from bot.incidents.query import query_of, uses_private_words
from bot.jobs.ports import InboxItem, InboxKind
from bot.people.model import Actor
from bot.slack import payloads
from bot.slack.asking import Asking, is_nothing
from bot.slack.assistant import pane_opened
from bot.slack.pieces import ACTION_IDS
from bot.slack.room_events import RoomEvents
from bot.suggestions.evidence import paste
from bot.suggestions.feedback import Buttons, Press
from bot.suggestions.following import FollowUps
from bot.suggestions.followups import FollowUp
from bot.suggestions.jobs import Suggester, with_corrections
from bot.suggestions.model import Suggestion
from bot.suggestions.naming import made_in_private
from bot.suggestions.speak import keep, show_answer
from bot.suggestions.threads import Thread, thread_of
from bot.uow import UnitOfWork, UnitOfWorkFactory
from knowledge.model import Audience, Query

QUESTION_LIMIT = 4_000
"""Characters of a question that are looked at."""

LOGS_READ = 6_000_000
"""Characters of logs that are looked at for one answer: all of a file, and what was pasted."""

SAME_TALK = timedelta(minutes=30)
"""In a direct message a short word is about the answer before it, if that is no older."""

_HELP = (
    "Ask me about a problem in your own words, or paste log lines: I look for past incidents "
    "and runbook steps that fit, and say where each comes from. Lines pasted under an "
    "incident's card become part of that incident."
)


class SlackInbound:
    """The use cases behind the inbox's Slack items. `redact` takes secrets out of text.

    `rooms` takes what happens to channels and messages, None where nothing of it is wanted;
    `show_home` publishes a person's home tab, `look_up` learns who somebody is before a press.
    """

    def __init__(
        self,
        units: UnitOfWorkFactory,
        builder: Suggester,
        buttons: Buttons,
        redact: Callable[[str], str],
        clock: Clock,
        asking: Asking | None = None,
        rooms: RoomEvents | None = None,
        show_home: Callable[[Actor], None] = lambda _: None,
        actions: ActionButtons | None = None,
        look_up: Callable[[Actor], object] = lambda _: None,
        offers: Offers = no_offers,
    ) -> None:
        self._offers = offers
        self._units = units
        self._actions = actions
        self._look_up = look_up
        self._builder = builder
        self._asking = asking or Asking(units, clock, FollowUps(units, builder, clock))
        self._buttons = buttons
        self._redact = redact
        self._clock = clock
        self._rooms = rooms
        self._show_home = show_home

    def process(self, item: InboxItem) -> None:
        """Raises BadPayload for a body that is none of Slack's; Retryable errors come through."""
        body = _body_of(item)
        if item.kind is InboxKind.SLACK_ACTION:
            self._pressed(body)
        elif item.kind is InboxKind.SLACK_EVENT:
            self._heard(body)

    def _heard(self, body: Mapping[str, Any]) -> None:
        if self._rooms is not None and self._rooms.process(body, self._paste):
            return
        viewer, opened = payloads.home_opened(body), pane_opened(body)
        if viewer is not None:
            self._show_home(viewer)
        elif opened is not None:
            self._asking.pane_opened(opened)
        else:
            said = payloads.said(body)
            if said is not None:
                self._answer(said)

    # -- buttons --------------------------------------------------------------------------

    def _pressed(self, body: Mapping[str, Any]) -> None:
        click = payloads.click(body)
        if click is None:
            raise BadPayload("a Slack interaction that is no press of a button of ours")
        app_team = body.get("team")
        team_id = app_team.get("id") if isinstance(app_team, Mapping) else None
        reply_to = Destination(
            team_id=str(team_id or click.actor.team_id),
            channel=click.channel,
            thread=click.thread_ts or click.message_ts or None,
        )
        # Asked now, and remembered: roles are decided inside a transaction, which must not wait
        # for Slack.
        self._look_up(click.actor)
        if self._rooms is not None and self._rooms.press(click, reply_to.team_id):
            return
        if self._actions is not None:
            pressed = ActionPress(actor=click.actor, token=click.token, reply_to=reply_to)
            if self._actions.press(pressed):
                return
        asks_why = click.action == ACTION_IDS["why"]
        self._buttons.press(
            Press(
                actor=click.actor,
                name=self._redact(click.name),
                token=click.token,
                reply_to=reply_to,
                is_shared=asks_why and self._asking.is_shared(reply_to.team_id, click.channel),
            )
        )

    # -- questions and pasted logs --------------------------------------------------------

    def _answer(self, said: payloads.Said) -> None:
        key = answer_key(said.team_id, said.channel, said.ts)
        with self._units.read() as uow:
            if uow.outbox.destination(key) is not None:
                return
            thread = self._thread_of(uow, said)
            incident = incident_of_thread(uow, said.team_id, said.channel, said.thread_ts)
            incident = incident or thread.incident
            own = incident_of_room(uow, said.team_id, said.channel)
        is_to_us = said.is_addressed or thread.is_with(said.actor)
        if not is_to_us and incident is None:
            if own is not None and said.is_paste:
                self._paste(said)
            return
        # Of talk that concerns nobody here it is not even asked who says it.
        concerns_us = is_to_us or bool(said.logs or said.files)
        if concerns_us and self._asking.is_guest(said):
            self._tell_guest(key, said)
            return
        heard = self._asking.hear(said)
        said = replace(
            heard.said,
            question=self._redact(heard.said.question)[:QUESTION_LIMIT],
            logs=self._redact(heard.said.logs)[:LOGS_READ],
        )
        if said.is_addressed and self._asking.command(said, key):
            return
        meant = self._asking.understood(said, thread)
        is_follow_up = meant.kind is not FollowUp.FRESH
        adds_evidence = incident is not None and bool(said.logs)
        # Whom it answered here need not name it again, for words that mean little else.
        if not (said.is_addressed or adds_evidence or (is_to_us and is_follow_up)):
            if incident is None and own is not None and said.is_paste:
                self._paste(said)
            return
        if not said.is_shared:
            incident = incident or own
        to = Destination(said.team_id, said.channel, thread=said.thread_ts or said.ts)
        has_no_words = is_nothing(said.question) or (meant.kind is FollowUp.LOGS and heard.note)
        if has_no_words and not said.logs:
            with self._units.begin() as uow:
                uow.outbox.put(key, to, Notice(text=heard.note or _HELP), self._clock.now())
            return
        if is_follow_up and self._asking.follow(said, key, thread, meant):
            return
        if meant.kind is FollowUp.LOGS:
            said = replace(said, question="")
        if incident is not None and said.logs:
            self._add_evidence(incident.id, said)
        self._asking.working(said)
        query, is_private = self._query(said, incident)
        suggestion = self._builder.suggest(query, asked=True)
        if is_private:
            suggestion = made_in_private(suggestion)
        self._reply(key, to, said, incident, suggestion, heard.note)

    def _tell_guest(self, key: str, said: payloads.Said) -> None:
        """What a guest says is neither answered nor evidence; whoever asked is told so."""
        if not said.is_addressed:
            return
        to = Destination(said.team_id, said.channel, thread=said.thread_ts or said.ts)
        with self._units.begin() as uow:
            if uow.outbox.destination(key) is None:
                uow.outbox.put(key, to, Notice(text=GUEST), self._clock.now())

    def _thread_of(self, uow: UnitOfWork, said: payloads.Said) -> Thread:
        """The thread of the message; in a direct message without one, where we spoke last."""
        thread = said.thread_ts
        if thread is None and said.is_direct:
            since = self._clock.now() - SAME_TALK
            thread = uow.outbox.last_thread(said.team_id, said.channel, since)
        return thread_of(uow, said.team_id, said.channel, thread)

    def _query(self, said: payloads.Said, incident: Incident | None) -> tuple[Query, bool]:
        """What to search for, and whether it has words of a private channel."""
        where = Destination(said.team_id, said.channel)
        audience = Audience(channel=where.channel_key, sees_nothing=said.is_shared)
        if incident is None:
            link = payloads.only_link(said.question)
            query = Query(
                text=said.question or said.logs[:QUESTION_LIMIT],
                runbook_url=link,
                logs=(said.logs,) if said.logs else (),
                audience=audience,
            )
            return query, False
        with self._units.read() as uow:
            alerts = uow.alerts.of_incident(incident.id)
            timeline = uow.incidents.timeline(incident.id)
        query = query_of(incident, alerts, timeline, audience=audience)
        query = with_corrections(self._units, query, incident.id)
        if said.question:
            query = replace(query, text=f"{said.question}\n{query.text}")
        return query, uses_private_words(timeline, audience)

    def _add_evidence(self, incident_id: int, said: payloads.Said) -> None:
        """What was pasted becomes part of the incident, once, and its card is looked at again."""
        with self._units.begin() as uow:
            incident = uow.incidents.get(incident_id)
            if incident is None:
                return
            paste(
                uow,
                incident,
                team_id=said.team_id,
                channel=said.channel,
                ts=said.ts,
                logs=said.logs,
                actor=said.actor.key,
                where="in the channel" if said.thread_ts is None else "in the thread",
                clock=self._clock,
            )

    def _paste(self, said: payloads.Said) -> None:
        """Logs in an incident's own channel: evidence, and no answer."""
        if self._asking.is_guest(said):
            return
        said = self._asking.hear(said).said
        said = replace(said, logs=self._redact(said.logs)[:LOGS_READ])
        with self._units.read() as uow:
            incident = incident_of_room(uow, said.team_id, said.channel)
        if incident is not None and said.logs and not said.is_shared:
            self._add_evidence(incident.id, said)

    def _reply(
        self,
        key: str,
        to: Destination,
        said: payloads.Said,
        incident: Incident | None,
        suggestion: Suggestion,
        lead: str = "",
    ) -> None:
        with self._units.begin() as uow:
            if uow.outbox.destination(key) is not None:
                return
            now = self._clock.now()
            # Not kept under the incident: the card shows what was found for the incident
            # itself, and a side question must not take its place.
            keep(uow, suggestion, None, said.actor.key, now)
            show_answer(
                uow,
                suggestion,
                key=key,
                to=to,
                asked_by=said.actor.key,
                incident_id=incident.id if incident is not None else None,
                now=now,
                lead=lead,
                offers=self._offers,
            )


def _body_of(item: InboxItem) -> Mapping[str, Any]:
    try:
        body = json.loads(item.body)
    except ValueError as error:
        raise BadPayload(f"a Slack delivery that is no JSON: {error}") from error
    if not isinstance(body, dict):
        raise BadPayload("a Slack delivery that is no JSON object")
    return body
