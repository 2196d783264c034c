"""Changes out of a delivery: redacted, named as the catalogue does, kept, and told of."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

from bot.alerts.changes import Change
from bot.redact import redact
from bot.services.catalogue import Catalogue
from bot.uow import UnitOfWork

OnChanges = Callable[[UnitOfWork, Sequence[Change], datetime], None]
"""What is told of changes: the unit, the changes, and when they were received."""


def nobody(uow: UnitOfWork, changes: Sequence[Change], received_at: datetime) -> None:
    """Where nobody wants to be told."""


def take_changes(
    uow: UnitOfWork,
    changes: Sequence[Change],
    received_at: datetime,
    catalogue: Catalogue,
    on_changes: OnChanges,
) -> None:
    """Keep `changes` inside the caller's transaction, and tell of them there."""
    told = [_placed(_redacted(change), catalogue) for change in changes]
    uow.changes.save(told, received_at)
    on_changes(uow, told, received_at)


def _placed(change: Change, catalogue: Catalogue) -> Change:
    """With the name that the catalogue has for its service. The environment stays as its source
    spells it: "production" may be more than one that is declared."""
    found = catalogue.resolve({"service": change.service})
    return replace(change, service=found.service or change.service)


def _redacted(change: Change) -> Change:
    return replace(
        change,
        actor=redact(change.actor),
        version=redact(change.version),
        previous=redact(change.previous),
        summary=redact(change.summary),
        links={title: redact(link) for title, link in change.links.items()},
    )
