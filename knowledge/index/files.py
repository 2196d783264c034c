"""Index files on disk: written whole or not at all, never trusted without their digest."""

import hashlib
import json
import os
from collections.abc import Callable, Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from knowledge.errors import IndexDamaged

MANIFEST = "manifest.json"


def write_atomically(path: Path, data: bytes) -> None:
    """New file, fsync, rename, fsync of the folder: after a crash the old or the new is there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(path.name + ".new")
    with new.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)
    _sync(path.parent)


def write_manifest(folder: Path, facts: Mapping[str, Any]) -> None:
    data = json.dumps(facts, indent=1, sort_keys=True).encode()
    write_atomically(folder / MANIFEST, data)


def read_manifest(folder: Path) -> dict[str, Any]:
    """The facts that were written; IndexDamaged when there are none that make sense."""
    try:
        facts = json.loads((folder / MANIFEST).read_bytes())
    except (OSError, ValueError) as error:
        raise IndexDamaged(f"{folder / MANIFEST} cannot be read: {error}") from error
    if not isinstance(facts, dict):
        raise IndexDamaged(f"{folder / MANIFEST} is not a manifest")
    return facts


@dataclass(frozen=True, slots=True)
class Part:
    """One of the files that make an index: its name in the folder and its digest."""

    file: str
    sha256: str


def save_parts(
    folder: Path,
    kind: str,
    writers: Mapping[str, Callable[[Path], None]],
    kept: Mapping[str, Part],
    facts: Mapping[str, Any],
) -> dict[str, Part]:
    """Save the files of an index; those in `kept` stay as they are. Returns all by name.

    Files are named by their content, so the manifest's rename is the one moment at which the
    new state takes the old one's place; what the old manifest named is removed after it.
    `writers` write to the path that they are given.
    """
    folder.mkdir(parents=True, exist_ok=True)
    parts = dict(kept)
    for name, write in writers.items():
        new = folder / f"{kind}-{name}.bin.new"
        write(new)
        digest = _digest_of(new)
        parts[name] = Part(f"{kind}-{name}-{digest[:16]}.bin", digest)
        _sync(new)
        new.replace(folder / parts[name].file)
    _sync(folder)
    listed = {name: {"file": one.file, "sha256": one.sha256} for name, one in parts.items()}
    write_manifest(folder, {**facts, "kind": kind, "parts": listed})
    named = {one.file for one in parts.values()}
    for old in folder.glob("*-*.bin*"):
        if old.name not in named:
            old.unlink(missing_ok=True)
    return parts


def load_parts(
    folder: Path, kind: str, names: Collection[str]
) -> tuple[dict[str, Part], dict[str, Any]]:
    """What `save_parts` wrote under these names, with the facts beside it.

    IndexDamaged where a file is missing, cut, changed or of another kind.
    """
    facts = read_manifest(folder)
    listed = facts.get("parts")
    if facts.get("kind") != kind or not isinstance(listed, dict):
        raise IndexDamaged(f"{folder} does not hold an index of the kind {kind!r}")
    try:
        parts = {str(name): Part(**one) for name, one in listed.items()}
    except TypeError as error:
        raise IndexDamaged(f"{folder / MANIFEST} is not a manifest") from error
    if any(not isinstance(one.file, str) or "/" in one.file for one in parts.values()):
        raise IndexDamaged(f"{folder / MANIFEST} is not a manifest")
    if set(parts) != set(names):
        raise IndexDamaged(f"the index in {folder} lacks a part")
    # Digests are most of the time that opening takes; hashing leaves the interpreter free.
    with ThreadPoolExecutor() as pool:
        for one, digest in zip(
            parts.values(),
            pool.map(_told_digest, (folder / p.file for p in parts.values())),
            strict=True,
        ):
            if digest != one.sha256:
                raise IndexDamaged(f"{folder / one.file} does not fit its digest")
    return parts, facts


def kind_in(folder: Path) -> str:
    """Of which kind the index in a folder is; IndexDamaged when there is none."""
    return str(read_manifest(folder).get("kind"))


def _told_digest(path: Path) -> str:
    try:
        return _digest_of(path)
    except OSError as error:
        raise IndexDamaged(f"{path} cannot be read: {error}") from error


def _digest_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _sync(path: Path) -> None:
    opened = os.open(path, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def integer_fact(facts: Mapping[str, Any], key: str) -> int:
    value = facts.get(key)
    if not isinstance(value, int):
        raise IndexDamaged(f"the index manifest says nothing of {key!r}")
    return value
