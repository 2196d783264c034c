"""What the memory is made of: documents, passages, queries, hits, generations.

A document is a `Runbook` or a `PastIncident`. Each is cut into `Passage`s, the
smallest thing that can be cited and embedded. Values here are plain and frozen;
nothing in this file knows a database, an index or a model.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any


class DocumentKind(StrEnum):
    RUNBOOK = "runbook"
    PAST_INCIDENT = "past_incident"


class DocumentState(StrEnum):
    """Where a document stands in review; the one state machine for everything curated.

    draft -> confirmed (the resolver vouches for an incident's facts) -> reviewed (a lead
    has curated it) -> retired. Only what a person vouched for is ever served.
    """

    DRAFT = "draft"
    CONFIRMED = "confirmed"
    REVIEWED = "reviewed"
    RETIRED = "retired"

    @property
    def is_served(self) -> bool:
        return self in (DocumentState.CONFIRMED, DocumentState.REVIEWED)


ALLOWED_STATE_CHANGES: Mapping[DocumentState, frozenset[DocumentState]] = {
    DocumentState.DRAFT: frozenset(
        {DocumentState.CONFIRMED, DocumentState.REVIEWED, DocumentState.RETIRED}
    ),
    DocumentState.CONFIRMED: frozenset(
        {DocumentState.DRAFT, DocumentState.REVIEWED, DocumentState.RETIRED}
    ),
    DocumentState.REVIEWED: frozenset({DocumentState.DRAFT, DocumentState.RETIRED}),
    DocumentState.RETIRED: frozenset({DocumentState.DRAFT}),
}


class Origin(StrEnum):
    """Who wrote a document: the team itself, or the generic starter pack."""

    TEAM = "team"
    STARTER = "starter"


@dataclass(frozen=True, slots=True)
class Visibility:
    """Who may see a document: everyone, or only the members of the named channels.

    `channels` holds channel keys of the form `<team_id>/<channel_id>`; None is everyone.
    """

    channels: frozenset[str] | None = None

    @property
    def is_everyone(self) -> bool:
        return self.channels is None


EVERYONE = Visibility()


@dataclass(frozen=True, slots=True)
class Audience:
    """The readers an answer goes to; decides which documents it may be made of.

    An answer in a channel is read by all of its members, so a restricted document is
    usable exactly when that channel is one of the document's own.
    """

    channel: str | None = None
    sees_nothing: bool = False

    def may_see(self, visibility: Visibility) -> bool:
        if self.sees_nothing:
            return False
        if visibility.channels is None:
            return True
        return self.channel is not None and self.channel in visibility.channels


PUBLIC = Audience()
"""Readers of whom nothing is known but that they are in: sees what everyone may see."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Document:
    """What runbooks and past incidents share. `id` is the team's own name for it."""

    id: str
    title: str
    services: tuple[str, ...] = ()
    environments: tuple[str, ...] = ()
    alerts: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    url: str | None = None
    visibility: Visibility = EVERYONE
    state: DocumentState = DocumentState.REVIEWED
    origin: Origin = Origin.TEAM
    version: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedAction:
    """An action that a page names: a template's id, and texts for its parameters.

    Data and nothing more: whether there is such a template, whether it takes these texts and who
    may have it run is for others to say.
    """

    template: str
    parameters: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Runbook(_Document):
    """A Markdown page that says how to confirm and mend a problem.

    `actions` are those of its front matter; `knowledge.text.named_actions` knows those of its
    body as well. `reviewed` is when somebody last looked it over, `review_by` when that is due
    again. `extra` are values of the front matter that mean nothing here and are kept, in JSON
    form.
    """

    body: str
    owner: str = ""
    actions: tuple[NamedAction, ...] = ()
    reviewed: date | None = None
    review_by: date | None = None
    extra: Mapping[str, Any] = field(default_factory=dict, hash=False)

    @property
    def kind(self) -> DocumentKind:
        return DocumentKind.RUNBOOK


@dataclass(frozen=True, slots=True, kw_only=True)
class PastIncident(_Document):
    """What happened once: what was seen, why it was, what ended it.

    What a record does not say stays empty; nothing is ever inferred into these fields.
    `neighbours` are the other alerts of the incident, `changes` what was changed shortly before
    ("deploy vault-agent 1.2.3"), a line of text each.
    `confirmed_by` names the person who vouched for a record the bot assembled.
    """

    symptom: str
    cause: str = ""
    resolution: str = ""
    logs: tuple[str, ...] = ()
    severity: str = ""
    started_at: datetime | None = None
    resolved_at: datetime | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    neighbours: tuple[str, ...] = ()
    changes: tuple[str, ...] = ()
    runbook: str | None = None
    confirmed_by: str = ""

    @property
    def kind(self) -> DocumentKind:
        return DocumentKind.PAST_INCIDENT

    @property
    def duration_seconds(self) -> float | None:
        if self.started_at is None or self.resolved_at is None:
            return None
        return (self.resolved_at - self.started_at).total_seconds()


Document = Runbook | PastIncident


class SectionRole(StrEnum):
    """What a part of a document is for; decided from its heading."""

    TITLE = "title"
    SYMPTOM = "symptom"
    CONFIRM = "confirm"
    MITIGATION = "mitigation"
    ROLLBACK = "rollback"
    ESCALATE = "escalate"
    CAUSE = "cause"
    LOGS = "logs"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """A part of a document that can be cited.

    `text` is what people read, verbatim. `masked` is what is embedded and matched: the
    title path and the text with volatile tokens masked. `hash` is the SHA-256 hex of
    `masked`; equal hashes share one vector. `id` is the database's, 0 before it is stored.
    """

    document_id: str
    kind: DocumentKind
    ordinal: int
    title_path: tuple[str, ...]
    role: SectionRole
    text: str
    masked: str
    hash: str
    id: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """What is looked for. `text` may be an alert's words, a question or pasted logs.

    `neighbours` are the other alerts of the same incident, `changes` what was changed shortly
    before, a line of text each.
    `excluded` documents are left out of the ranking as if they did not exist; so is all
    that `audience` may not see. `linked` documents are what people said this is: they lead their
    kind, whatever their texts. `unhelpful` are documents that people found no help, with how much
    that counts (0..1): a weight, which better evidence outdoes.
    """

    text: str
    alert_name: str | None = None
    service: str | None = None
    environment: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    logs: tuple[str, ...] = ()
    neighbours: tuple[str, ...] = ()
    changes: tuple[str, ...] = ()
    runbook_url: str | None = None
    audience: Audience = PUBLIC
    excluded: frozenset[str] = frozenset()
    linked: frozenset[str] = frozenset()
    unhelpful: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """One document in a ranking. `score` is in 0..1 and comparable within one ranking kind.

    `passages` are the ids of its best passages, best first. `features` are the numbers that
    the score was made of, as the receipt stores them.
    """

    document_id: str
    kind: DocumentKind
    score: float
    passages: tuple[int, ...]
    features: Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Generation:
    """What an index was built with; two indexes of one generation are comparable.

    `dtype` is recorded but is no part of the identity: a machine without bfloat16 must be
    able to serve the same generation.
    """

    model_digest: str
    pooling: str
    max_length: int
    dimension: int
    text_version: int
    build: int
    dtype: str = field(default="float32", compare=False)

    @property
    def name(self) -> str:
        """A short stable name, used for folders and receipts."""
        return (
            f"g{self.build}-t{self.text_version}-{self.model_digest[:12]}-"
            f"{self.pooling}-{self.max_length}-{self.dimension}"
        )
