"""From what is known of an incident to the card that shows it. Pure."""

from collections.abc import Callable, Sequence
from datetime import datetime

from bot.alerts.model import AlertStatus, StoredAlert
from bot.chat.messages import AlertLine, Answer, Button, IncidentCard, Opener, Said
from bot.incidents.model import Incident, IncidentState, TimelineEntry, TimelineKind
from bot.incidents.records import end_told, is_confirmed
from bot.suggestions.corrections import Correction, Word
from bot.suggestions.model import Suggestion, SuggestionKind
from bot.suggestions.ports import ButtonToken, Feedback

CARD_PREFIX = "card:"
ALERTS_KEPT = 10
_SUMMARY = 500
_CLUSTER_LABELS = ("cluster", "cluster_name", "kubernetes_cluster", "region")
GRADES = {"graded_right": "Right", "graded_wrong": "Wrong", "graded_noise": "Better silent"}
"""What a grader says of an answer in the shadow channel."""
_VERDICTS = {
    "helpful": "Helpful",
    "not_helpful": "Not helpful",
    "resolved_like": "Resolved like",
    **GRADES,
}
_SAID_OF_A_DOCUMENT = {
    Word.NOT_SAME: "Not the same as",
    Word.USED: "Used with success:",
    Word.WRONG_STEP: "Wrong step in",
    Word.MISSING_STEP: "Missing step in",
}


def card_key(incident: Incident) -> str:
    """The outbox key of an incident's one card."""
    return f"{CARD_PREFIX}{incident.key}"


def room_card_key(incident: Incident, channel: str) -> str:
    """The outbox key of the same card in a channel that was made for the incident."""
    return f"{card_key(incident)}@{channel}"


def incident_key_of(message_key: str) -> str | None:
    """The key of the incident whose card has that outbox key; None for any other message."""
    if not message_key.startswith(CARD_PREFIX):
        return None
    return message_key.removeprefix(CARD_PREFIX).partition("@")[0]


def answer_key(team_id: str, channel: str, ts: str) -> str:
    """The outbox key of the answer to one message: a redelivery finds it there already."""
    return f"answer:{team_id}:{channel}:{ts}"


def build_card(
    incident: Incident,
    alerts: Sequence[StoredAlert],
    timeline: Sequence[TimelineEntry],
    suggestion: Suggestion | None,
    buttons: Sequence[Button] = (),
    said: Sequence[Said] = (),
    *,
    shadow_of: str = "",
    openers: Sequence[Opener] = (),
    offers: Sequence[Opener] = (),
    now: datetime | None = None,
) -> IncidentCard:
    """`alerts` in the repository's order: firing ones first, then newest first. `shadow_of` is
    the channel that a card in the shadow channel was for. A snooze that is over at `now` is
    not shown."""
    snoozed = incident.snoozed_until
    return IncidentCard(
        incident_key=incident.key,
        title=incident.title,
        service=incident.service,
        environment=incident.environment,
        cluster=_cluster(alerts),
        severity=incident.severity.value,
        state=incident.state.value,
        opened_at=incident.opened_at,
        resolved_at=incident.resolved_at,
        resolution_note=_resolution_note(timeline) if incident.state.is_over else "",
        alerts=tuple(_line(stored) for stored in alerts[:ALERTS_KEPT]),
        alerts_total=len(alerts),
        suggestion=suggestion,
        buttons=tuple(buttons),
        said=tuple(said),
        owner=user_of(incident.owner) if incident.owner else "",
        shadow_of=shadow_of,
        openers=tuple(openers),
        offers=tuple(offers),
        snoozed_until=snoozed if snoozed and now and snoozed > now else None,
    )


def openers_of(incident: Incident, timeline: Sequence[TimelineEntry]) -> tuple[Opener, ...]:
    """What can be filled in: how it ended while it is open, its record once it is over."""
    if not incident.state.is_over:
        return (Opener(form="resolve", about=incident.key, label="Resolve…"),)
    if incident.state is IncidentState.RESOLVED and not is_confirmed(timeline):
        return (Opener(form="record", about=incident.key, label="Write it up"),)
    return ()


def _line(stored: StoredAlert) -> AlertLine:
    alert = stored.alert
    return AlertLine(
        name=alert.name,
        status=alert.status.value,
        summary=(alert.summary or alert.description)[:_SUMMARY],
        since=alert.starts_at or stored.first_seen_at,
        url=next(
            (alert.links[name] for name in ("dashboard", "source") if name in alert.links), None
        ),
        is_flapping=stored.turning.is_flapping,
    )


