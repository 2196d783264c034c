"""A small knowledge base in memory, searchable by word hashes: no model, no files."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from knowledge.curate.preview import Previewer
from knowledge.embed.hashing import HashingEmbedder
from knowledge.evaluate.memory_source import MemorySource
from knowledge.index.projection import Projection
from knowledge.model import Document, PastIncident, Runbook
from knowledge.retrieve import Retriever
from knowledge.retrieve.calibration import PRIOR, Calibration


@contextmanager
def searchable(
    *documents: Document,
    calibration: Calibration = PRIOR,
    threshold: float | None = None,
) -> Iterator[tuple[Retriever, MemorySource]]:
    """A retriever over the documents, and their source."""
    source = MemorySource(documents)
    projection = Projection(source, HashingEmbedder(1024), None)
    projection.open()
    try:
        projection.catch_up()
        yield Retriever(projection, source, threshold=threshold, calibration=calibration), source
    finally:
        projection.close()


@contextmanager
def previewing(*documents: Document) -> Iterator[Previewer]:
    """What changes of these documents would do."""
    source = MemorySource(documents)
    projection = Projection(source, HashingEmbedder(1024), None)
    projection.open()
    try:
        projection.catch_up()
        yield Previewer(Retriever(projection, source), projection, source)
    finally:
        projection.close()


def page(slug: str, title: str, body: str, **more: object) -> Runbook:
    return Runbook(id=slug, title=title, body=body, **more)  # type: ignore[arg-type]


def case(name: str, title: str, symptom: str, cause: str = "", **more: object) -> PastIncident:
    values = {"started_at": datetime(2026, 5, 1, tzinfo=UTC), **more}
    return PastIncident(id=name, title=title, symptom=symptom, cause=cause, **values)  # type: ignore[arg-type]


THREE_CAUSES = (
    case(
        "INC-1",
        "Orders fail",
        "Requests to the payment gateway time out, acquirer refuses connections.",
        "Outage of the acquirer gateway.",
        alerts=("OrdersFailing",),
        services=("checkout",),
        environments=("prod/eu",),
        runbook="payment-down",
        logs=("ERROR authorize failed: dial gateway: connection refused",),
    ),
    case(
        "INC-2",
        "Orders fail",
        "Database slots are used up, idle transactions of the report worker.",
        "Report worker leaked database sessions.",
        alerts=("OrdersFailing",),
        services=("checkout",),
        environments=("prod/eu",),
        runbook="db-slots",
        logs=("FATAL: sorry, too many clients already",),
    ),
    case(
        "INC-3",
        "Orders fail",
        "Only pods of the newest build answer 500, TypeError in pricing.",
        "Bad deploy of the shop.",
        alerts=("OrdersFailing",),
        services=("checkout",),
        environments=("prod/eu",),
        runbook="rollback",
        logs=("ERROR unhandled TypeError: cannot read properties of null",),
    ),
    page(
        "payment-down",
        "Payment provider down",
        "# Payment provider down\n\n## Check\n\n- Call the gateway by hand.\n\n"
        "## Mitigation\n\n- Route cards to the second provider.\n",
    ),
    page(
        "db-slots",
        "Database slots used up",
        "# Database slots used up\n\n## Check\n\n- Count sessions by client.\n\n"
        "## Mitigation\n\n1. Restart the leaking client.\n\n"
        "```sh\nkubectl -n <namespace> delete pod <pod>\n```\n",
    ),
    page(
        "rollback",
        "Roll back a build",
        "# Roll back a build\n\n## Check\n\n- Which build runs where?\n\n"
        "## Mitigation\n\n- Undo the rollout.\n",
    ),
)
"""One alert with three causes, each with a page of its own."""
