"""The files of tantivy: what they hold, and digests that tell damage before it answers."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

from knowledge.errors import IndexDamaged
from knowledge.index.files import write_atomically

_CONTENTS = "meta.json"
_BLOCK_BYTES = 4096


def set_small_blocks(folder: Path) -> None:
    """Have a new, empty index keep its texts in blocks of 4 kB rather than 16.

    A search reads hundreds of passages that stand in as many blocks, and each is unpacked whole:
    the quarter takes 8 microseconds a passage where the whole took 14. tantivy reads the size
    from its table of contents; its Python package has no argument for it.
    """
    path = folder / _CONTENTS
    contents = json.loads(path.read_bytes())
    contents["index_settings"]["docstore_blocksize"] = _BLOCK_BYTES
    write_atomically(path, json.dumps(contents).encode())


def digests_of(folder: Path, known: Mapping[str, str]) -> dict[str, str]:
    """SHA-256 by name of the files that the last commit is made of.

    Files in `known` are not read again, for these never change. What belongs to no committed
    segment is left out: tantivy's own thread may still be writing it, a merged segment's files.
    """
    committed = _committed_segments(folder)
    digests: dict[str, str] = {}
    for path in sorted(folder.iterdir()):
        if path.name.partition(".")[0] not in committed:
            continue
        try:
            digests[path.name] = known.get(path.name) or _sha256(path)
        except FileNotFoundError:  # merged away meanwhile
            continue
    return digests


def _committed_segments(folder: Path) -> frozenset[str]:
    """The names that a segment's files begin with, from tantivy's own table of contents."""
    try:
        contents = json.loads((folder / _CONTENTS).read_bytes())
        return frozenset(one["segment_id"].replace("-", "") for one in contents["segments"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise IndexDamaged(f"{folder / _CONTENTS} cannot be read: {error}") from error


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
