"""Gap repair: after a time of deafness, reading what was said meanwhile and taking it in.

One job a channel, each putting the next one in line in its own transaction: a crash or a rate
limit costs one channel's reading, and questions of the present are answered in between. What is
found goes into the inbox under the identity that Slack's own late delivery would have, so
whichever comes second has no effect.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from slack_sdk import WebClient

from bot.chat.cards import CARD_PREFIX, answer_key
from bot.chat.messages import Notice
from bot.chat.ports import CardRoom
from bot.chat.troubles import forget_trouble, note_trouble
from bot.clock import Clock
from bot.errors import ChatRefused
from bot.jobs.marks import LAST_GAP
from bot.jobs.ports import InboxItem, Job
from bot.slack import payloads
from bot.slack.app import item_of
from bot.slack.hearing import GAP_JOB, LONGEST_GAP, MARGIN_SECONDS
from bot.slack.history import KINDS, Channel, History, edited_post_at
from bot.slack.post_alerts import tells_news
from bot.slack.room_payloads import Posted, room_event
from bot.slack.whoami import Myself, WhoAmI
from bot.uow import UnitOfWork, UnitOfWorkFactory

_log = logging.getLogger(__name__)

LATE_SECONDS = 15 * 60
_CARDS_KNOWN = 50
_CARD_AGE = timedelta(days=7)
_MARGIN = timedelta(seconds=MARGIN_SECONDS)


class GapRepair:
    """Handles the jobs of a gap. `room` is where the bot tells of itself; `wants_post` tells of
    another app's post, as an event, whether it is looked at.

    Raises ChatUnavailable while Slack is away or limits us: the job then runs again later.
    """

    def __init__(
        self,
        units: UnitOfWorkFactory,
        client: WebClient,
        room: Callable[[], CardRoom | None],
        clock: Clock,
        wants_post: Callable[[Mapping[str, Any]], bool] = lambda _: False,
    ) -> None:
        self._wants_post = wants_post
        self._units = units
        self._client = client
        self._history = History(client)
        self._room = room
        self._clock = clock
        self._who = WhoAmI(client)

    def handle(self, job: Job) -> None:
        key, step = str(job.payload["gap"]), int(job.payload["step"])
        if step == 0:
            self._begin(job)
            return
        with self._units.read() as uow:
            state = uow.marks.get(key)
        if state is None or int(state["done"]) != step - 1:
            return  # a crash came between this step and the note that it was taken
        if step <= len(state["channels"]):
            self._read_channel(job, Channel(*state["channels"][step - 1]))
        else:
            self._end(job)

    # -- the steps ------------------------------------------------------------------------

    def _begin(self, job: Job) -> None:
        """Find the channels that the bot is in."""
        channels, refused = self._history.channels()
        with self._units.begin() as uow:
            if uow.marks.get(str(job.payload["gap"])) is not None:
                return
            now = self._clock.now()
            for kind in KINDS:
                if kind in refused:
                    _log.warning("conversations of this kind (%s): %s", kind, refused[kind])
                    note_trouble(uow, "", kind, str(refused[kind]), now)
                else:
                    forget_trouble(uow, kind)
            state = {
                "channels": [[one.id, one.kind, one.is_shared] for one in channels],
                "done": 0,
                "replayed": 0,
                "late": 0,
            }
            self._go_on(uow, job, state)

    def _read_channel(self, job: Job, channel: Channel) -> None:
        since, until = _window(job)
        bot = self._who()
        refusal = ""
        items: Sequence[tuple[float, InboxItem]] = ()
        try:
            items = self._missed(bot, channel, since - _MARGIN, until + _MARGIN)
        except ChatRefused as error:
            refusal = str(error)
            _log.warning("what was said in %s meanwhile is lost: %s", channel.id, error)
        with self._units.begin() as uow:
            state = uow.marks.get(str(job.payload["gap"]))
            if state is None or int(state["done"]) != int(job.payload["step"]) - 1:
                return
            now = self._clock.now()
            if refusal:
                note_trouble(uow, bot.team_id, channel.id, refusal, now)
            else:
                forget_trouble(uow, channel.id)
            added = [at for at, item in items if uow.inbox.add_many([item])]
            late = sum(1 for at in added if now.timestamp() - at > LATE_SECONDS)
            changed = {
                **state,
                "done": state["done"] + 1,
                "replayed": state["replayed"] + len(added),
                "late": state["late"] + late,
            }
            self._go_on(uow, job, changed)

    def _missed(
        self, bot: Myself, channel: Channel, since: datetime, until: datetime
    ) -> Sequence[tuple[float, InboxItem]]:
        """What the bot would have wanted to hear and has not, with its time, oldest first."""
        with self._units.read() as uow:
            cards = uow.outbox.posted(
                bot.team_id, channel.id, CARD_PREFIX, since - _CARD_AGE, _CARDS_KNOWN
            )
        found = self._history.said(channel.id, since, until, known_threads=cards)
        bodies = [event_of(bot, channel, message, since) for message in found]
        are_posts = [self._wants_post(body) for body in bodies]
        with self._units.read() as uow:
            wanted = [
                body
                for body, is_post in zip(bodies, are_posts, strict=True)
                if _is_for_us(uow, body) or (is_post and _is_news(uow, body))
            ]
        items = [(body, item_of(body, self._clock, lambda: "", lambda _: True)) for body in wanted]
        return [(float(body["event"]["ts"]), item) for body, item in items if item is not None]

    def _end(self, job: Job) -> None:
        """All is read: say so, where anything was missed."""
        since, until = _window(job)
        try:
            room = self._room()
        except ChatRefused as error:
            _log.warning("there is no channel to tell of the gap in: %s", error)
            room = None
        key = str(job.payload["gap"])
        with self._units.begin() as uow:
            state = uow.marks.get(key)
            if state is None or state.get("ended"):
                return
            now = self._clock.now()
            text = told(since, until, int(state["replayed"]), int(state["late"]))
            if state["replayed"] and room is not None:
                uow.outbox.put(key, room.to, Notice(text=f"Recall was {text}"), now)
            for other, found in uow.marks.under(f"{GAP_JOB}:").items():
                if other != key and found.get("ended"):
                    uow.marks.remove(other)
            uow.marks.put(key, {**state, "channels": [], "ended": True}, now)
            summary = {
                "since": since.isoformat(),
                "until": until.isoformat(),
                "replayed": state["replayed"],
                "late": state["late"],
            }
            uow.marks.put(LAST_GAP, summary, now)
        _log.log(logging.WARNING if state["replayed"] else logging.INFO, "%s", text)

    def _go_on(self, uow: UnitOfWork, job: Job, state: Mapping[str, Any]) -> None:
        """Note how far it has come, and put the next step in line."""
        now, step = self._clock.now(), int(state["done"]) + 1
        key = str(job.payload["gap"])
        uow.marks.put(key, state, now)
        uow.jobs.add(f"{key}:{step}", GAP_JOB, {**job.payload, "step": step}, now)


def _window(job: Job) -> tuple[datetime, datetime]:
    since = datetime.fromisoformat(str(job.payload["since"]))
    until = datetime.fromisoformat(str(job.payload["until"]))
    return max(since, until - LONGEST_GAP), until


def event_of(
    bot: Myself, channel: Channel, message: Mapping[str, Any], since: datetime
) -> Mapping[str, Any]:
    """A message of the history as the event that was missed: a mention where it names the bot,
    an edit where another app has edited its post since then."""
    ts = str(message.get("ts"))
    event = {**message, "channel": channel.id, "event_ts": ts, "type": "message"}
    if edited_post_at(message) >= since.timestamp():
        ts = f"{edited_post_at(message):.6f}"
        event = {
            **{"type": "message", "subtype": "message_changed", "ts": ts, "event_ts": ts},
            **{"channel": channel.id, "channel_type": channel.kind, "message": message},
        }
    elif channel.kind != "im" and f"<@{bot.user_id}" in str(message.get("text") or ""):
        event["type"] = "app_mention"
    else:
        event["channel_type"] = channel.kind
    return {
        "type": "event_callback",
        "team_id": bot.team_id,
        "event_id": f"history:{channel.id}:{ts}",
        "authorizations": [{"team_id": bot.team_id, "user_id": bot.user_id, "is_bot": True}],
        "is_ext_shared_channel": channel.is_shared,
        "event": event,
    }


def _is_for_us(uow: UnitOfWork, body: Mapping[str, Any]) -> bool:
    """Whether it would have had an effect, and has not had it yet."""
    said = payloads.said(body)
    if said is None:
        return False
    if uow.outbox.destination(answer_key(said.team_id, said.channel, said.ts)) is not None:
        return False
    if said.is_addressed:
        return True
    if said.thread_ts is None or not said.logs:
        return False
    under = uow.outbox.key_of(said.team_id, said.channel, said.thread_ts)
    return under is not None and under.startswith(CARD_PREFIX)


def _is_news(uow: UnitOfWork, body: Mapping[str, Any]) -> bool:
    """Whether a post of another app tells what it has not told yet: the overlap of the gap holds
    what was heard in time."""
    event = room_event(body)
    return isinstance(event, Posted) and tells_news(uow, event)


def told(since: datetime, until: datetime, replayed: int, late: int) -> str:
    """`deaf 02:10-02:14, 6 messages replayed`, with the days where they are not one. In UTC."""
    form = "%H:%M" if since.date() == until.date() else "%Y-%m-%d %H:%M"
    messages = f"{replayed} message{'' if replayed == 1 else 's'} replayed"
    text = f"deaf {since:{form}}-{until:{form}}, {messages if replayed else 'nothing was missed'}"
    minutes = LATE_SECONDS // 60
    was_late = f"; {late} of them more than {minutes} minutes late" if late else ""
    return f"{text} (UTC{was_late})"
