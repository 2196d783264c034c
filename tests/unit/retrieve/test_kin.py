"""What other alerts' records of a like cause showed tells the causes of this alert apart."""

import dataclasses
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from knowledge.embed.hashing import HashingEmbedder
from knowledge.evaluate.memory_source import MemorySource
from knowledge.index.projection import Projection
from knowledge.model import Audience, Document, PastIncident, Query, Visibility
from knowledge.retrieve import Retriever
from knowledge.retrieve.kin import MOST_CAUSES, MOST_KIN, kin_of
from tests.support.memory_knowledge import case, page

LEAK = "The report worker leaked all database sessions of the pool."
CERT = "The certificate of the gateway expired over night."
LINE = "FATAL: sorry, too many clients already"

OURS = (
    case("A-1", "Orders fail", "orders fail", LEAK, alerts=("OrdersFailing",)),
    case("A-2", "Orders fail", "orders fail", CERT, alerts=("OrdersFailing",)),
)
OTHER_LINE = "ERROR x509: certificate has expired or is not yet valid"
THEIRS = tuple(
    case(
        f"B-{cause[:5]}-{n}",
        f"Billing {n}",
        "billing slow",
        cause,
        alerts=("BillingSlow",),
        logs=(line,),
    )
    for cause, line in ((LEAK, LINE), (CERT, OTHER_LINE))
    for n in range(3)
)
ASKED = Query(text="orders fail", alert_name="OrdersFailing", logs=(f"{LINE}\n{LINE}",))


@contextmanager
def knowing(*documents: Document) -> Iterator[tuple[Retriever, Projection]]:
    source, embedder = MemorySource(documents), HashingEmbedder(1024)
    projection = Projection(source, embedder, None)
    projection.open()
    try:
        yield Retriever(projection, source, embed=embedder.embed), projection
    finally:
        projection.close()


def test_a_line_that_only_another_alerts_records_have_tells_the_cause() -> None:
    with knowing(*OURS) as (retriever, _):
        alone = retriever.search(ASKED)
    assert alone.causes[0].probability == pytest.approx(0.5, abs=0.05)
    with knowing(*OURS, *THEIRS) as (retriever, _):
        lent = retriever.search(ASKED)
    assert lent.causes[0].incident_ids == ("A-1",)
    assert lent.causes[0].probability > alone.causes[0].probability + 0.1
    assert lent.causes[0].parts["lent_lines"] > lent.causes[1].parts["lent_lines"]


def test_records_that_the_reader_may_not_see_lend_nothing() -> None:
    hidden = [
        dataclasses.replace(one, visibility=Visibility(frozenset({"T1/C9"}))) for one in THEIRS
    ]
    asked = dataclasses.replace(ASKED, audience=Audience(channel="T1/C1"))
    with knowing(*OURS) as (retriever, _):
        without = retriever.search(asked)
    with knowing(*OURS, *hidden) as (retriever, _):
        beside = retriever.search(asked)
    assert beside.causes == without.causes
    assert beside.confidence == without.confidence


def test_only_records_of_other_alerts_with_a_like_cause_are_lent() -> None:
    embedder = HashingEmbedder(1024)
    others = (
        *THEIRS,
        case("C-1", "Cart", "the pool of sessions", "", alerts=("CartSlow",)),
        page("leak", "Leaked sessions", LEAK),
        case("D-1", "Disk", "no space", "Logs were never rotated.", alerts=("DiskFull",)),
    )
    with knowing(*OURS, *others) as (retriever, projection):
        meaning = tuple(float(one) for one in embedder.embed([LEAK])[0])
        (lent,) = kin_of(projection, retriever.facts, ASKED, [meaning])
        assert [facts.cause for facts in lent] == [LEAK] * 3
        nowhere = kin_of(
            projection,
            retriever.facts,
            dataclasses.replace(ASKED, alert_name="BillingSlow"),
            [meaning],
        )
        assert [facts.cause for facts in nowhere[0]] == [LEAK]


def test_so_many_records_and_causes_and_no_more() -> None:
    embedder = HashingEmbedder(1024)
    many: list[PastIncident] = [
        case(f"E-{n}", f"Trouble {n}", "slow", LEAK, alerts=(f"Other{n}",)) for n in range(30)
    ]
    with knowing(*OURS, *many) as (retriever, projection):
        meaning = tuple(float(one) for one in embedder.embed([LEAK])[0])
        lent = kin_of(projection, retriever.facts, ASKED, [meaning] * (MOST_CAUSES + 2))
    assert [len(one) for one in lent] == [MOST_KIN] * MOST_CAUSES + [0, 0]
