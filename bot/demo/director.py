"""The beats of the story, played on a stage and checked from outside: through the workspace,
where people look, and through the HTTP API, where programs do."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from bot.demo.stage import CHANNEL, Stage
from bot.demo.story import Story, StoryAlert, StoryChange, TrueCause
from bot.demo.text_card import message_text
from bot.workspace.model import Message

PATIENCE_SECONDS = 30.0
_LIVE_MENTION = re.compile(r"<[!@#](?!date)")


@dataclass(slots=True)
class Seen:
    """What a beat showed: messages as text, and the checks with how they came out.

    `names` are people's names by their ids, for the messages that mention them.
    """

    names: Mapping[str, str] = field(default_factory=dict)
    shown: list[tuple[str, str]] = field(default_factory=list)
    checks: list[tuple[str, bool]] = field(default_factory=list)

    def check(self, what: str, came_true: bool) -> None:
        self.checks.append((what, came_true))

    def show(self, title: str, message: Message) -> None:
        self.shown.append((title, message_text(message.blocks, message.text, self.names)))

    @property
    def ok(self) -> bool:
        return all(came_true for _, came_true in self.checks)


@dataclass(frozen=True, slots=True)
class Beat:
    """`what` happens, and what people see of it once it has been played (`then`)."""

    time: str
    what: str
    then: str
    play: Callable[[], Seen]


class Director:
    """Plays the beats one after the other; later ones build on earlier ones."""

    def __init__(self, stage: Stage, story: Story, cause: TrueCause) -> None:
        self._stage = stage
        self._story = story
        self._cause = cause
        self._card: Message | None = None
        self._tonight = ""
        users = [stage.workspace.bot, *(stage.person(name).user for name in stage.users)]
        self._names = {user.id: user.name for user in users}

    @property
    def beats(self) -> Sequence[Beat]:
        first = self._story.first_alert.name
        right = self._cause.expected_incident
        return (
            Beat(
                "0:10",
                f"{first} fires in prod/eu-1",
                "Several causes fit, so the card names them all and says what to check first",
                self.first_alert,
            ),
            Beat(
                "0:50",
                "alice pastes what she sees into the thread",
                f"Her lines tell the causes apart: the card was edited in place, like {right}",
                self.evidence,
            ),
            Beat(
                "2:15",
                f"{self._story.unfamiliar_alert.name}: never seen",
                "The channel stayed silent. Bob asked: the bot says so, why the nearest "
                "case is too far, and what changed last",
                self.unfamiliar,
            ),
            Beat(
                "2:30",
                "an alert that tries to give orders",
                "Its words stay words: nobody is mentioned, nothing is linked, nothing is run",
                self.hostile,
            ),
            Beat(
                "2:40",
                "alice resolves it with one tap",
                f"The first card is short now, and tonight is on record as like {right}",
                self.resolve,
            ),
            Beat(
                "2:50",
                "next Thursday, 03:12: the same alert again",
                "Tonight's incident comes first now, confirmed by alice",
                self.again,
            ),
        )

    def first_alert(self) -> Seen:
        seen = Seen(names=self._names)
        self._fire(self._story.first_alert)
        self._card = self._wait_card(self._story.first_alert.name)
        seen.show("card", self._card)
        suggestion = self._incident(self._story.first_alert.name)["suggestion"]
        told = {case for cause in suggestion["causes"] for case in cause["incident_ids"]}
        expected = {cause.expected_incident for cause in self._story.causes}
        seen.check("several causes fit, and the card says so", len(suggestion["causes"]) >= 3)
        seen.check(f"among them {', '.join(sorted(expected))}", expected <= told)
        seen.check("no cause is called the one", suggestion["kind"] == "several_causes")
        seen.check("every line has its citation", _all_cited(suggestion))
        return seen

    def evidence(self) -> Seen:
        seen = Seen(names=self._names)
        card = self._the_card()
        pasted = f"{self._cause.evidence_question}\n```\n{self._cause.evidence_log.strip()}\n```"
        self._stage.person("alice").mentions_bot(CHANNEL, pasted, thread_ts=card.ts)
        reply = self._wait(lambda: self._last_reply(card))
        seen.show("answer in the thread", reply)
        self._wait(lambda: self._current(card).edited)
        edited = self._wait(lambda: self._card_naming(card, self._cause.expected_incident))
        seen.show("the card, edited in place", edited)
        suggestion = self._incident(self._story.first_alert.name)["suggestion"]
        found = [incident["id"] for incident in suggestion["incidents"]]
        seen.check(
            f"{self._cause.expected_incident} comes first now",
            found[:1] == [self._cause.expected_incident],
        )
        seen.check("as the one cause that fits", suggestion["kind"] == "one_cause")
        seen.check("the card was edited, not posted again", len(self._cards()) == 1)
        different = self._cause.expected_difference
        if different:
            rows = [row["text"] for row in suggestion["differences"]]
            seen.check(f"different this time: {different}", any(different in row for row in rows))
            seen.check("the card says so", different in _words(edited))
        return seen

    def unfamiliar(self) -> Seen:
        seen = Seen(names=self._names)
        before = len(self._stage.bot_messages())
        alert = self._story.unfamiliar_alert
        self._deploy(self._story.changes)
        self._fire(alert)
        self._stage.wait_for_suggestion(alert.name)
        seen.check("the channel stays silent", len(self._stage.bot_messages()) == before)
        question = f"{self._story.unfamiliar_question} {alert.name}: {alert.text}"
        asked = self._stage.person("bob").mentions_bot(CHANNEL, question)
        reply = self._wait(lambda: self._last_reply(asked))
        seen.show("asked, the bot answers", reply)
        text = message_text(reply.blocks, reply.text).lower()
        seen.check("it says that it has not seen this before", "not seen" in text)
        for reason in ("other service", "other error"):
            seen.check(f"the nearest case is too far: {reason}", reason in text)
        last = self._story.changes[-1]
        told = f"{last.service} {self._story.changes[-2].version} → {last.version}"
        when = f"{last.minutes_ago:.0f} min ago"
        seen.check(f"changed last: {told}, {when}", told in text and when in text)
        return seen

    def hostile(self) -> Seen:
        seen = Seen(names=self._names)
        alert = self._story.hostile_alert
        self._fire(alert)
        self._stage.wait_for_suggestion(alert.name)
        asked = self._stage.person("bob").mentions_bot(CHANNEL, f"what about this? {alert.text}")
        reply = self._wait(lambda: self._last_reply(asked))
        seen.show("the answer", reply)
        wire = [str(m.blocks) + m.text for m in (reply, *self._stage.bot_messages())]
        seen.check(
            "nobody is mentioned and no link is made of its text",
            not any(_LIVE_MENTION.search(text) or "evil" in _links(text) for text in wire),
        )
        return seen

    def resolve(self) -> Seen:
        seen = Seen(names=self._names)
        card = self._current(self._the_card())
        self._stage.person("alice").clicks(card, "recall_resolved_like")
        name = self._story.first_alert.name
        self._wait(lambda: self._current(card).edited != card.edited)
        self._stage.bot.until(lambda: self._incident(name)["state"] == "resolved")
        incident = self._incident(name)
        self._tonight = incident["key"]
        # The monitoring sees it too, a little later, as it does in life.
        self._fire(self._story.first_alert, "resolved")
        seen.show("the card, resolved", self._current(card))
        seen.check("the incident is resolved", incident["state"] == "resolved")
        record = self._ask(self._story.first_alert)
        mine = [one for one in record["incidents"] if one["id"] == self._tonight]
        seen.check(f"{self._tonight} is on record, confirmed by the resolver", bool(mine))
        if mine:
            seen.check(
                f"as like {self._cause.expected_incident}",
                self._cause.expected_incident in mine[0]["resolution"] + mine[0]["cause"],
            )
        return seen

    def again(self) -> Seen:
        seen = Seen(names=self._names)
        before = {message.ts for message in self._cards()}
        self._fire(self._story.first_alert)
        card = self._wait(lambda: next((m for m in self._cards() if m.ts not in before), None))
        seen.show("the card of the new incident", card)
        suggestion = self._incident(self._story.first_alert.name)["suggestion"]
        found = [incident["id"] for incident in suggestion["incidents"]]
        seen.check(f"the top hit is tonight's {self._tonight}", found[:1] == [self._tonight])
        return seen

    # -- looking ------------------------------------------------------------------------

    def _fire(self, alert: StoryAlert, status: str = "firing") -> None:
        self._stage.alert("alertmanager", alert.body(datetime.now(UTC), status=status))

    def _deploy(self, changes: Sequence[StoryChange]) -> None:
        """Tell of what was deployed, and wait until the bot knows it."""
        now = datetime.now(UTC)
        for change in changes:
            self._stage.alert("github", change.body(now))
        self._stage.bot.until(
            lambda: len(self._stage.bot.get("/v1/changes")["items"]) >= len(changes)
        )

    def _wait(self, seen: Callable[[], Any]) -> Any:
        return self._stage.workspace.wait_for(seen, PATIENCE_SECONDS)

    def _wait_card(self, name: str) -> Message:
        card: Message = self._wait(
            lambda: next((m for m in reversed(self._cards()) if name in _words(m)), None)
        )
        return card

    def _the_card(self) -> Message:
        if self._card is None:
            raise RuntimeError("the first beat has not been played")
        return self._card

    def _cards(self) -> list[Message]:
        return [m for m in self._stage.bot_messages() if not m.is_reply]

    def _current(self, message: Message) -> Message:
        return next(m for m in self._stage.messages() if m.ts == message.ts)

    def _card_naming(self, card: Message, incident: str) -> Message | None:
        current = self._current(card)
        return current if current.edited and incident in _words(current) else None

    def _last_reply(self, under: Message) -> Message | None:
        replies = self._stage.workspace.thread(CHANNEL, under.ts)
        mine = [m for m in replies if m.user == self._stage.workspace.bot.id and m.ts != under.ts]
        return mine[-1] if mine else None

    def _incident(self, alert_name: str) -> Mapping[str, Any]:
        incident = self._stage.incident(alert_name)
        if incident is None:
            raise LookupError(f"no incident of {alert_name}")
        return incident

    def _ask(self, alert: StoryAlert) -> Mapping[str, Any]:
        with self._stage.bot.client() as client:
            body = {"text": f"{alert.name}: {alert.text}", "labels": dict(alert.labels)}
            answer: Mapping[str, Any] = client.post("/v1/suggest", json=body).json()
        return answer


def _words(message: Message) -> str:
    return message_text(message.blocks, message.text)


def _links(wire: str) -> str:
    return " ".join(re.findall(r"<(https?://[^>]+)>", wire))


def _all_cited(suggestion: Mapping[str, Any]) -> bool:
    lines = [*suggestion["incidents"], *suggestion["passages"], *suggestion["steps"]]
    return bool(lines) and all(line["citation"]["document_id"] for line in lines)
