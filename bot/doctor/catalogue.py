"""How many alerts are about nothing that is known."""

from collections.abc import Iterator

from bot.alerts.unresolved import MOST_READ, TOO_MANY, WINDOW, in_words, label_sets
from bot.clock import Clock
from bot.doctor.model import Check, ok, problem, warning
from bot.errors import RecallError
from bot.store.database import Database

_SHOWN = 3


def check_resolved(database: Database, clock: Clock) -> Iterator[Check]:
    """Whether most of the last week's alerts have a service and an environment; says nothing
    where there were none."""
    since = clock.now() - WINDOW
    try:
        with database.read() as uow:
            seen = uow.alerts.turned_since(since)
            found = uow.alerts.unresolved_since(since, MOST_READ) if seen.unresolved else ()
    except RecallError as error:
        yield problem("resolved alerts", str(error), "see the message")
        return
    if not seen.alerts:
        return
    told = (
        f"{seen.unresolved} of {seen.alerts} alerts of {WINDOW.days} days ({seen.share:.0%}) have "
        f"no service or no environment ({seen.without_service}, {seen.without_environment})"
    )
    if seen.share < TOO_MANY:
        yield ok("resolved alerts", told)
        return
    sets = "; ".join(in_words(one) for one in label_sets(found, _SHOWN))
    yield warning(
        "resolved alerts",
        f"{told}: {sets}",
        "name their services in services.yaml; `recall sources unresolved` lists what they carry",
    )
