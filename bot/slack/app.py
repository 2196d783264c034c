"""The Bolt app: everything that comes in is written to the inbox, then acknowledged.

The same app serves Socket Mode and HTTP mode. Its listeners do no work: Slack waits 3 seconds
for an acknowledgement, and what was acknowledged must not be lost, so all an acknowledgement
means is that the delivery is on record. Only what a person waits for in front of an open form or
a typed command is answered in line, by the engine, within those seconds.
"""

import json
import logging
import uuid
from collections.abc import Callable, Mapping
from typing import Any

from slack_bolt import App, BoltResponse
from slack_sdk import WebClient

from bot.clock import Clock
from bot.errors import DatabaseBusy, EngineUnavailable
from bot.jobs.ports import InboxAdder, InboxItem, InboxKind
from bot.slack.payloads import click, is_answered_in_line, is_wanted

_log = logging.getLogger(__name__)

SOURCE = "slack"
Interact = Callable[[Mapping[str, Any]], Mapping[str, Any]]
"""Answers a command, a form or a shortcut; raises EngineUnavailable."""

_AWAY = (
    "Recall did not answer in time, so it is not known whether that was done. "
    "Look at the incident before you try again."
)
_MESSAGES = uuid.UUID("5f0c9d1e-6a8b-5c57-9b0e-2f1f1c1a7d43")
"""The namespace of ids that are made from a message's place and time."""


Wants = Callable[[Mapping[str, Any]], bool]
"""Whether an event is kept although nobody speaks to the bot in it."""


def _nothing_more(_: Mapping[str, Any]) -> bool:
    return False


def item_of(
    body: Mapping[str, Any],
    clock: Clock,
    new_id: Callable[[], str],
    also: Wants = _nothing_more,
) -> InboxItem | None:
    """The inbox item for a body, or None for what is not kept.

    The key makes a redelivery the same item: Slack's event id; for clicks, which have none,
    who pressed which button when. A message is the same item by its id as well, which is made
    from where and when it was said: read back from the history it has no event id.
    """
    if body.get("type") == "event_callback":
        if not is_wanted(body) and not also(body):
            return None
        kind, key = InboxKind.SLACK_EVENT, f"slack:{body['team_id']}:{body['event_id']}"
        new_id = _message_id(body, new_id)
    else:
        pressed = click(body)
        if pressed is None:
            return None
        kind = InboxKind.SLACK_ACTION
        key = f"slack:{pressed.actor.key}:{pressed.token}:{pressed.action_ts}"
    return InboxItem(
        id=new_id(),
        kind=kind,
        source=SOURCE,
        body=json.dumps(body).encode(),
        content_type="application/json",
        received_at=clock.now(),
        dedupe_key=key,
    )


def _message_id(body: Mapping[str, Any], new_id: Callable[[], str]) -> Callable[[], str]:
    event = body["event"]
    if event.get("type") not in ("message", "app_mention"):
        return new_id
    said = f"{body['team_id']}/{event.get('channel')}/{event.get('ts') or event.get('event_ts')}"
    return lambda: uuid.uuid5(_MESSAGES, said).hex


class Receive:
    """The middleware in front of all others but the check of the signature."""

    def __init__(
        self, inbox: InboxAdder, clock: Clock, interact: Interact, also: Wants = _nothing_more
    ) -> None:
        self._inbox = inbox
        self._clock = clock
        self._interact = interact
        self._also = also

    def receive(self, body: Mapping[str, Any]) -> BoltResponse | None:
        """The answer to Slack; None for a body that is none of ours."""
        if is_answered_in_line(body):
            return self._answer(body)
        if body.get("type") not in ("event_callback", "block_actions"):
            return None
        item = item_of(body, self._clock, lambda: uuid.uuid4().hex, self._also)
        if item is not None:
            try:
                self._inbox.add(item)
            except DatabaseBusy as error:
                # Not acknowledged: Slack delivers events again, and tells a person who clicked.
                _log.warning("a Slack delivery could not be put on record: %s", error)
                return BoltResponse(status=503, body="not on record; deliver again")
        return BoltResponse(status=200, body="")

    def _answer(self, body: Mapping[str, Any]) -> BoltResponse:
        try:
            said = self._interact(body)
        except EngineUnavailable as error:
            _log.warning("an interaction was not answered: %s", error)
            # A form stays open, with what was typed in it, when Slack gets no acknowledgement.
            if not body.get("command"):
                return BoltResponse(status=503, body="the engine did not answer")
            said = {"response_type": "ephemeral", "text": _AWAY}
        return BoltResponse(status=200, body=json.dumps(said) if said else "")


def build_app(
    client: WebClient,
    inbox: InboxAdder,
    clock: Clock,
    interact: Interact,
    *,
    signing_secret: str | None,
    also: Wants = _nothing_more,
) -> App:
    """The app; makes no call to Slack, so that Recall starts while Slack is away.

    `signing_secret` is for HTTP mode; in Socket Mode nothing but Slack can send anything.
    """
    receive = Receive(inbox, clock, interact, also)

    def write_inbox_first(body: Mapping[str, Any], next: Callable[[], None]) -> Any:  # noqa: A002
        answer = receive.receive(body)
        if answer is None:
            next()
        return answer

    return App(
        name="recall",
        logger=logging.getLogger("bot.slack.bolt"),
        client=client,
        signing_secret=signing_secret or "",
        token_verification_enabled=False,
        before_authorize=write_inbox_first,
    )
