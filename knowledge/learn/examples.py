"""Training examples: a question as it would be asked, and passages that answer it. Texts are in
the very form in which the product embeds them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from knowledge.model import Document, PastIncident, Query, Runbook
from knowledge.retrieve.reading import read_query
from knowledge.text.passages import passages_of

MOST_POSITIVES = 3
"""Passages of an answer, from its beginning: they say what a page or a record is about."""


@dataclass(frozen=True, slots=True)
class Pair:
    """A question, and the ids of the documents that answer it. `group` is the set or team that
    it comes from: only pairs of one group are told apart in one batch."""

    question: Query
    answers: frozenset[str]
    group: str = ""


@dataclass(frozen=True, slots=True)
class Example:
    """`positives` are masked passages, in the order of the page."""

    question: str
    positives: tuple[str, ...]
    answers: frozenset[str]
    group: str


def examples_of(pairs: Sequence[Pair], documents: Iterable[Document]) -> list[Example]:
    """Examples in the order of the pairs; a pair whose answers are no documents gives none."""
    wanted = {answer for pair in pairs for answer in pair.answers}
    passages = {
        one.id: [passage.masked for passage in passages_of(one)[:MOST_POSITIVES]]
        for one in documents
        if one.id in wanted
    }
    examples: list[Example] = []
    for pair in pairs:
        question = read_query(pair.question).masked
        found = [text for answer in sorted(pair.answers) for text in passages.get(answer, ())]
        if question.strip() and found:
            examples.append(Example(question, tuple(found), pair.answers, pair.group))
    return examples


def pairs_of_history(documents: Sequence[Document]) -> list[tuple[PastIncident, Pair]]:
    """What a team's own records teach, in time order: a past incident's symptom is a question;
    the runbook that its record names, and earlier incidents of the same recorded cause, answer
    it. Records without a start or a symptom teach nothing."""
    runbooks = {one.id for one in documents if isinstance(one, Runbook)}
    dated = [
        one for one in documents if isinstance(one, PastIncident) and one.started_at is not None
    ]
    dated.sort(key=lambda one: (one.started_at is None, one.started_at, one.id))
    seen: dict[str, list[str]] = {}
    pairs: list[tuple[PastIncident, Pair]] = []
    for incident in dated:
        cause = " ".join(incident.cause.lower().split())
        answers = set(seen.get(cause, [])) if cause else set()
        if incident.runbook in runbooks:
            answers.add(str(incident.runbook))
        if answers and incident.symptom.strip():
            pairs.append((incident, Pair(question_of(incident), frozenset(answers), "team")))
        if cause:
            seen.setdefault(cause, []).append(incident.id)
    return pairs


def question_of(incident: PastIncident) -> Query:
    """The query that the incident would have been at its beginning: nothing of cause or cure."""
    return Query(
        text=f"{incident.title}\n{incident.symptom}",
        alert_name=incident.alerts[0] if incident.alerts else None,
        service=incident.services[0] if incident.services else None,
        environment=incident.environments[0] if incident.environments else None,
        labels=dict(incident.labels),
        logs=incident.logs,
        excluded=frozenset({incident.id}),
    )


def by_group(examples: Iterable[Example]) -> Mapping[str, list[Example]]:
    groups: dict[str, list[Example]] = {}
    for example in examples:
        groups.setdefault(example.group, []).append(example)
    return groups
