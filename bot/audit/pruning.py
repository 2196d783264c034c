"""Retention without breaking the chain: what is old goes, after its end was anchored elsewhere."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.audit.anchors import Anchor
from bot.audit.reading import rows_of
from bot.audit.shipping import Sink
from bot.audit.verify import PRUNED, verify
from bot.errors import DataError
from bot.uow import UnitOfWorkFactory


@dataclass(frozen=True, slots=True)
class Cut:
    """`checkpoint` is the last event that went, `events` how many did."""

    checkpoint: Anchor
    events: int


def prune(
    units: UnitOfWorkFactory,
    *,
    before: datetime,
    anchors: Sequence[Anchor],
    sinks: Sequence[Sink],
    by: str,
    now: datetime,
) -> Cut | None:
    """Take out the events older than `before`; None where there are none. The last event always
    stays.

    The chain is verified against `anchors` first, then the checkpoint is shipped to every sink,
    and only then the events go, in one transaction with the event that says so. Raises DataError.
    """
    verdict = verify(rows_of(units), anchors)
    if not verdict.ok:
        raise DataError(f"row {verdict.broken_at}: {verdict.problem}; nothing was pruned")
    checkpoint: Anchor | None = None
    for row in rows_of(units):
        if row[1] >= before or row[0] == verdict.head.seq:
            break
        checkpoint = Anchor(row[0], row[7])
    if checkpoint is None:
        return None
    for sink in sinks:
        sink.ship(checkpoint, now)
    with units.begin() as uow:
        gone = uow.audit.forget(checkpoint.seq)
        uow.audit.append(
            at=now,
            actor=by,
            action=PRUNED,
            subject="audit",
            data={
                "through": checkpoint.seq,
                "hash": checkpoint.hash,
                "before": before.isoformat(),
                "events": gone,
            },
        )
    return Cut(checkpoint, gone)
