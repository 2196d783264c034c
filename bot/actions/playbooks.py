"""The folder of Ansible playbooks beside the templates, under one hash."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

from bot.errors import DataError

PLAYBOOKS = "playbooks"
_MOST_FILES = 2_000
_MOST_BYTES = 20 << 20


def files_of(folder: Path) -> Sequence[Path]:
    """Every file below `folder`, in one order everywhere. DataError for links and for too many:
    a link could change what is run without the folder's changing."""
    found: list[Path] = []
    for path in sorted(folder.rglob("*")):
        if path.is_symlink():
            raise DataError(f"{path}: links are not followed among playbooks")
        if path.is_file():
            found.append(path)
        if len(found) > _MOST_FILES:
            raise DataError(f"{folder} has more than {_MOST_FILES} files")
    return found


def playbooks_digest(folder: Path) -> str:
    """SHA-256 over the names and contents of all files; "" where there is no such folder.
    Raises DataError."""
    if not folder.is_dir():
        return ""
    whole = hashlib.sha256()
    size = 0
    try:
        for path in files_of(folder):
            content = path.read_bytes()
            size += len(content)
            if size > _MOST_BYTES:
                raise DataError(f"{folder} has more than {_MOST_BYTES} bytes")
            name = path.relative_to(folder).as_posix()
            for part in (name.encode(), content):
                whole.update(len(part).to_bytes(8, "big") + part)
    except OSError as error:
        raise DataError(f"{folder} cannot be read: {error}") from None
    return whole.hexdigest()
