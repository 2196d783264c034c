"""The whole record, a page at a time."""

from collections.abc import Iterator

from bot.audit.model import AuditEvent, AuditRow
from bot.uow import UnitOfWorkFactory

_PAGE = 5_000


def events_of(units: UnitOfWorkFactory) -> Iterator[AuditEvent]:
    """All events, oldest first."""
    after = 0
    while True:
        with units.read() as uow:
            page = uow.audit.list(after=after, limit=_PAGE)
        yield from page
        if len(page) < _PAGE:
            return
        after = page[-1].seq


def rows_of(units: UnitOfWorkFactory) -> Iterator[AuditRow]:
    """As `events_of`, as bare tuples."""
    after = 0
    while True:
        with units.read() as uow:
            page = uow.audit.rows(after=after, limit=_PAGE)
        yield from page
        if len(page) < _PAGE:
            return
        after = page[-1][0]
