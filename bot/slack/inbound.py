"""What happens when somebody talks to the bot, pastes logs under a card, or presses a button.

Runs in the engine, from the durable inbox; every path is safe to be taken twice.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from bot.actions.presses import ActionButtons, ActionPress
from bot.chat.cards import CARD_PREFIX, answer_key
from bot.chat.messages import Notice
from bot.chat.ports import Destination
from bot.clock import Clock
from bot.errors import BadPayload
from bot.incidents.model import Incident, TimelineEntry, TimelineKind
from bot.incidents.query import query_of
from bot.jobs.ports import InboxItem, InboxKind
from bot.slack import payloads
from bot.suggestions.feedback import Buttons, Press
from bot.suggestions.jobs import Suggester, search_anew, with_corrections
from bot.suggestions.model import Suggestion
from bot.suggestions.speak import keep, show_answer
from bot.uow import UnitOfWork, UnitOfWorkFactory
from knowledge.model import Audience, Query

QUESTION_LIMIT = 4_000
EVIDENCE_LIMIT = 100_000
"""Characters of a question and of pasted logs that are looked at and kept."""

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
        actions: ActionButtons | None = None,
    ) -> None:
        self._units = units
        self._actions = actions
        self._builder = builder
        self._buttons = buttons
        self._redact = redact
        self._clock = clock

    def process(self, item: InboxItem) -> None:
        """Raises BadPayload for a body that is none of Slack's; Retryable errors come through."""
        body = _body_of(item)
        if item.kind is InboxKind.SLACK_ACTION:
            self._pressed(body)
        elif item.kind is InboxKind.SLACK_EVENT:
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
        if self._actions is not None:
            pressed = ActionPress(actor=click.actor, token=click.token, reply_to=reply_to)
            if self._actions.press(pressed):
                return
        self._buttons.press(
            Press(
                actor=click.actor,
                name=self._redact(click.name),
                token=click.token,
                reply_to=reply_to,
            )
        )

    # -- questions and pasted logs --------------------------------------------------------

    def _answer(self, said: payloads.Said) -> None:
        key = answer_key(said.team_id, said.channel, said.ts)
        said = replace(
            said,
            question=self._redact(said.question)[:QUESTION_LIMIT],
            logs=self._redact(said.logs)[:EVIDENCE_LIMIT],
        )
        with self._units.read() as uow:
            if uow.outbox.destination(key) is not None:
                return
            incident = _incident_of_thread(uow, said)
        if not said.is_addressed and (incident is None or not said.logs):
            return
        to = Destination(said.team_id, said.channel, thread=said.thread_ts or said.ts)
        if not said.question and not said.logs:
            with self._units.begin() as uow:
                uow.outbox.put(key, to, Notice(text=_HELP), self._clock.now())
            return
        if incident is not None and said.logs:
            self._add_evidence(incident.id, said)
        suggestion = self._builder.suggest(self._query(said, incident), asked=True)
        self._reply(key, to, said, incident, suggestion)

    def _query(self, said: payloads.Said, incident: Incident | None) -> Query:
        where = Destination(said.team_id, said.channel)
        audience = Audience(channel=where.channel_key, sees_nothing=said.is_shared)
        if incident is None:
            return Query(
                text=said.question or said.logs[:QUESTION_LIMIT],
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
            entry = TimelineEntry(
                at=self._clock.now(),
                kind=TimelineKind.EVIDENCE,
                text=f"{lines} line{'s' if lines > 1 else ''} pasted in the thread",
                actor=said.actor.key,
                data={"text": said.logs, "ts": said.ts, "channel": said.channel},
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
