"""The export use case: all that was learned as plain files, and those files taken in again.

What stands in the files is what `knowledge.loaders.export`, `bot.suggestions.links_file` and
`bot.drafts.rules_file` say. Everything is read in one transaction, so the files fit each other.
"""

import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from bot.clock import Clock
from bot.drafts import rules_file
from bot.errors import DataError
from bot.suggestions import links_file
from bot.uow import UnitOfWork, UnitOfWorkFactory
from knowledge.loaders import export
from knowledge.loaders.export import HEAD, RUNBOOKS, ExportFile
from knowledge.loaders.outcome import Problem

_FOR_OWNER, _FOR_ALL = 0o600, 0o644
_LONGEST_LINE = 5 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class ExportReport:
    """`written` are files that are new or changed, `removed` pages that are gone since the
    export before."""

    files: int
    written: int
    removed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SaidReport:
    """What was taken in beside documents: words and ties of cases, noise rules."""

    added: int
    unchanged: int
    failed: tuple[Problem, ...]


def export_files(uow: UnitOfWork) -> Iterator[ExportFile]:
    """Every file of the export. Raises BadDocument; see `knowledge.loaders.export.files_of`."""
    links, rules = links_file.lines_of(uow), rules_file.lines_of(uow)
    said = [
        ExportFile(links_file.LINKS, links, is_restricted=True),
        ExportFile(rules_file.RULES, rules),
    ]
    return chain(export.files_of(uow.knowledge.everything()), said)


def export_to(units: UnitOfWorkFactory, folder: Path) -> ExportReport:
    """Write everything into `folder`, in place of an earlier export that it holds.

    Raises DataError when the folder holds something that is no export or cannot be written.
    Nothing but pages under `runbooks/` is ever removed, and no link is followed.
    """
    try:
        _require_ours(folder)
        with units.read() as uow:
            files = list(export_files(uow))
        return _write(folder, files)
    except OSError as error:
        raise DataError(f"{folder} cannot be written: {error.strerror or error}") from error


def _require_ours(folder: Path) -> None:
    if folder.is_symlink():
        raise DataError(f"{folder} is a link; name the folder itself")
    if folder.exists() and not folder.is_dir():
        raise DataError(f"{folder} is no folder")
    if folder.exists() and any(folder.iterdir()) and not export.is_export(folder):
        raise DataError(f"{folder} is not empty and holds no export of Recall; choose another")


def _write(folder: Path, files: Sequence[ExportFile]) -> ExportReport:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    wanted = {one.path for one in files}
    removed = [name for name in _pages(folder) if name not in wanted]
    for name in removed:
        (folder / name).unlink()
    # The head comes first in the list and is written last: a half-done first export is none.
    written = sum(_put(folder, one) for one in (*files[1:], files[0]))
    return ExportReport(len(files), written, tuple(removed))


def _pages(folder: Path) -> list[str]:
    """The pages of an earlier export, links to pages included."""
    root = folder / RUNBOOKS
    if root.is_symlink() or not root.is_dir():
        return []
    found = []
    for here, _, names in os.walk(root, followlinks=False):
        found += [
            (Path(here) / name).relative_to(folder).as_posix()
            for name in names
            if name.endswith(".md")
        ]
    return sorted(found)


def _put(folder: Path, one: ExportFile) -> bool:
    """Write the file whole or not at all; False when it says just this already."""
    target = folder / one.path
    parent = target.parent
    _make_folders(folder, parent)
    mode = _FOR_OWNER if one.is_restricted else _FOR_ALL
    if target.is_file() and not target.is_symlink():
        is_same = target.read_bytes() == one.content
        if is_same and target.stat().st_mode & 0o777 == mode:
            return False
    handle, name = tempfile.mkstemp(dir=parent, prefix=".recall-", suffix=".tmp")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(one.content)
        Path(name).chmod(mode)
        Path(name).replace(target)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    return True


def _make_folders(root: Path, parent: Path) -> None:
    """The folders down to `parent`. Raises DataError when one of them is a link: it would lead
    the export to where nobody asked for it."""
    here = root
    for part in parent.relative_to(root).parts:
        here = here / part
        if here.is_symlink():
            raise DataError(f"{here} is a link; remove it")
        here.mkdir(exist_ok=True)


def take_in_said(
    units: UnitOfWorkFactory, clock: Clock, folder: Path, *, actor: str, dry_run: bool = False
) -> SaidReport:
    """The words, ties and noise rules of an export, in one transaction with its audit event.

    Raises DataError when the folder is no export.
    """
    if not export.is_export(folder):
        raise DataError(f"{folder} holds no {HEAD}; it is no export of Recall")
    report = SaidReport(0, 0, ())
    with suppress(_Undo), units.begin() as uow:
        links = links_file.take_in(uow, _lines(folder / links_file.LINKS))
        added, unchanged, broken = rules_file.take_in(uow, _lines(folder / rules_file.RULES))
        failed = [Problem(links_file.LINKS, *one) for one in links.failed]
        failed += [Problem(rules_file.RULES, *one) for one in broken]
        report = SaidReport(links.added + added, links.unchanged + unchanged, tuple(failed))
        if dry_run:
            raise _Undo
        if report.added:
            uow.audit.append(
                at=clock.now(),
                actor=actor,
                action="links.import",
                subject=folder.name,
                data={"links": links.added, "noise_rules": added},
            )
    return report


class _Undo(Exception):
    """Rolls a transaction back whose result was only to be seen."""


def _lines(path: Path) -> Iterator[bytes]:
    """The lines of a file, none of a link; of a line that is too long only its beginning, which
    is no JSON."""
    if path.is_symlink() or not path.is_file():
        return
    with path.open("rb") as file:
        while line := file.readline(_LONGEST_LINE):
            yield line
            while not line.endswith(b"\n") and (rest := file.readline(_LONGEST_LINE)):
                line = rest
