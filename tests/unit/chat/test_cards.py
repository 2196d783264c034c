"""What a card is made of."""

import pytest

from bot.alerts.model import Alert, AlertStatus, Severity, StoredAlert
from bot.chat.cards import build_card, new_buttons, said_of
from bot.chat.pacing import Pacing
from bot.incidents.lifecycle import by_person
from bot.incidents.model import Incident, IncidentState
from bot.suggestions.corrections import Word
from bot.suggestions.jobs import says_the_same
from bot.suggestions.ports import Feedback
from tests.support.corrections import a_word
from tests.support.saying import AT, abstention, one_cause, several_causes

INCIDENT = Incident(
    id=1,
    key="RCL-1",
    title="CheckoutHighErrorRate",
    service="checkout",
    environment="prod",
    severity=Severity.CRITICAL,
    state=IncidentState.OPEN,
    group_key="g",
    opened_at=AT,
)


def stored(number: int = 1, status: AlertStatus = AlertStatus.FIRING, **labels: str) -> StoredAlert:
    alert = Alert(
        source="generic",
        fingerprint=f"generic:1:{number}",
        name=f"Alert{number}",
        status=status,
        labels=labels,
    )
    return StoredAlert(
        id=number,
        alert=alert,
        service="checkout",
        environment="prod",
        incident_id=1,
        first_seen_at=AT,
        last_seen_at=AT,
        times_seen=1,
    )


def test_a_storm_is_counted_and_not_listed():
    card = build_card(INCIDENT, [stored(number) for number in range(60)], [], None)
    assert len(card.alerts) == 10
    assert card.alerts_total == 60


def test_the_cluster_is_that_of_the_firing_alerts():
    alerts = [stored(1, cluster="eu-1"), stored(2, AlertStatus.RESOLVED, cluster="us-1")]
    assert build_card(INCIDENT, alerts, [], None).cluster == "eu-1"
    assert build_card(INCIDENT, [stored(1)], [], None).cluster is None
    both = [stored(1, cluster="eu-1"), stored(2, cluster="us-1")]
    assert build_card(INCIDENT, both, [], None).cluster == "eu-1, us-1"


def test_how_it_ended_is_the_last_word_of_the_timeline():
    moved = by_person(
        INCIDENT, IncidentState.RESOLVED, actor="T1/U1", now=AT, note="Resolved like INC-87"
    )
    assert moved.entry is not None
    card = build_card(moved.incident, [], [moved.entry], None)
    assert card.resolution_note == "Resolved like INC-87"
    assert build_card(INCIDENT, [], [moved.entry], None).resolution_note == ""


@pytest.mark.parametrize(
    ("suggestion", "incident_id", "may_resolve", "offered"),
    [
        (one_cause(), 1, True, True),
        (one_cause(), 1, False, False),
        (one_cause(), None, True, False),
        (several_causes(), 1, True, False),
        (abstention(), 1, True, False),
    ],
)
def test_words_on_a_case_are_offered_only_where_one_past_incident_leads(
    suggestion, incident_id, may_resolve, offered
):
    tokens = iter("abcde")
    buttons, kept = new_buttons(
        suggestion,
        team_id="T1",
        incident_id=incident_id,
        message_key="card:RCL-1",
        now=AT,
        new_token=lambda: next(tokens),
        may_resolve=may_resolve,
    )
    actions = {button.action for button in buttons}
    assert actions == {"helpful", "not_helpful", "why"} | (
        {"not_same", "resolved_like"} if offered else set()
    )
    assert [button.token for button in buttons] == [token.token for token in kept]
    assert [token.past_incident_id for token in kept if token.past_incident_id] == (
        ["INC-87", "INC-87"] if offered else []
    )


def test_feedback_is_grouped_by_verdict():
    def word(user: str, verdict: str) -> Feedback:
        return Feedback(
            team_id="T1",
            actor=f"T1/{user}",
            suggestion_id="s",
            incident_id=1,
            verdict=verdict,
            past_incident_id=None,
            at=AT,
        )

    feedback = [
        word("U2", "not_helpful"),
        word("U1", "helpful"),
        word("U3", "helpful"),
        word("U4", "not_same"),
    ]
    said = said_of(feedback, [a_word("U4", Word.NOT_SAME), a_word("U1", Word.HELPFUL)])
    assert [(each.verdict, each.user_ids) for each in said] == [
        ("Helpful", ("U1", "U3")),
        ("Not helpful", ("U2",)),
        ("Not the same as INC-87", ("U4",)),
    ]


def test_an_answer_is_the_same_when_a_reader_sees_no_difference():
    again = one_cause(id="another", receipt={"revision": 9}, confidence=0.8201)
    assert says_the_same(one_cause(), again)
    assert not says_the_same(one_cause(), one_cause(confidence=0.7))
    assert not says_the_same(one_cause(), several_causes())


def test_a_channel_that_was_idle_may_speak_in_a_burst_again():
    pacing = Pacing(rate=1.0, burst=2.0)
    for _ in range(2):
        assert pacing.wait("c", 100.0) == 0
        pacing.take("c", 100.0)
    assert pacing.wait("c", 100.0) == pytest.approx(1.0)
    assert pacing.wait("c", 100.5) == pytest.approx(0.5)
    assert pacing.wait("d", 100.5) == 0
    assert pacing.wait("c", 110.0) == 0


def test_a_channel_that_was_told_to_wait_waits():
    pacing = Pacing()
    pacing.close("c", 130.0, 100.0)
    assert pacing.wait("c", 120.0) == pytest.approx(10.0)
    pacing.take("other", 128.0)
    assert pacing.wait("c", 129.0) == pytest.approx(1.0)
