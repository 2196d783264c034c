"""2:15 and 2:30: what was never seen, and a text that tries to give orders."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime

from bot.demo.night import Night
from bot.demo.seen import Seen
from bot.demo.stage import CHANNEL
from bot.demo.story import StoryChange
from bot.demo.text_card import message_text

_LIVE_MENTION = re.compile(r"<[!@#](?!date)")


def unfamiliar(night: Night) -> Seen:
    seen = night.seen()
    before = len(night.stage.bot_messages())
    alert = night.story.unfamiliar_alert
    _deploy(night, night.story.changes)
    night.fire(alert)
    night.stage.wait_for_suggestion(alert.name)
    seen.check("the channel stays silent", len(night.stage.bot_messages()) == before)
    question = f"{night.story.unfamiliar_question} {alert.name}: {alert.text}"
    asked = night.stage.person("bob").mentions_bot(CHANNEL, question)
    reply = night.wait(lambda: night.last_reply(asked))
    seen.show("asked, the bot answers", reply)
    text = message_text(reply.blocks, reply.text).lower()
    seen.check("it says that it has not seen this before", "not seen" in text)
    for reason in ("other service", "other error"):
        seen.check(f"the nearest case is too far: {reason}", reason in text)
    last = night.story.changes[-1]
    told = f"{last.service} {night.story.changes[-2].version} → {last.version}"
    when = f"{last.minutes_ago:.0f} min ago"
    seen.check(f"changed last: {told}, {when}", told in text and when in text)
    return seen


def _deploy(night: Night, changes: Sequence[StoryChange]) -> None:
    """Tell of what was deployed, and wait until the bot knows it."""
    now = datetime.now(UTC)
    for change in changes:
        night.stage.alert("github", change.body(now))
    night.stage.bot.until(lambda: len(night.stage.bot.get("/v1/changes")["items"]) >= len(changes))


def hostile(night: Night) -> Seen:
    seen = night.seen()
    alert = night.story.hostile_alert
    before = {(m.ts, m.edited) for m in night.stage.bot_messages()}
    night.fire(alert)
    night.stage.wait_for_suggestion(alert.name)
    asked = night.stage.person("bob").mentions_bot(CHANNEL, f"what about this? {alert.text}")
    reply = night.wait(lambda: night.last_reply(asked))
    seen.show("the answer", reply)
    new = [m for m in night.stage.bot_messages() if (m.ts, m.edited) not in before]
    wire = [str(m.blocks) + m.text for m in (reply, *new)]
    seen.check(
        "nobody is mentioned and no link is made of its text",
        not any(_LIVE_MENTION.search(text) or "evil" in _links(text) for text in wire),
    )
    return seen


def _links(wire: str) -> str:
    return " ".join(re.findall(r"<(https?://[^>]+)>", wire))
