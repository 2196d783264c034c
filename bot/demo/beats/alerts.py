"""0:10 to 0:50: the first alert, another tool's, and what a person pastes."""

from collections.abc import Mapping
from typing import Any

from bot.demo.night import Night, words
from bot.demo.seen import Seen
from bot.demo.stage import CHANNEL
from bot.demo.story import StoryAlert


def first_alert(night: Night) -> Seen:
    seen = night.seen()
    night.fire(night.story.first_alert)
    night.card = night.wait_card(night.story.first_alert.name)
    seen.show("card", night.card)
    incident = night.incident(night.story.first_alert.name)
    night.tonight = incident["key"]
    suggestion = incident["suggestion"]
    told = {case for cause in suggestion["causes"] for case in cause["incident_ids"]}
    expected = {cause.expected_incident for cause in night.story.causes}
    seen.check("several causes fit, and the card says so", len(suggestion["causes"]) >= 3)
    seen.check(f"among them {', '.join(sorted(expected))}", expected <= told)
    seen.check("no cause is called the one", suggestion["kind"] == "several_causes")
    seen.check("every line has its citation", _all_cited(suggestion))
    return seen


def joining(night: Night) -> Seen:
    """The watcher measures, and sends what its rules say; from now on it goes on by itself."""
    seen = night.seen()
    card, joins = night.current(night.the_card()), night.cause.joins
    watch(night)
    seen.check(
        f"{joins.alert.name} of {joins.alert.source} joins {night.tonight}",
        night.happens(lambda: joins.alert.name in _names(night.tonights())),
    )
    because = [
        entry["text"]
        for entry in night.tonights()["timeline"]
        if entry["text"].startswith(joins.alert.name)
    ]
    seen.check(
        f"the reason is kept: {joins.because}",
        any(joins.because in text and " s apart" in text for text in because),
    )
    right = night.cause.expected_incident

    def told() -> bool:
        suggestion = night.tonights()["suggestion"]
        found = [incident["id"] for incident in suggestion["incidents"]]
        return found[:1] == [right] and suggestion["kind"] == "one_cause"

    seen.check(f"what it tells is enough: like {right}", night.happens(told))
    edited = night.wait_says(card, joins.alert.name, right)
    seen.show("the card, edited in place", edited)
    seen.check("the card was edited, not posted again", len(night.cards()) == 1)
    return seen


def watch(night: Night) -> None:
    """Set the watcher on the slots: the alert that joins, and that the first one ends once
    nobody is turned away any more."""
    joins = night.cause.joins
    first = _rule(night.story.first_alert, "refused", 1, 1, fires=True)
    other = _rule(joins.alert, joins.measures, joins.at_least, joins.below, fires=False)
    # The one that opened the incident ends last: until then the card goes by it.
    night.plant.watch(night.stage.bot.address, night.stage.token, [other, first])


def _rule(
    alert: StoryAlert, measures: str, at_least: int, below: int, *, fires: bool
) -> Mapping[str, Any]:
    return {
        "source": alert.source,
        "name": alert.name,
        "labels": dict(alert.labels),
        "annotations": dict(alert.annotations),
        "measures": measures,
        "from": at_least,
        "below": below,
        "fires": fires,
    }


def evidence(night: Night) -> Seen:
    seen = night.seen()
    card, cause = night.the_card(), night.cause
    pasted = f"{cause.evidence_question}\n```\n{cause.evidence_log.strip()}\n```"
    night.stage.person("alice").mentions_bot(CHANNEL, pasted, thread_ts=card.ts)
    reply = night.wait(lambda: night.last_reply(card))
    seen.show("answer in the thread", reply)
    right, different = cause.expected_incident, cause.expected_difference

    def settled() -> bool:
        suggestion = night.tonights()["suggestion"]
        found = [incident["id"] for incident in suggestion["incidents"]]
        return found[:1] == [right] and suggestion["kind"] == "one_cause"

    seen.check(f"{right} comes first now, as the one cause that fits", night.happens(settled))
    edited = night.wait_says(card, right, different)
    seen.show("the card, edited in place", edited)
    seen.check("the card was edited, not posted again", len(night.cards()) == 1)
    if different:
        rows = [row["text"] for row in night.tonights()["suggestion"]["differences"]]
        seen.check(f"different this time: {different}", any(different in row for row in rows))
        seen.check("the card says so", different in words(edited))
    return seen


def _names(incident: Mapping[str, Any]) -> set[str]:
    return {alert["name"] for alert in incident["alerts"]}


def _all_cited(suggestion: Mapping[str, Any]) -> bool:
    lines = [*suggestion["incidents"], *suggestion["passages"], *suggestion["steps"]]
    return bool(lines) and all(line["citation"]["document_id"] for line in lines)