def _cluster(alerts: Sequence[StoredAlert]) -> str | None:
    """The cluster that the firing alerts agree on; several are named together."""
    firing = [a for a in alerts if a.alert.status is AlertStatus.FIRING] or alerts
    for label in _CLUSTER_LABELS:
        named = sorted({a.alert.labels[label] for a in firing if a.alert.labels.get(label)})
        if named:
            return ", ".join(named[:3])
    return None


def _resolution_note(timeline: Sequence[TimelineEntry]) -> str:
    """What the person who ended it said, or why it counts as over."""
    over = (IncidentState.RESOLVED.value, IncidentState.CLOSED.value)
    endings = [
        entry.data.get("note") or entry.data.get("reason", "")
        for entry in timeline
        if (entry.kind is TimelineKind.STATE_CHANGED and entry.data.get("to") in over)
        or end_told((entry,)) is not None
    ]
    return endings[-1] if endings else ""


def said_of(feedback: Sequence[Feedback], corrections: Sequence[Correction]) -> tuple[Said, ...]:
    """What people said as a message shows it: of the answer, one entry a verdict in a fixed
    order, and of documents: which cases are not the same, which pages have a wrong step."""
    grouped: dict[str, list[str]] = {verdict: [] for verdict in _VERDICTS.values()}
    for word in feedback:
        if word.verdict in _VERDICTS:
            grouped[_VERDICTS[word.verdict]].append(user_of(word.actor))
    for one in corrections:
        if one.word in _SAID_OF_A_DOCUMENT:
            told = f"{_SAID_OF_A_DOCUMENT[one.word]} {one.document_id}"
            grouped.setdefault(told, []).append(user_of(one.actor))
    return tuple(
        Said(verdict=verdict, user_ids=tuple(people))
        for verdict, people in grouped.items()
        if people
    )


def user_of(actor_key: str) -> str:
    """The platform's user id out of an actor's key."""
    return actor_key.rpartition("/")[2]


def new_buttons(
    suggestion: Suggestion,
    *,
    team_id: str,
    incident_id: int | None,
    message_key: str,
    now: datetime,
    new_token: Callable[[], str],
    may_resolve: bool = True,
    is_shadow: bool = False,
) -> tuple[tuple[Button, ...], tuple[ButtonToken, ...]]:
    """The buttons of a message, and what each stands for (to be kept with the suggestion).

    "Not the same" and "Resolved like" are there when one past incident leads, the message
    belongs to an incident, and `may_resolve`: nobody has said yet what ended it. An incident
    that its alerts resolved keeps them until then, since what mended it is known to people only.
    In the shadow channel an answer is graded instead. "Why this?" stands last.
    """
    words = GRADES if is_shadow else {"helpful": "Helpful", "not_helpful": "Not helpful"}
    offers: list[tuple[str, str, str | None]] = [
        (action, label, None) for action, label in words.items()
    ]
    leads = suggestion.kind is SuggestionKind.ONE_CAUSE and suggestion.incidents
    if leads and incident_id is not None and may_resolve:
        past = suggestion.incidents[0].id
        offers.append(("not_same", "Not the same", past))
        offers.append(("resolved_like", f"Resolved like {past}", past))
    if not is_shadow:
        offers.append(("why", "Why this?", None))
    tokens = tuple(
        ButtonToken(
            token=new_token(),
            team_id=team_id,
            action=action,
            suggestion_id=suggestion.id,
            incident_id=incident_id,
            past_incident_id=past_id,
            message_key=message_key,
            created_at=now,
        )
        for action, _, past_id in offers
    )
    buttons = tuple(
        Button.model_validate({"action": action, "token": token.token, "label": label})
        for (action, label, _), token in zip(offers, tokens, strict=True)
    )
    return buttons, tokens


def build_answer(
    suggestion: Suggestion,
    asked_by: str,
    buttons: Sequence[Button],
    said: Sequence[Said] = (),
    lead: str = "",
    offers: Sequence[Opener] = (),
) -> Answer:
    return Answer(
        asked_by=asked_by,
        suggestion=suggestion,
        buttons=tuple(buttons),
        said=tuple(said),
        lead=lead,
        offers=tuple(offers),
    )
