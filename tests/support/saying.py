"""Suggestions and messages to say in tests, with every part filled in."""

from datetime import UTC, datetime
from typing import Any

from bot.chat.messages import AlertLine, Answer, Button, IncidentCard
from bot.suggestions.model import (
    Cause,
    Citation,
    CitedIncident,
    CitedPassage,
    Nearest,
    Step,
    Suggestion,
    SuggestionKind,
)

AT = datetime(2026, 11, 19, 3, 12, tzinfo=UTC)
RUNBOOK = Citation(
    document_id="orders-db-connections",
    version=3,
    title="orders-db connections",
    section="Mitigation",
    url="https://wiki.example/orders-db",
)


def past_incident(**changes: Any) -> CitedIncident:
    values: dict[str, Any] = {
        "id": "INC-87",
        "title": "orders-db connections exhausted by report-worker",
        "score": 0.82,
        "url": "https://wiki.example/INC-87",
        "excerpt": "remaining connection slots are reserved",
        "cause": "report-worker leaked connections",
        "resolution": "restarted report-worker",
        "duration_seconds": 840.0,
        "started_at": AT,
        "services": ("orders-db",),
        "environment": "prod",
        "other_environment": False,
        "confirmed_by": "",
        "citation": Citation(document_id="INC-87", version=1, title="INC-87"),
    }
    return CitedIncident(**{**values, **changes})


def passage(**changes: Any) -> CitedPassage:
    values: dict[str, Any] = {
        "id": "7",
        "document_id": "orders-db-connections",
        "title": "orders-db connections",
        "section": "Mitigation",
        "score": 0.7,
        "url": "https://wiki.example/orders-db",
        "excerpt": "Find who holds the connections.",
        "generic": False,
        "citation": RUNBOOK,
    }
    return CitedPassage(**{**values, **changes})


def step(text: str = "Count connections by client.", **changes: Any) -> Step:
    values: dict[str, Any] = {"text": text, "is_code": False, "citation": RUNBOOK}
    return Step(**{**values, **changes})


def one_cause(**changes: Any) -> Suggestion:
    values: dict[str, Any] = {
        "id": "s1a2b3c4d5",
        "kind": SuggestionKind.ONE_CAUSE,
        "answered": True,
        "confidence": 0.82,
        "confidence_words": "likely",
        "headline": "Seen before: INC-87",
        "incidents": (past_incident(),),
        "passages": (passage(),),
        "steps": (step(), step("kubectl rollout restart deploy/report-worker", is_code=True)),
        "receipt": {"generation": "g1"},
    }
    return Suggestion(**{**values, **changes})


def several_causes(**changes: Any) -> Suggestion:
    causes = tuple(
        Cause(
            summary=summary,
            incident_ids=(name,),
            share=share,
            check=check,
            citation=Citation(document_id=name, version=1, title=name),
        )
        for summary, name, share, check in (
            ("payment provider outage", "INC-31", 0.4, "Look at connections first."),
            ("connections exhausted", "INC-87", 0.35, ""),
            ("a bad deploy", "INC-112", 0.25, ""),
        )
    )
    values: dict[str, Any] = {
        "kind": SuggestionKind.SEVERAL_CAUSES,
        "confidence": 0.4,
        "confidence_words": "cannot tell yet",
        "causes": causes,
    }
    return one_cause(**{**values, **changes})


def abstention(**changes: Any) -> Suggestion:
    values: dict[str, Any] = {
        "id": "s9",
        "kind": SuggestionKind.ABSTENTION,
        "answered": False,
        "confidence": 0.1,
        "confidence_words": "no match",
        "headline": "Not seen before",
        "nearest": Nearest(
            id="INC-44",
            title="vault token expired",
            score=0.31,
            url=None,
            why_too_far=("other service", "other error"),
        ),
        "receipt": {},
    }
    return Suggestion(**{**values, **changes})


BUTTONS = (
    Button(action="helpful", token="token-1", label="Helpful"),
    Button(action="not_helpful", token="token-2", label="Not helpful"),
    Button(action="resolved_like", token="token-3", label="Resolved like INC-87"),
)


def card(**changes: Any) -> IncidentCard:
    values: dict[str, Any] = {
        "incident_key": "RCL-12",
        "title": "CheckoutHighErrorRate",
        "service": "checkout",
        "environment": "prod",
        "cluster": "eu-1",
        "severity": "critical",
        "state": "open",
        "opened_at": AT,
        "alerts": (
            AlertLine(
                name="CheckoutHighErrorRate", status="firing", summary="9 % of checkouts fail"
            ),
        ),
        "alerts_total": 1,
        "suggestion": one_cause(),
        "buttons": BUTTONS,
    }
    return IncidentCard(**{**values, **changes})


def answer(**changes: Any) -> Answer:
    values: dict[str, Any] = {
        "asked_by": "T0LARKSPUR/U0ALICE",
        "suggestion": abstention(),
        "buttons": BUTTONS[:2],
    }
    return Answer(**{**values, **changes})
