"""Index files on disk: written whole or not at all, never trusted without their digest."""

import hashlib
import json
import os
from collections.abc import Mapping
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
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


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


def save_blob(folder: Path, kind: str, data: bytes, facts: Mapping[str, Any]) -> None:
    """Save `data` beside a manifest that names it and its digest.

    The file is named by its content, so the manifest's rename is the one moment at which the
    new state takes the old one's place; what the old manifest named is removed after it.
    """
    digest = hashlib.sha256(data).hexdigest()
    name = f"{kind}-{digest[:16]}.bin"
    write_atomically(folder / name, data)
    write_manifest(folder, {**facts, "kind": kind, "file": name, "sha256": digest})
    for old in folder.glob(f"{kind}-*.bin*"):
        if old.name != name:
            old.unlink(missing_ok=True)


def load_blob(folder: Path, kind: str) -> tuple[bytes, dict[str, Any]]:
    """What `save_blob` wrote; IndexDamaged when it is missing, cut, changed or of another kind."""
    facts = read_manifest(folder)
    name, digest = facts.get("file"), facts.get("sha256")
    if facts.get("kind") != kind or not isinstance(name, str) or "/" in name:
        raise IndexDamaged(f"{folder} does not hold an index of the kind {kind!r}")
    try:
        data = (folder / name).read_bytes()
    except OSError as error:
        raise IndexDamaged(f"{folder / name} cannot be read: {error}") from error
    if hashlib.sha256(data).hexdigest() != digest:
        raise IndexDamaged(f"{folder / name} does not fit its digest")
    return data, facts


def integer_fact(facts: Mapping[str, Any], key: str) -> int:
    value = facts.get(key)
    if not isinstance(value, int):
        raise IndexDamaged(f"the index manifest says nothing of {key!r}")
    return value
