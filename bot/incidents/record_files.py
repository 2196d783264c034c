"""Confirmed records as Markdown files, for people, for git, and to be imported elsewhere."""

import contextlib
import os
import tempfile
from pathlib import Path

from bot.drafts.model import DraftKind, DraftState
from bot.incidents.keeping import latest_confirmed
from bot.incidents.records import IncidentRecord, markdown_of
from bot.jobs.ports import Job
from bot.uow import UnitOfWork, UnitOfWorkFactory
from knowledge.model import PastIncident

_FOR_OWNER, _FOR_ALL = 0o600, 0o644
MOST = 100_000
"""Records that are listed or exported at once."""


class RecordFileJob:
    """Handles one `record_file` job: the file says what was confirmed last, however often this
    runs. An OSError comes through, and the job is tried again."""

    def __init__(self, units: UnitOfWorkFactory, folder: Path) -> None:
        self._units = units
        self._folder = folder

    def handle(self, job: Job) -> None:
        with self._units.read() as uow:
            draft = uow.drafts.get(int(job.payload["draft_id"]))
            if draft is None or draft.state is not DraftState.ACCEPTED:
                return
            newest = latest_confirmed(uow, draft.subject)
            if newest is None or newest.id != draft.id:
                return  # it was confirmed anew, and that has a job of its own
            record = IncidentRecord.model_validate(draft.content)
            page = page_of_confirmed(uow, record)
        write_record(self._folder, record, page)


def page_of_confirmed(uow: UnitOfWork, record: IncidentRecord) -> str:
    """The page of a record as the memory has it, with who vouched for it."""
    known = uow.knowledge.get(record.key)
    before = known if isinstance(known, PastIncident) else None
    confirmed_by = before.confirmed_by if before is not None else record.words.by
    return markdown_of(record, confirmed_by=confirmed_by, before=before)


def write_record(folder: Path, record: IncidentRecord, page: str) -> Path:
    """Write the page whole or not at all. Only its owner may read one that not everyone may
    see. Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{record.key}.md"
    handle, name = tempfile.mkstemp(dir=folder, prefix=f".{record.key}-", suffix=".tmp")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(page)
            file.flush()
            os.fsync(file.fileno())
        Path(name).chmod(_FOR_ALL if record.visibility is None else _FOR_OWNER)
        Path(name).replace(path)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            Path(name).unlink()
        raise
    return path


def export_records(units: UnitOfWorkFactory, folder: Path) -> list[Path]:
    """Write every confirmed record, each as it was confirmed last. Raises OSError."""
    written: list[Path] = []
    seen: set[str] = set()
    with units.read() as uow:
        for draft in uow.drafts.accepted(DraftKind.RECORD, limit=MOST):
            if draft.subject in seen:
                continue
            seen.add(draft.subject)
            record = IncidentRecord.model_validate(draft.content)
            written.append(write_record(folder, record, page_of_confirmed(uow, record)))
    return written
