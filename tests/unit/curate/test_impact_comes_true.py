"""What a preview foretells is what people are shown when the page is published for real."""

import random
from collections.abc import Sequence
from dataclasses import replace

import pytest

from bot.suggestions.build import SuggestionBuilder
from knowledge.curate.impact import Case
from knowledge.curate.preview import Previewer
from knowledge.embed.hashing import HashingEmbedder
from knowledge.evaluate.memory_source import MemorySource
from knowledge.index.projection import Projection
from knowledge.learn.examples import question_of
from knowledge.model import Document, PastIncident, Runbook
from knowledge.retrieve import Retriever
from tests.support.memory_knowledge import case, page, previewing, searchable

WORDS = (
    "disk", "queue", "login", "cache", "mail", "search", "index", "node", "probe", "token",
    "batch", "export",
)  # fmt: skip
CAUSES = ("leaked sessions", "a bad deploy", "an expired certificate", "a full volume")


def asked(incidents: Sequence[PastIncident]) -> list[Case]:
    return [
        Case(id=one.id, title=one.title, at=one.started_at, query=question_of(one))
        for one in incidents
    ]


def shown(documents: Sequence[Document], cases: Sequence[Case]) -> dict[str, str | None]:
    """The page that the bot shows first to each question."""
    with searchable(*documents) as (retriever, source):
        builder = SuggestionBuilder(retriever, source)
        said = {one.id: builder.suggest(one.query, asked=True) for one in cases}
    return {
        name: one.passages[0].document_id if one.passages else None for name, one in said.items()
    }


def house(chance: random.Random) -> tuple[list[Runbook], list[PastIncident]]:
    """Pages of pairs of words; incidents of which some name their page, and some only a cause."""
    pages = [
        page(
            f"p/{one}-{two}",
            f"{one} {two} fails",
            f"# {one} {two} fails\n\n1. Look at the {one} of the {two}.\n\n"
            f"## Cause\n\nMostly {chance.choice(CAUSES)} of the {two}.\n",
            alerts=(f"{one.title()}{two.title()}",),
            services=(one,),
        )
        for one in WORDS[:4]
        for two in WORDS[6:10]
    ]
    incidents = []
    for number in range(60):
        one, two = chance.choice(WORDS[:4]), chance.choice(WORDS[6:10])
        text = f"The {one} of the {two} fails since {number} minutes."
        named = chance.choice(pages).id if chance.random() < 0.5 else ""
        incidents.append(
            case(
                f"INC-{number}",
                text,
                text,
                f"The {two} had {chance.choice(CAUSES)}." if chance.random() < 0.7 else "",
                alerts=(f"{one.title()}{two.title()}",) if chance.random() < 0.7 else (),
                services=(one,),
                runbook=named,
            )
        )
    return pages, incidents


def changes(pages: Sequence[Runbook], chance: random.Random) -> list[tuple[str, Runbook | None]]:
    mine, other = chance.sample(list(pages), 2)
    # Not the very same page: of two that are one, either may come first.
    taken = f"{other.body}\n\nOr ask those who keep {mine.title.split()[1]}.\n"
    title = f"{other.title} often"
    return [
        (mine.id, None),
        (mine.id, replace(mine, title=title, alerts=other.alerts, body=taken)),
        (mine.id, replace(mine, body=f"{mine.body}\n\n{other.body}", services=())),
        ("p/new", replace(other, id="p/new", title=f"{other.title} again")),
    ]


@pytest.mark.parametrize("seed", [0, 1, 2, 3, 4, 6])
def test_what_is_foretold_is_what_is_shown_when_it_is_published(seed: int) -> None:
    chance = random.Random(seed)
    pages, incidents = house(chance)
    cases = asked(incidents)
    before = shown([*pages, *incidents], cases)
    moved = 0
    with previewing(*pages, *incidents) as previews:
        for document_id, edit in changes(pages, chance):
            foretold = previews.preview(document_id, edit, cases)
            kept = [one for one in pages if one.id != document_id]
            after = shown([*kept, *([edit] if edit else []), *incidents], cases)
            true = {name: (old, after[name]) for name, old in before.items() if old != after[name]}
            assert {one.case.id: (one.before, one.after) for one in foretold.moved} == true
            assert foretold.searched < len(cases)
            moved += len(true)
    assert moved > 0


def test_a_page_reached_by_another_cases_record_alone_is_counted() -> None:
    """The new incident has nothing in common with the page: the case that answers names it."""
    target = page("elsewhere/steps", "Quarterly rotation", "# Quarterly rotation\n\n1. Rotate.\n")
    other = page("queue/lag", "Queue lags", "# Queue lags\n\n1. Look at consumers.\n")
    text = "Login tokens of the portal are refused by the gateway"
    known = case(
        "INC-1", text, f"{text}.", "Expired.", alerts=("LoginRefused",), runbook="elsewhere/steps"
    )
    again = case("INC-2", f"{text} again", f"{text}, again.", alerts=("LoginRefused",))
    documents = (target, other, known, again)
    cases = asked([again])
    assert shown(documents, cases) == {"INC-2": "elsewhere/steps"}
    with previewing(*documents) as previews:
        found = previews.preview("elsewhere/steps", None, cases)
    assert [(one.before, one.after) for one in found.moved] == [("elsewhere/steps", None)]
    assert shown([other, known, again], cases) == {"INC-2": None}


def test_what_a_case_got_is_forgotten_once_more_is_known() -> None:
    """A second preview, after another record came in that answers the case better."""
    target = page("portal/login", "Portal login", "# Portal login\n\n1. Restart the portal.\n")
    text = "Login tokens of the portal are refused by the gateway"
    again = case("INC-2", f"{text} again", f"{text}, again.", alerts=("LoginRefused",))
    other = page("elsewhere/steps", "Quarterly rotation", "# Quarterly rotation\n\n1. Rotate.\n")
    known = case(
        "INC-1", text, f"{text}.", "Expired.", alerts=("LoginRefused",), runbook="elsewhere/steps"
    )
    cases = asked([again])
    source = MemorySource([target, other, again])
    projection = Projection(source, HashingEmbedder(1024), None)
    projection.open()
    try:
        previews = Previewer(Retriever(projection, source), projection, source)
        assert previews.preview("elsewhere/steps", None, cases, shortlist=False).moved == ()
        source.put(known)
        projection.catch_up()
        found = previews.preview("elsewhere/steps", None, cases)
    finally:
        projection.close()
    assert [one.before for one in found.moved] == ["elsewhere/steps"]
