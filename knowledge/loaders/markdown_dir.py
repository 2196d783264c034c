"""Runbooks from a folder or git checkout of Markdown pages."""

import os
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from knowledge.errors import BadDocument
from knowledge.loaders.files import read_capped
from knowledge.loaders.outcome import Known, Loaded, Outcomes, Problem, file_digest
from knowledge.text.pages import parse_runbook

SUFFIXES = (".md", ".markdown")
SKIPPED_FOLDERS = frozenset({"node_modules", "__pycache__", "venv"})
_MAX_FILES = 100_000


@dataclass(frozen=True, slots=True)
class Pages:
    """The Markdown files under `root`, and what was refused while looking for them."""

    root: Path
    files: tuple[Path, ...]
    problems: tuple[Problem, ...]


def find_pages(path: Path, *, is_ours: bool = False) -> Pages:
    """All pages under `path` (or `path` itself, when it is a file), in a stable order.

    Hidden files and folders are skipped. A link that leaves the folder is a problem; one that
    stays inside is skipped, as what it points to is read where it stands. A file of several names
    (hard links) is read once, and is a problem where one of its names is elsewhere: nobody can
    tell then whose file it is. Not so where the folder `is_ours`, installed with Recall: some
    installers link files from their cache. Raises BadDocument
    when `path` does not exist or holds more than 100,000 files.
    """
    if path.is_file():
        return Pages(path.resolve().parent, (path.resolve(),), ())
    if not path.is_dir():
        raise BadDocument(f"{path} is neither a folder nor a file")
    root = path.resolve()
    files: list[Path] = []
    problems: list[Problem] = []
    for candidate in _walk(root, problems):
        if candidate.is_symlink():
            if not _stays_inside(candidate, root):
                problems.append(
                    Problem(_name(candidate, root), None, "is a link out of the folder")
                )
        elif candidate.is_file() and candidate.suffix.lower() in SUFFIXES:
            files.append(candidate)
        if len(files) > _MAX_FILES:
            raise BadDocument(f"{path} holds more than {_MAX_FILES:,} Markdown files")
    own = tuple(files) if is_ours else _of_one_name(files, root, problems)
    return Pages(root, own, tuple(problems))


def load(pages: Pages, *, url_base: str | None = None, known: Known | None = None) -> Outcomes:
    """Each page as a Runbook; a page that cannot be read as a Problem.

    The id is the path below the folder without its suffix, so it stays the same wherever the
    checkout lies. `url_base` is put before that path where the page names no address itself.
    Pages that are the same as `known` are left out.
    """
    yield from pages.problems
    for file in pages.files:
        name = _name(file, pages.root)
        if not _is_unicode(file.relative_to(pages.root).as_posix()):
            yield Problem(name, None, "has a name that is not UTF-8; rename it")
            continue
        url = f"{url_base.rstrip('/')}/{quote(name)}" if url_base else None
        try:
            slug = name.removesuffix(file.suffix)
            raw = read_capped(file)
            digest = file_digest(raw, name, url)
            if known is None or not known.is_unchanged(slug, digest, name):
                yield Loaded(parse_runbook(raw, slug=slug, url=url), name, digest=digest)
        except BadDocument as error:
            yield Problem(name, error.line, str(error))


def _walk(root: Path, problems: list[Problem]) -> Iterator[Path]:
    def refused(error: OSError) -> None:
        name = _name(Path(error.filename), root)
        problems.append(Problem(name, None, f"cannot be read: {error.strerror}"))

    for folder, names, files in os.walk(root, onerror=refused, followlinks=False):
        here = Path(folder)
        names[:] = sorted(
            name for name in names if not name.startswith(".") and name not in SKIPPED_FOLDERS
        )
        yield from (here / name for name in names if (here / name).is_symlink())
        yield from (here / name for name in sorted(files) if not name.startswith("."))


def _of_one_name(files: list[Path], root: Path, problems: list[Problem]) -> tuple[Path, ...]:
    """The files, each once whatever names it has; those that have a name elsewhere are told."""
    others: dict[Path, os.stat_result] = {}
    for file in files:
        with suppress(OSError):  # gone meanwhile: reading it says so
            found = file.lstat()
            if found.st_nlink > 1:
                others[file] = found
    here = Counter((found.st_dev, found.st_ino) for found in others.values())
    read: set[tuple[int, int]] = set()
    kept = []
    for file in files:
        if file not in others:
            kept.append(file)
            continue
        found = others[file]
        which = (found.st_dev, found.st_ino)
        if found.st_nlink > here[which]:
            reason = "is a hard link to a file that is elsewhere too; copy it"
            problems.append(Problem(_name(file, root), None, reason))
        elif which not in read:
            read.add(which)
            kept.append(file)
    return tuple(kept)


def _stays_inside(link: Path, root: Path) -> bool:
    try:
        return link.resolve(strict=True).is_relative_to(root)
    except (OSError, RuntimeError):
        return False


def _name(path: Path, root: Path) -> str:
    """The path below the folder; bytes in it that are no UTF-8 become question marks."""
    return path.relative_to(root).as_posix().encode("utf-8", "replace").decode()


def _is_unicode(name: str) -> bool:
    return not any("\ud800" <= character <= "\udfff" for character in name)
