"""What the bot noted of itself while it ran: refused messages, deaf times, the canary."""

from collections.abc import Iterator, Mapping
from datetime import datetime

from bot.canary.model import JUDGED, Verdict
from bot.chat.ports import Trouble
from bot.chat.troubles import troubles
from bot.doctor.model import Check, ok, problem, warning
from bot.errors import RecallError
from bot.jobs.marks import LAST_GAP
from bot.settings import Settings
from bot.store.database import Database
from bot.sync.model import SyncSource, SyncState, in_words, parse_source, state_of


def check_upkeep(database: Database, settings: Settings) -> Iterator[Check]:
    """Says nothing of what has never been."""
    try:
        with database.read() as uow:
            found, gap = troubles(uow), uow.marks.get(LAST_GAP)
            canary = uow.marks.get(JUDGED)
            sources = [parse_source(one) for one in settings.sync_sources]
            last = {one: state_of(uow.marks.get(one.key)) for one in sources}
    except RecallError as error:
        yield problem("messages", str(error), "see the message")
        return
    if found:
        for trouble in found:
            yield _trouble(trouble)
    else:
        yield ok("messages", "no channel refuses them")
    if gap is not None:
        since, until = (datetime.fromisoformat(gap[name]) for name in ("since", "until"))
        yield ok(
            "last deaf",
            f"{since:%Y-%m-%d %H:%M:%S} to {until:%Y-%m-%d %H:%M:%S} UTC, "
            f"{gap['replayed']} messages replayed",
        )
    yield from _syncs(last)
    if canary is not None and settings.canary_every_minutes:
        yield _canary(Verdict(canary["verdict"]), canary["seconds"], settings.canary_seconds)


def _syncs(last: Mapping[SyncSource, SyncState | None]) -> Iterator[Check]:
    for source, state in last.items():
        told = f"{source.name}: {in_words(state)}"
        if state is not None and not state.is_well:
            yield warning("sync", told, "mend the source, then run `recall sync`")
        else:
            yield ok("sync", told)


def _trouble(trouble: Trouble) -> Check:
    what = f"{trouble.channel} since {trouble.since:%Y-%m-%d %H:%M} UTC"
    if trouble.messages:
        what = f"{what}, {trouble.messages} not said"
    reason, _, advice = trouble.error.partition("; ")
    return problem("messages", f"{what}: {reason}", advice or "see the log of that time")


def _canary(verdict: Verdict, seconds: float | None, limit: int) -> Check:
    took = f"{seconds:.1f} s" if seconds is not None else "an unknown time"
    if verdict.is_well:
        return ok("canary", f"the last one took {took}, the limit is {limit} s")
    return warning(
        "canary",
        f"the last one was {verdict.value}: {took}, the limit is {limit} s",
        "look at the load of the machine, at /healthz and at the log",
    )
