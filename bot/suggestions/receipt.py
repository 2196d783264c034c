"""The receipt of an answer: enough to see why, and to rank the same candidates again exactly."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from knowledge.model import Audience, DocumentKind, Hit, Passage, Query
from knowledge.retrieve.confidence import CONFIDENCE_VERSION
from knowledge.retrieve.fusion import Scale, fuse, shown
from knowledge.retrieve.judge import likeliest_first, team_first
from knowledge.retrieve.ranking import Ranking, by_score
from knowledge.retrieve.weights import FUSION_VERSION

RECEIPT_VERSION = 2
"""2: with the query as it was asked, so that the search itself can be repeated."""

MOST_TEXT = 50_000
"""Characters of a query's text and logs that a receipt keeps; a cut query cannot be asked again."""

KEPT = 20
"""Candidates of a kind that a receipt keeps."""


@dataclass(frozen=True, slots=True)
class _Stored:
    """A candidate read back from a receipt."""

    id: str
    row: Mapping[str, float]
    fused: float
    is_starter: bool


def make_receipt(
    query: Query, ranking: Ranking, *, starters: frozenset[str], passages: Mapping[int, Passage]
) -> dict[str, Any]:
    """The receipt as plain JSON values. `starters` are the ids of generic pages in the ranking.

    `query` is kept as it is: whoever asks has it redacted before.
    """
    generation = ranking.generation
    return {
        "receipt_version": RECEIPT_VERSION,
        "generation": generation.name,
        "model_digest": generation.model_digest,
        "text_version": generation.text_version,
        "dtype": generation.dtype,
        "revision": ranking.revision,
        "fusion_version": FUSION_VERSION,
        "confidence_version": CONFIDENCE_VERSION,
        "calibration": ranking.calibration,
        "threshold": ranking.threshold,
        "masked_query": ranking.masked,
        "query": _query(query),
        "weights": {kind: dict(own) for kind, own in ranking.weights.items()},
        "scales": {name: asdict(scale) for name, scale in ranking.scales.items()},
        "confidence_features": dict(ranking.features),
        "confidence": ranking.confidence,
        "causes": [
            {"incidents": list(group.incident_ids), "probability": group.probability}
            for group in ranking.causes
        ],
        "separated": ranking.separated,
        "incidents": [
            _candidate(hit, ranking, starters, passages) for hit in ranking.incidents[:KEPT]
        ],
        "runbooks": [
            _candidate(hit, ranking, starters, passages)
            for hit in kept_runbooks(ranking.runbooks, starters)
        ],
    }


def _query(query: Query) -> dict[str, Any]:
    logs, room = [], MOST_TEXT
    for log in query.logs:
        logs.append(log[:room])
        room -= len(logs[-1])
    cut = len(query.text) > MOST_TEXT or sum(map(len, logs)) < sum(map(len, query.logs))
    return {
        "text": query.text[:MOST_TEXT],
        "logs": logs,
        "cut": cut,
        "alert_name": query.alert_name,
        "service": query.service,
        "environment": query.environment,
        "labels": dict(query.labels),
        "neighbours": list(query.neighbours),
        "changes": list(query.changes),
        "runbook_url": query.runbook_url,
        "excluded": sorted(query.excluded),
        "linked": sorted(query.linked),
        "unhelpful": dict(sorted(query.unhelpful.items())),
        "channel": query.audience.channel,
        "sees_nothing": query.audience.sees_nothing,
    }


def query_of(receipt: Mapping[str, Any]) -> Query:
    """The query that a receipt keeps. LookupError when it keeps none, or not all of it."""
    kept = receipt.get("query")
    if kept is None:
        raise LookupError("its receipt is of an older version, which did not keep the query")
    if kept["cut"]:
        raise LookupError(f"its query was longer than the {MOST_TEXT:,} characters that are kept")
    return Query(
        text=kept["text"],
        logs=tuple(kept["logs"]),
        alert_name=kept["alert_name"],
        service=kept["service"],
        environment=kept["environment"],
        labels=kept["labels"],
        neighbours=tuple(kept.get("neighbours", ())),  # older receipts have no such parts
        changes=tuple(kept.get("changes", ())),
        runbook_url=kept["runbook_url"],
        excluded=frozenset(kept["excluded"]),
        linked=frozenset(kept.get("linked", ())),
        unhelpful=kept.get("unhelpful", {}),
        audience=Audience(channel=kept["channel"], sees_nothing=kept["sees_nothing"]),
    )


def kept_runbooks(runbooks: Sequence[Hit], starters: frozenset[str]) -> list[Hit]:
    """The first ones, and the first two of the team's own: they decide what starts."""
    kept = list(runbooks[:KEPT])
    own = [hit for hit in runbooks if hit.document_id not in starters][:2]
    return kept + [hit for hit in own if hit not in kept]


def rank_again(receipt: Mapping[str, Any]) -> dict[str, list[tuple[str, float]]]:
    """Rank a receipt's stored features again: (id, score) by kind, best first. Pure.

    Gives exactly the order and the scores that the receipt records, on any machine. Raises
    KeyError on a receipt that lacks a part.
    """
    scales = {name: Scale(**values) for name, values in receipt["scales"].items()}
    weights = {kind: _weights_of(receipt, of) for kind, of in _KINDS.items()}
    stored = {
        kind: [
            _Stored(
                id=row["id"],
                row=row["features"],
                fused=fuse(row["features"], scales, weights[kind]),
                is_starter=row["starter"],
            )
            for row in receipt[kind]
        ]
        for kind in ("incidents", "runbooks")
    }
    causes = receipt["causes"]
    leading = causes[0]["incidents"] if causes and receipt["separated"] else []
    orders: dict[str, Sequence[_Stored]] = {
        "incidents": likeliest_first(by_score(stored["incidents"]), leading),
        "runbooks": team_first(stored["runbooks"], receipt["threshold"]),
    }
    return {kind: [(one.id, shown(one.fused)) for one in order] for kind, order in orders.items()}


_KINDS = {
    "incidents": DocumentKind.PAST_INCIDENT.value,
    "runbooks": DocumentKind.RUNBOOK.value,
}


def _weights_of(receipt: Mapping[str, Any], kind: str) -> Mapping[str, float]:
    """Receipts of version 1 have one set of weights for both kinds."""
    weights: Mapping[str, Any] = receipt["weights"]
    return weights if receipt["receipt_version"] == 1 else weights[kind]


def _candidate(
    hit: Hit, ranking: Ranking, starters: frozenset[str], passages: Mapping[int, Passage]
) -> dict[str, Any]:
    return {
        "id": hit.document_id,
        "version": ranking.versions.get(hit.document_id),
        "score": hit.score,
        "starter": hit.document_id in starters,
        "features": {name: value for name, value in hit.features.items() if name != "fused"},
        "passages": [
            {"id": number, "hash": passages[number].hash}
            for number in hit.passages
            if number in passages
        ],
    }
