"""1:10 and 1:30: an action is asked for, approved by a second person, and helps or does not."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from bot.demo.night import Night, words
from bot.demo.seen import Seen
from bot.demo.stage import CHANNEL
from bot.workspace.driver import Person
from bot.workspace.model import Message, View

_HASH = re.compile(r"sha256 ([0-9a-f]{12})")
_KEY = re.compile(r"\bACT-\d+\b")


def request(night: Night) -> Seen:
    """Alice asks, and may not approve it herself; Bob sees what will run, and may."""
    seen = night.seen()
    fix, alice = night.cause.action, night.stage.person("alice")
    night.pid = night.plant.pid_of(fix.restarts)
    before = night.plant.reading()
    seen.check(
        f"{before.taken} of {before.total} {night.cause.plant.of} are taken",
        before.taken == before.total,
    )
    shown = _fills_in(night, alice)
    seen.check("the form shows exactly what would run", fix.command in str(shown.definition))
    seen.check(f"and how it did before: {fix.record}", fix.record in str(shown.definition))
    done = alice.submits(shown, {})
    if done is not None:
        alice.closes(done)
    asked = night.wait_card("Waits for approval", fix.command, but=[night.the_card()])
    night.request = asked
    seen.show("the request", asked)

    alice.clicks(asked, "Approve")
    told = night.wait(lambda: night.last_reply(asked))
    seen.show("alice presses Approve", told)
    seen.check("alice may not approve what she asked for", "second person" in words(told))
    events, key = _events(night), _key(asked)
    refused = [e for e in events if e["subject"] == key and e["action"] == "action.denied"]
    by_alice = any(e["actor"].endswith(f"/{alice.id}") for e in refused)
    seen.check("and that she tried is on the audit record", by_alice)
    seen.check("nothing was run", night.plant.pid_of(fix.restarts) == night.pid)

    bob = night.stage.person("bob")
    there = night.current(asked)
    seen.check("bob is asked, and alice is not", _mentions(there, bob.id, alice.id))
    hashes = _HASH.findall(words(there))
    digests = {str(e["data"].get("digest", "")) for e in events if e["subject"] == key}
    seen.check(
        "bob sees the exact command, and the hash of what is on record",
        fix.command in words(there) and [d[:12] for d in digests] == hashes,
    )
    bob.clicks(there, "Approve")
    approved = night.wait_says(asked, "approved by @" + bob.id)
    seen.show("bob presses Approve", approved)
    return seen


def verified(night: Night) -> Seen:
    """What was approved runs; the watcher measures, and sends by itself that it is over."""
    seen = night.seen()
    fix, asked = night.cause.action, night.the_request()
    over = night.wait_says(asked, "Worked")
    seen.show("the request, afterwards", over)
    said = words(over)
    seen.check(
        "verified by the condition, not by an exit code",
        "Verified by the condition itself" in said,
    )
    seen.check(f"{fix.restarts} is another process", night.plant.pid_of(fix.restarts) != night.pid)
    expected = sum(program.afterwards for program in night.cause.plant.programs)
    reading, joins = night.plant.reading(), night.cause.joins
    seen.check(
        f"{expected} of {reading.total} {night.cause.plant.of} are taken",
        reading.taken == expected,
    )
    sent = f"{expected} of {reading.total}: {joins.alert.name} resolved"
    seen.check(f"the watcher measured it and sent it: {sent}", sent in night.plant.watched)
    alerts = night.tonights()["alerts"]
    seen.check(
        "all alerts of the incident are resolved",
        all(alert["status"] == "resolved" for alert in alerts),
    )
    steps = [e["action"] for e in _events(night) if e["subject"] == _key(asked)]
    wanted = ["action.approved", "action.started", "action.ran", "action.verified"]
    seen.check(f"on record in this order: {', '.join(wanted)}", steps[-len(wanted) :] == wanted)
    audit = night.stage.recall("audit", "verify", "--json")
    seen.check(
        "recall audit verify finds the record as it was written",
        audit.returncode == 0 and json.loads(audit.stdout)["ok"] is True,
    )
    return seen


def _fills_in(night: Night, person: Person) -> View:
    """The command typed and its form filled in: the page that shows what would run."""
    fix = night.cause.action
    person.runs(f"/recall act {night.tonight} {fix.template}", CHANNEL)
    form = night.wait(lambda: person.view)
    reason = {"reason": f"{night.cause.expected_incident} was like this"}
    shown = person.submits(form, {**fix.parameters, **reason})
    if shown is None or shown.errors:
        raise RuntimeError(f"the form of {fix.template} was not taken")
    return shown


def _events(night: Night) -> Sequence[Mapping[str, Any]]:
    """The audit record, as `recall audit export` writes it."""
    exported = night.stage.recall("audit", "export")
    return [json.loads(line) for line in exported.stdout.splitlines()]


def _key(request: Message) -> str:
    found = _KEY.search(words(request))
    return found[0] if found is not None else ""


def _mentions(message: Message, asked: str, not_asked: str) -> bool:
    """Whether those who are asked to decide are the one and not the other."""
    lines = [line for line in words(message).splitlines() if "please look at this" in line]
    return len(lines) == 1 and asked in lines[0] and not_asked not in lines[0]
