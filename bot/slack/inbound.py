"""What happens when somebody talks to the bot, pastes logs under a card, or presses a button.

Runs in the engine, from the durable inbox; every path is safe to be taken twice.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from bot.chat.cards import CARD_PREFIX, answer_key
from bot.chat.messages import Notice
from bot.chat.ports import Destination
from bot.clock import Clock
from bot.errors import BadPayload
from bot.incidents.model import Incident, TimelineEntry, TimelineKind
from bot.incidents.query import query_of
from bot.jobs.ports import InboxItem, InboxKind
from bot.slack import payloads
from bot.slack.asking import Asking, is_nothing
from bot.slack.assistant import pane_opened
from bot.slack.pieces import ACTION_IDS
from bot.suggestions.essence import essence
from bot.suggestions.feedback import Buttons, Press
from bot.suggestions.following import FollowUps
from bot.suggestions.followups import FollowUp
from bot.suggestions.jobs import Suggester, search_anew, with_corrections
from bot.suggestions.model import Suggestion
from bot.suggestions.speak import keep, show_answer
from bot.suggestions.threads import Thread, thread_of
from bot.uow import UnitOfWork, UnitOfWorkFactory
from knowledge.model import Audience, Query

QUESTION_LIMIT = 4_000
EVIDENCE_LIMIT = 100_000
"""Characters of a question that are looked at, and of logs that are kept with an incident."""

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
    """The use cases behind the inbox's Slack items. `redact` takes secrets out of text."""

    def __init__(
        self,
        units: UnitOfWorkFactory,
        builder: Suggester,
        buttons: Buttons,
        redact: Callable[[str], str],
        clock: Clock,
        asking: Asking | None = None,
    ) -> None:
        self._units = units
        self._builder = builder
        self._asking = asking or Asking(units, clock, FollowUps(units, builder, clock))
        self._buttons = buttons
        self._redact = redact
        self._clock = clock

    def process(self, item: InboxItem) -> None:
        """Raises BadPayload for a body that is none of Slack's; Retryable errors come through."""
        body = _body_of(item)
        if item.kind is InboxKind.SLACK_ACTION:
            self._pressed(body)
        elif item.kind is InboxKind.SLACK_EVENT:
            opened = pane_opened(body)
            if opened is not None:
                self._asking.pane_opened(opened)
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
        asks_why = click.action == ACTION_IDS["why"]
        self._buttons.press(
            Press(
                actor=click.actor,
                name=self._redact(click.name),
                token=click.token,
                reply_to=Destination(
                    team_id=str(team_id or click.actor.team_id),
                    channel=click.channel,
                    thread=click.thread_ts or click.message_ts or None,
                ),
                is_shared=asks_why
                and self._asking.is_shared(str(team_id or click.actor.team_id), click.channel),
            )
        )

    # -- questions and pasted logs --------------------------------------------------------

    def _answer(self, said: payloads.Said) -> None:
        key = answer_key(said.team_id, said.channel, said.ts)
        with self._units.read() as uow:
            if uow.outbox.destination(key) is not None:
                return
            thread = self._thread_of(uow, said)
            incident = _incident_of_thread(uow, said) or thread.incident
        is_to_us = said.is_addressed or thread.is_with(said.actor)
        if not is_to_us and incident is None:
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
            return
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
        suggestion = self._builder.suggest(self._query(said, incident), asked=True)
        self._reply(key, to, said, incident, suggestion, heard.note)

    def _thread_of(self, uow: UnitOfWork, said: payloads.Said) -> Thread:
        """The thread of the message; in a direct message without one, where we spoke last."""
        thread = said.thread_ts
        if thread is None and said.is_direct:
            since = self._clock.now() - SAME_TALK
            thread = uow.outbox.last_thread(said.team_id, said.channel, since)
        return thread_of(uow, said.team_id, said.channel, thread)

    def _query(self, said: payloads.Said, incident: Incident | None) -> Query:
        where = Destination(said.team_id, said.channel)
        audience = Audience(channel=where.channel_key, sees_nothing=said.is_shared)
        if incident is None:
            link = payloads.only_link(said.question)
            return Query(
                text=said.question or said.logs[:QUESTION_LIMIT],
                runbook_url=link,
                logs=(said.logs,) if said.logs else (),
                audience=audience,
            )
        with self._units.read() as uow:
            alerts = uow.alerts.of_incident(incident.id)
            timeline = uow.incidents.timeline(incident.id)
        query = query_of(incident, alerts, timeline, audience=audience)
        query = with_corrections(self._units, query, incident.id)
        return replace(query, text=f"{said.question}\n{query.text}") if said.question else query

    def _add_evidence(self, incident_id: int, said: payloads.Said) -> None:
        """What was pasted becomes part of the incident, once, and its card is looked at again."""
        with self._units.begin() as uow:
            incident = uow.incidents.get(incident_id)
            known = {entry.data.get("ts") for entry in uow.incidents.timeline(incident_id)}
            if incident is None or said.ts in known:
                return
            lines = said.logs.count("\n") + 1
            kept = essence(said.logs, EVIDENCE_LIMIT)
            entry = TimelineEntry(
                at=self._clock.now(),
                kind=TimelineKind.EVIDENCE,
                text=f"{lines} line{'s' if lines > 1 else ''} pasted in the thread",
                actor=said.actor.key,
                data={"text": kept, "ts": said.ts, "channel": said.channel},
            )
            uow.incidents.add_timeline(incident_id, [entry])
            search_anew(uow, incident, self._clock)

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
            )


def _incident_of_thread(uow: UnitOfWork, said: payloads.Said) -> Incident | None:
    """The incident whose card the message stands under."""
    if said.thread_ts is None:
        return None
    key = uow.outbox.key_of(said.team_id, said.channel, said.thread_ts)
    if key is None or not key.startswith(CARD_PREFIX):
        return None
    return uow.incidents.get_by_key(key.removeprefix(CARD_PREFIX))


def _body_of(item: InboxItem) -> Mapping[str, Any]:
    try:
        body = json.loads(item.body)
    except ValueError as error:
        raise BadPayload(f"a Slack delivery that is no JSON: {error}") from error
    if not isinstance(body, dict):
        raise BadPayload("a Slack delivery that is no JSON object")
    return body
