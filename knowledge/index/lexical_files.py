"""Digests over tantivy's segment files, so that a damaged folder is told before it answers."""

import hashlib
from collections.abc import Mapping
from pathlib import Path

from knowledge.errors import IndexDamaged

_CHANGING = frozenset({"meta.json", ".managed.json"})
"""Rewritten by every commit, possibly after the last manifest; tantivy checks them itself."""


def digests_of(folder: Path, known: Mapping[str, str]) -> dict[str, str]:
    """SHA-256 by name; files in `known` are not read again, for segment files never change."""
    digests: dict[str, str] = {}
    for path in sorted(folder.iterdir()):
        if path.name in _CHANGING or path.name.endswith(".lock"):
            continue
        try:
            digests[path.name] = known.get(path.name) or _sha256(path)
        except FileNotFoundError:  # merged away by tantivy's own thread meanwhile
            continue
    return digests


def changed_files(folder: Path, listed: Mapping[str, str]) -> list[str]:
    """Names of listed files that are there with another content.

    A file that is gone was merged away, or tantivy itself refuses to open without it. A file
    that is not listed belongs to a commit just before a crash; tantivy checks its footer.
    """
    try:
        return [
            name
            for name, digest in sorted(listed.items())
            if "/" not in name and (folder / name).is_file() and _sha256(folder / name) != digest
        ]
    except OSError as error:
        raise IndexDamaged(f"{folder} cannot be read: {error}") from error


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
