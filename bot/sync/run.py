"""The sync use case: sources read one after the other, by one process at a time.

A lease in the database keeps two replicas, or the command line and the server, from syncing side
by side. What a source brings is imported in batches, so a sync that was cut off goes on with the
next one.
"""

import logging
import secrets
from collections.abc import Callable, Collection, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol

from bot.clock import Clock
from bot.errors import RecallError, Retryable
from bot.importing import Importer, ImportReport, Progress
from bot.redact import redact
from bot.sync.gone import Gone
from bot.sync.model import SourceKind, SyncSource, SyncState, state_of
from bot.uow import UnitOfWorkFactory
from knowledge.errors import KnowledgeError
from knowledge.loaders import git, markdown_dir, pages_zip
from knowledge.loaders.git import GitAccess
from knowledge.loaders.outcome import Known, Outcomes

_log = logging.getLogger(__name__)

ACTOR = "sync:schedule"
LEASE_KEY = "syncing"
LEASE = timedelta(minutes=10)
"""How long a sync that was killed keeps others out; one that runs renews it with each batch and
each source, and fetching takes half of it at most."""
TICK_SECONDS = 30.0

Importers = Callable[[], Importer]


class SyncBusy(Retryable):
    """Another process syncs just now."""


class _LeaseLost(Retryable):
    """Another process took over, because this one was not heard of for too long."""


class Telling(Protocol):
    """Told of each source: when it begins, and how much of it is done."""

    def __call__(self, source: SyncSource) -> Progress | None: ...


class Sync:
    """Syncs `sources`. `copies` is the folder for copies of repositories; `retires` names the
    sources whose pages are retired when they are gone from it, without anybody being asked."""

    def __init__(
        self,
        *,
        units: UnitOfWorkFactory,
        clock: Clock,
        sources: Sequence[SyncSource],
        importer: Importers,
        access: GitAccess,
        copies: Path,
        every: timedelta | None,
        retires: Collection[str] = (),
    ) -> None:
        self._units = units
        self._clock = clock
        self._sources = tuple(sources)
        self._importer = importer
        self._access = access
        self._copies = copies
        self._every = every
        self._retires = frozenset(retires)
        self._gone = Gone(units, clock, ACTOR)

    def tick(self) -> bool:
        """Sync what is due, if anything is and nobody else is at it; whether something was."""
        due = self._due()
        if not due:
            return False
        try:
            self.run(due)
        except SyncBusy:
            return False
        return True

    def _due(self) -> list[SyncSource]:
        if self._every is None:
            return []
        now = self._clock.now()
        with self._units.read() as uow:
            states = {one: state_of(uow.marks.get(one.key)) for one in self._sources}
        return [one for one, state in states.items() if _is_due(state, now, self._every)]

    def run(
        self,
        sources: Sequence[SyncSource] | None = None,
        *,
        dry_run: bool = False,
        telling: Telling | None = None,
    ) -> dict[SyncSource, SyncState]:
        """Sync `sources`, all of them if none are named; what became of each.

        A source that cannot be read is told of in its state and does not keep the others. Raises
        SyncBusy while another process syncs, DatabaseBusy when the database cannot be used.
        """
        holder = secrets.token_hex(8)
        self._claim(holder)
        try:
            return {
                one: self._sync(one, holder, dry_run, telling(one) if telling else None)
                for one in (self._sources if sources is None else sources)
            }
        finally:
            self._release(holder)

    def _sync(
        self, source: SyncSource, holder: str, dry_run: bool, progress: Progress | None
    ) -> SyncState:
        self._renew(holder)
        with self._units.read() as uow:
            before = state_of(uow.marks.get(source.key))
        began = self._clock.now()
        commit, note = before.commit if before is not None else "", ""

        def alive(done: int) -> None:
            self._renew(holder)
            if progress is not None:
                progress(done)

        try:
            if source.git is not None:
                fetched = git.fetch(source.git, self._copies, self._access)
                commit = fetched.commit
                if fetched.was_rewritten:
                    note = f"the history of the branch was rewritten, it is at {commit[:12]} now"
                    _log.warning("%s: %s", source.name, note)
            report = self._importer().run(
                lambda known: self._outcomes(source, commit, known),
                subject=source.key,
                dry_run=dry_run,
                progress=alive,
                rivals=[one.key for one in self._sources if one != source],
            )
            state = _state(report, began, commit, note)
            if not dry_run and state.is_well and not report.failed:
                left = self._gone.look(
                    source.key,
                    report.missing,
                    report.documents + len(report.missing),
                    retires=source.name in self._retires,
                )
                state = state.model_copy(update={"missing": left})
        except (RecallError, KnowledgeError) as error:
            if isinstance(error, Retryable):
                raise
            last = before.good_at if before is not None else None
            problem = redact(str(error))
            state = SyncState(at=began, good_at=last, problem=problem, commit=commit)
            _log.error("the sync of %s failed: %s", source.name, problem)
        if not dry_run:
            with self._units.begin() as uow:
                uow.marks.put(source.key, state.as_json(), began)
        return state

    def _outcomes(self, source: SyncSource, commit: str, known: Known) -> Outcomes:
        if source.git is not None:
            return git.load(source.git, self._copies, commit, known=known)
        assert source.path is not None
        if source.kind is SourceKind.ARCHIVE:
            return pages_zip.load(source.path, known=known)
        return markdown_dir.load(markdown_dir.find_pages(source.path), known=known)

    # --- one at a time -------------------------------------------------------------------------

    def _claim(self, holder: str) -> None:
        with self._units.begin() as uow:
            now = self._clock.now()
            held = uow.marks.get(LEASE_KEY)
            if held is not None and datetime.fromisoformat(held["until"]) > now:
                raise SyncBusy("a sync is under way; it is done again when that has ended")
            uow.marks.put(LEASE_KEY, _lease(holder, now), now)
        # Two that found no lease at all both wrote one: the last is the holder's.
        self._renew(holder)

    def _renew(self, holder: str) -> None:
        with self._units.begin() as uow:
            held = uow.marks.get(LEASE_KEY)
            if held is None or held["holder"] != holder:
                raise _LeaseLost("another process syncs; this one was not heard of for too long")
            now = self._clock.now()
            uow.marks.put(LEASE_KEY, _lease(holder, now), now)

    def _release(self, holder: str) -> None:
        with self._units.begin() as uow:
            held = uow.marks.get(LEASE_KEY)
            if held is not None and held["holder"] == holder:
                uow.marks.remove(LEASE_KEY)


def _lease(holder: str, now: datetime) -> dict[str, str]:
    return {"holder": holder, "until": (now + LEASE).isoformat()}


def _is_due(state: SyncState | None, now: datetime, every: timedelta) -> bool:
    return state is None or now - state.at >= every


def _state(report: ImportReport, began: datetime, commit: str, note: str) -> SyncState:
    problem = ""
    if not report.is_useful:
        first = report.failed[0]
        problem = f"nothing could be used: {first.file}: {first.reason}"
    return SyncState(
        at=began,
        good_at=None if problem else began,
        problem=problem,
        note=note,
        commit=commit,
        added=report.added,
        changed=report.changed,
        unchanged=report.unchanged,
        merged=report.merged,
        left_out=len(report.failed),
        conflicts=len(report.conflicts),
        missing=len(report.missing),
    )
