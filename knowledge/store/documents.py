"""Documents and passages as rows, and rows as documents and passages."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import RowMapping

from knowledge.index.source import DocumentCard
from knowledge.model import (
    Document,
    DocumentKind,
    DocumentState,
    NamedAction,
    Origin,
    Passage,
    PastIncident,
    Runbook,
    SectionRole,
    Visibility,
)
from knowledge.store.columns import storable_json


def visibility_to_json(visibility: Visibility) -> dict[str, Any]:
    channels = visibility.channels
    return {"channels": None if channels is None else sorted(channels)}


def visibility_from_json(value: dict[str, Any]) -> Visibility:
    channels = value["channels"]
    return Visibility(channels=None if channels is None else frozenset(channels))


def _moment(value: datetime | None) -> str | None:
    return None if value is None else value.isoformat()


def _moment_from(value: str | None) -> datetime | None:
    return None if value is None else datetime.fromisoformat(value)


def _fields(document: Document) -> dict[str, Any]:
    if isinstance(document, Runbook):
        return {
            "body": document.body,
            "owner": document.owner,
            "actions": [_action(one) for one in document.actions],
            "reviewed": None if document.reviewed is None else document.reviewed.isoformat(),
            **({"review_by": document.review_by.isoformat()} if document.review_by else {}),
            **({"extra": dict(document.extra)} if document.extra else {}),
        }
    return {
        "symptom": document.symptom,
        "cause": document.cause,
        "resolution": document.resolution,
        "logs": list(document.logs),
        "severity": document.severity,
        "started_at": _moment(document.started_at),
        "resolved_at": _moment(document.resolved_at),
        "labels": dict(document.labels),
        **_where_said(neighbours=document.neighbours, changes=document.changes),
        "runbook": document.runbook,
        "confirmed_by": document.confirmed_by,
    }


def _action(one: NamedAction) -> Any:
    """Its name alone where it is nothing else: so pages of older versions stay equal."""
    if not one.parameters:
        return one.template
    return {"template": one.template, "parameters": dict(one.parameters)}


def action_from_json(value: Any) -> NamedAction:
    """What `_action` made of it."""
    if isinstance(value, str):
        return NamedAction(template=value)
    return NamedAction(template=value["template"], parameters=dict(value["parameters"]))


def _where_said(**lists: Sequence[str]) -> dict[str, Any]:
    """Lists that are not empty: an absent one means empty, so that older versions stay equal."""
    return {name: list(lines) for name, lines in lists.items() if lines}


def document_content(document: Document) -> dict[str, Any]:
    """All that a version of a document is, but its state and number, in JSON form."""
    content: dict[str, Any] = storable_json(
        {
            "id": document.id,
            "kind": document.kind.value,
            "title": document.title,
            "origin": document.origin.value,
            "visibility": visibility_to_json(document.visibility),
            "url": document.url,
            "meta": {
                "services": list(document.services),
                "environments": list(document.environments),
                "alerts": list(document.alerts),
                "tags": list(document.tags),
            },
            "fields": _fields(document),
        }
    )
    return content


def digest(value: Any) -> str:
    """SHA-256 hex over a canonical JSON form."""
    canonical = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(canonical.encode()).hexdigest()


def passages_digest(passages: Sequence[Passage]) -> str:
    """Differs whenever the document was cut or masked in another way."""
    return digest(
        storable_json(
            [[p.ordinal, p.role.value, p.hash, list(p.title_path), p.text] for p in passages]
        )
    )


def document_from_row(row: Mapping[Any, Any]) -> Document:
    meta, fields = row["meta"], row["fields"]
    shared: dict[str, Any] = {
        "id": row["id"],
        "title": row["title"],
        "services": tuple(meta["services"]),
        "environments": tuple(meta["environments"]),
        "alerts": tuple(meta["alerts"]),
        "tags": tuple(meta["tags"]),
        "url": row["url"],
        "visibility": visibility_from_json(row["visibility"]),
        "state": DocumentState(row["state"]),
        "origin": Origin(row["origin"]),
        "version": row["version"],
    }
    if row["kind"] == DocumentKind.RUNBOOK.value:
        reviewed, due = fields["reviewed"], fields.get("review_by")
        return Runbook(
            **shared,
            body=fields["body"],
            owner=fields["owner"],
            actions=tuple(map(action_from_json, fields["actions"])),
            reviewed=None if reviewed is None else date.fromisoformat(reviewed),
            review_by=None if due is None else date.fromisoformat(due),
            extra=fields.get("extra", {}),
        )
    return PastIncident(
        **shared,
        symptom=fields["symptom"],
        cause=fields["cause"],
        resolution=fields["resolution"],
        logs=tuple(fields["logs"]),
        severity=fields["severity"],
        started_at=_moment_from(fields["started_at"]),
        resolved_at=_moment_from(fields["resolved_at"]),
        labels=fields["labels"],
        neighbours=tuple(fields.get("neighbours", ())),
        changes=tuple(fields.get("changes", ())),
        runbook=fields["runbook"],
        confirmed_by=fields["confirmed_by"],
    )


def card_from_row(row: RowMapping) -> DocumentCard:
    meta, fields = row["meta"], row["fields"]
    return DocumentCard(
        id=row["id"],
        kind=DocumentKind(row["kind"]),
        title=row["title"],
        version=row["version"],
        origin=Origin(row["origin"]),
        visibility=visibility_from_json(row["visibility"]),
        services=tuple(meta["services"]),
        environments=tuple(meta["environments"]),
        alerts=tuple(meta["alerts"]),
        tags=tuple(meta["tags"]),
        url=row["url"],
        cause=fields.get("cause", ""),
        started_at=_moment_from(fields.get("started_at")),
    )


def passage_row(passage: Passage, version: int) -> dict[str, Any]:
    return {
        "document_id": passage.document_id,
        "document_version": version,
        "ordinal": passage.ordinal,
        "kind": passage.kind.value,
        "role": passage.role.value,
        "title_path": list(passage.title_path),
        "text": passage.text,
        "masked": passage.masked,
        "hash": passage.hash,
    }


def passage_from_row(row: RowMapping) -> Passage:
    return Passage(
        id=row["id"],
        document_id=row["document_id"],
        kind=DocumentKind(row["kind"]),
        ordinal=row["ordinal"],
        title_path=tuple(row["title_path"]),
        role=SectionRole(row["role"]),
        text=row["text"],
        masked=row["masked"],
        hash=row["hash"],
    )
