"""1:50: a node fails, and something else breaks at the same time."""

import time
from collections.abc import Mapping
from typing import Any

from bot.demo.night import Night, words
from bot.demo.seen import Seen
from bot.workspace.model import Message

_BETWEEN_SECONDS = 0.4
_OVER = ("resolved", "closed")


def storm(night: Night) -> Seen:
    seen = night.seen()
    story, before = night.story.storm, night.cards()
    send(night)
    own = night.wait_card(story.unrelated.name, but=before)
    seen.show("in the middle of it", own)
    told = night.wait_card(f"Alert storm: {story.alerts} alerts", but=before)
    seen.show(f"{story.alerts} alerts, one message", told)
    seen.check(f"{story.unrelated.name} got its own card", own.ts != told.ts)
    seen.check("the storm's message does not count it in", not _tells_of(night, told))
    new = {m.ts for m in night.cards()} - {m.ts for m in before}
    seen.check("two messages in all", new == {own.ts, told.ts})

    calm_down(night)
    over = night.wait_says(told, f"Alert storm is over: {story.alerts} alerts")
    seen.show("afterwards, the same message", over)
    seen.check("still two messages", len(night.cards()) == len(before) + 2)
    return seen


def send(night: Night) -> None:
    """All waves within 5 seconds, and the unrelated alert in the middle."""
    story = night.story.storm
    middle = len(story.waves) // 2
    for number, wave in enumerate(story.waves):
        night.fire(wave)
        if number == middle:
            night.fire(story.unrelated)
        time.sleep(_BETWEEN_SECONDS)


def calm_down(night: Night) -> None:
    """The node is back, and the other thing is mended as well; nothing of it is open any more."""
    story = night.story.storm
    for alert in (*story.waves, story.unrelated):
        night.fire(alert, "resolved")
    names = {alert.name for alert in (*story.waves, story.unrelated)}
    night.until(lambda: not _open(night, names))


def _open(night: Night, names: set[str]) -> bool:
    return any(
        row["state"] not in _OVER
        and _has(night.stage.bot.get(f"/v1/incidents/{row['key']}"), names)
        for row in night.stage.incidents()
    )


def _has(incident: Mapping[str, Any], names: set[str]) -> bool:
    return any(alert["name"] in names for alert in incident["alerts"])


def _tells_of(night: Night, told: Message) -> bool:
    unrelated = night.story.storm.unrelated
    return unrelated.name in words(told) or night.incident(unrelated.name)["key"] in words(told)
