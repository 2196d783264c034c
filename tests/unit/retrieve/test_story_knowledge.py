"""The demo's own history with the real model: what the story promises must hold."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from importlib.resources import files
from json import loads
from typing import Any

import pytest
import yaml

from bot.suggestions.build import SuggestionBuilder
from bot.suggestions.model import SuggestionKind
from knowledge.embed.port import Embedder
from knowledge.evaluate.memory_source import MemorySource
from knowledge.index.projection import Projection
from knowledge.model import Document, PastIncident, Query
from knowledge.retrieve import Retriever
from knowledge.text.pages import parse_runbook

pytestmark = [pytest.mark.model]
DATA = files("bot.demo").joinpath("data")
STORY: dict[str, Any] = yaml.safe_load(DATA.joinpath("story.yaml").read_text())
EXPECTED = {name: cause["expected_incident"] for name, cause in STORY["causes"].items()}


def history() -> Iterator[Document]:
    for line in DATA.joinpath("incidents.jsonl").read_text().splitlines():
        row = loads(line)
        yield PastIncident(
            id=row["id"],
            title=row["title"],
            symptom=row["symptom"],
            cause=row["cause"],
            resolution=row["resolution"],
            logs=tuple(row["logs"]),
            neighbours=tuple(row.get("neighbours", ())),
            services=tuple(row["services"]),
            environments=(row["environment"],),
            alerts=tuple(row["alert_names"]),
            started_at=datetime.fromisoformat(row["started_at"]),
            runbook=row["runbook"],
        )
    for page in DATA.joinpath("runbooks").iterdir():
        if page.name.endswith(".md"):
            slug = page.name.removesuffix(".md")
            url = f"https://runbooks.larkspur.example/{slug}"
            yield parse_runbook(page.read_bytes(), slug=slug, url=url)


@pytest.fixture(scope="module")
def builder(real_embedder: Embedder) -> Iterator[SuggestionBuilder]:
    source = MemorySource(history())
    projection = Projection(source, real_embedder, None)
    projection.open()
    retriever = Retriever(projection, source, embed=real_embedder.embed)
    yield SuggestionBuilder(retriever, source)
    projection.close()


def fired(alert: dict[str, Any], evidence: str = "") -> Query:
    labels, said = alert["labels"], alert["annotations"]
    return Query(
        text=f"{labels['alertname']}\n{said['summary']}\n{said['description']}",
        alert_name=labels["alertname"],
        service=labels["service"],
        environment=f"{labels['env']}/{labels['cluster']}",
        labels=labels,
        logs=(evidence,) if evidence else (),
        runbook_url=said.get("runbook_url"),
    )


@pytest.mark.parametrize("name", EXPECTED)
def test_what_another_tool_sees_tells_the_cause(builder: SuggestionBuilder, name: str) -> None:
    """As at 0:30: a second alert joins, and past records say of which case it was a neighbour."""
    alone = fired(STORY["first_alert"]["body"])
    joins = STORY["causes"][name]["joins"]["body"]
    summary = joins["annotations"]["summary"].format(taken=19, total=20)
    called = joins["labels"]["alertname"]
    query = replace(
        alone,
        text=f"{alone.text}\n{called}\n{summary}\n{joins['annotations']['description']}",
        neighbours=(f"{called}: {summary}",),
    )
    made = builder.suggest(query, asked=False)
    assert made.kind is SuggestionKind.ONE_CAUSE
    assert made.incidents[0].id == EXPECTED[name]


def test_the_alert_alone_has_three_causes(builder: SuggestionBuilder) -> None:
    made = builder.suggest(fired(STORY["first_alert"]["body"]), asked=False)
    assert made.kind is SuggestionKind.SEVERAL_CAUSES
    told = {case for cause in made.causes for case in cause.incident_ids}
    assert len(made.causes) == 3
    assert set(EXPECTED.values()) <= told
    assert made.confidence < 0.7
    assert made.check_first is not None


@pytest.mark.parametrize("name", list(EXPECTED))
def test_pasted_evidence_leads_to_the_right_case(builder: SuggestionBuilder, name: str) -> None:
    evidence = STORY["causes"][name]["evidence_log"]
    made = builder.suggest(fired(STORY["first_alert"]["body"], evidence), asked=False)
    assert made.kind is SuggestionKind.ONE_CAUSE
    assert made.incidents[0].id == EXPECTED[name]
    assert made.confidence >= made.receipt["threshold"]


@pytest.mark.parametrize("name", list(EXPECTED))
def test_a_bare_question_with_the_evidence_finds_it_too(
    builder: SuggestionBuilder, name: str
) -> None:
    cause = STORY["causes"][name]
    query = Query(text=f"{cause['evidence_question']}\n{cause['evidence_log']}")
    made = builder.suggest(query, asked=True)
    assert made.incidents[0].id == EXPECTED[name]


def test_what_was_never_seen_is_said_so_with_the_nearest(builder: SuggestionBuilder) -> None:
    made = builder.suggest(fired(STORY["unfamiliar_alert"]["body"]), asked=True)
    assert made.kind is SuggestionKind.ABSTENTION
    assert made.nearest is not None
    assert made.nearest.id == STORY["unfamiliar_alert"]["nearest_incident"]
    assert "other error" in made.nearest.why_too_far


@pytest.mark.parametrize("alert", STORY["fire_more"], ids=lambda alert: alert["name"])
def test_the_other_alerts_are_answered_where_the_story_says_so(
    builder: SuggestionBuilder, alert: dict[str, Any]
) -> None:
    made = builder.suggest(fired(alert["body"]), asked=False)
    assert made.answered is alert["answered"]
    if alert["expected_runbook"]:
        assert alert["expected_runbook"] in {passage.document_id for passage in made.passages}
