"""2:40 and 2:50: one tap says what it was, and the next time it is known."""

from bot.demo.night import Night
from bot.demo.seen import Seen


def resolve(night: Night) -> Seen:
    """The alerts are over already; what it was like, only a person knows."""
    seen = night.seen()
    card, right = night.current(night.the_card()), night.cause.expected_incident
    night.stage.person("alice").clicks(card, "recall_resolved_like")
    night.until(lambda: night.current(card).edited != card.edited)
    edited = night.wait_says(card, f"Resolved like {right}")
    seen.show("the card, resolved", edited)
    seen.check("the incident is resolved", night.tonights()["state"] == "resolved")
    record = night.ask(night.story.first_alert)
    mine = [one for one in record["incidents"] if one["id"] == night.tonight]
    seen.check(f"{night.tonight} is on record, confirmed by the resolver", bool(mine))
    if mine:
        seen.check(f"as like {right}", right in mine[0]["resolution"] + mine[0]["cause"])
    return seen


def again(night: Night) -> Seen:
    seen = night.seen()
    before = night.cards()
    night.fire(night.story.first_alert)
    card = night.wait_card(night.story.first_alert.name, but=before)
    seen.show("the card of the new incident", card)
    suggestion = night.incident(night.story.first_alert.name)["suggestion"]
    found = [incident["id"] for incident in suggestion["incidents"]]
    seen.check(f"the top hit is tonight's {night.tonight}", found[:1] == [night.tonight])
    return seen
