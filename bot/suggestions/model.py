"""Suggestion: the one answer shape that cards, threads, the API and the CLI all show."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict


class Value(BaseModel):
    """A frozen value with a JSON form; unknown keys are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class SuggestionKind(StrEnum):
    ONE_CAUSE = "one_cause"
    SEVERAL_CAUSES = "several_causes"
    RUNBOOK_ONLY = "runbook_only"
    ABSTENTION = "abstention"


class Citation(Value):
    """Where a line comes from: a document at a version, and the section in it."""

    document_id: str
    version: int
    title: str
    section: str = ""
    url: str | None = None


class CitedIncident(Value):
    """A past incident that is like this one. Empty strings where the record says nothing.

    `confirmed_by` names who vouched for a record that no lead has curated yet; `linked` is that
    people said that this is the same.
    """

    id: str
    title: str
    score: float
    url: str | None
    excerpt: str
    cause: str
    resolution: str
    duration_seconds: float | None
    started_at: datetime | None
    services: tuple[str, ...]
    environment: str
    other_environment: bool
    confirmed_by: str
    citation: Citation
    linked: bool = False


class CitedPassage(Value):
    """A runbook section. `generic` marks the starter pack."""

    id: str
    document_id: str
    title: str
    section: str
    score: float
    url: str | None
    excerpt: str
    generic: bool
    citation: Citation


class Step(Value):
    """A list item or code block, verbatim from a page's mitigation part.

    `unfilled` are the placeholders left visible because no safe value was known for them.
    """

    text: str
    is_code: bool
    language: str = ""
    destructive: bool = False
    unfilled: tuple[str, ...] = ()
    citation: Citation


class Cause(Value):
    """One of several causes that fit: which past incidents say so, and what would tell."""

    summary: str
    incident_ids: tuple[str, ...]
    share: float
    check: str
    citation: Citation


class Difference(Value):
    """One thing that is not as it was in the best past incident (`citation`).

    `kind` is a `knowledge.retrieve.differences.DifferenceKind`; `text` says it in a short row;
    `then` and `now` are the lines that show it, verbatim, "" where there is none.
    """

    kind: str
    text: str
    then: str
    now: str
    citation: Citation


class Nearest(Value):
    """The nearest case of an abstention, and why it is too far."""

    id: str
    title: str
    score: float
    url: str | None
    why_too_far: tuple[str, ...]


class Knows(Value):
    """Whom to ask about a service: its owner, "" where nobody said, and the names of those who
    ended its last incidents."""

    service: str
    owner: str = ""
    people: tuple[str, ...] = ()


class Changed(Value):
    """A change that happened before: no more is said of it, and it is no cause.

    `at` is when it came into its `status`, or began, where it was going on at the moment that
    counts; that is `seconds_before` earlier than the incident opened, or, with `is_ago`, than
    somebody asked. `needed_by` is the service that declares that it depends on this one, "" for
    a change of the service itself. `environment` is "" where the source did not say.
    """

    key: str
    service: str
    environment: str
    version: str
    previous: str
    status: str
    at: datetime
    seconds_before: float
    is_ago: bool
    actor: str
    url: str | None
    needed_by: str = ""


class Suggestion(Value):
    """An answer, or an abstention (`answered` is False, `nearest` says how close it was, and
    `knows` whom to ask).

    `confidence` is the probability in 0..1 that the top answer is the right one;
    `confidence_words` says the same in words. `check_first` is what tells several causes apart
    soonest, where the alert's own page says so. `differences` are what is not as it was in the
    first incident, at most three, where one cause is told. `changes` are what changed shortly
    before, newest first, whatever the answer is. `silent` marks an abstention that
    nobody asked for: nothing is to be said. `receipt` reproduces the answer.
    """

    id: str
    kind: SuggestionKind
    answered: bool
    confidence: float
    confidence_words: str
    headline: str
    incidents: tuple[CitedIncident, ...] = ()
    passages: tuple[CitedPassage, ...] = ()
    steps: tuple[Step, ...] = ()
    causes: tuple[Cause, ...] = ()
    check_first: Step | None = None
    differences: tuple[Difference, ...] = ()
    nearest: Nearest | None = None
    knows: Knows | None = None
    changes: tuple[Changed, ...] = ()
    silent: bool = False
    receipt: dict[str, Any]
