"""Zip archives from outside, read entry by entry in memory and never extracted.

Names, links, counts and sizes are checked against what is really read, not against what the
archive's own directory claims.
"""

import stat
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from knowledge.errors import BadDocument
from knowledge.loaders.files import megabytes

_CHUNK = 1 << 18
_RATIO_FREE_BYTES = 1 << 20
"""Below this size any compression ratio is harmless."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What an archive may cost: entries, bytes an entry, bytes in all, and expansion."""

    entries: int = 200_000
    entry_bytes: int = 64 * 1024**2
    total_bytes: int = 4 * 1024**3
    ratio: int = 200


class SafeZip:
    """A checked zip archive. `names` are its regular files in the order of the archive."""

    def __init__(self, archive: zipfile.ZipFile, limits: Limits) -> None:
        self._archive = archive
        self._limits = limits
        self._read = 0
        self._entries = _checked(archive.infolist(), limits)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self._entries)

    @property
    def is_spent(self) -> bool:
        """Whether all that may be read of the archive was read: nothing more comes of it."""
        return self._read > self._limits.total_bytes

    def read(self, name: str) -> bytes:
        """The bytes of one entry.

        Raises BadDocument when it does not exist, is damaged or encrypted, or expands beyond
        the limits; no more than the limit is ever held in memory.
        """
        entry = self._entries.get(name)
        if entry is None:
            raise BadDocument(f"{name} is not in the archive")
        if entry.flag_bits & 0x1:
            raise BadDocument(f"{name} is encrypted")
        parts: list[bytes] = []
        size = 0
        try:
            with self._archive.open(entry) as stream:
                while chunk := stream.read(_CHUNK):
                    size += len(chunk)
                    self._count(name, entry, size, len(chunk))
                    parts.append(chunk)
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OSError) as error:
            raise BadDocument(f"{name} in the archive is damaged: {error}") from error
        return b"".join(parts)

    def _count(self, name: str, entry: zipfile.ZipInfo, size: int, new: int) -> None:
        limits = self._limits
        self._read += new
        if size > limits.entry_bytes:
            raise BadDocument(f"{name} in the archive is over {megabytes(limits.entry_bytes)}")
        if size > _RATIO_FREE_BYTES and size > limits.ratio * max(entry.compress_size, 1):
            raise BadDocument(f"{name} in the archive expands more than {limits.ratio} times")
        if self._read > limits.total_bytes:
            raise BadDocument(f"the archive expands to over {megabytes(limits.total_bytes)}")


@contextmanager
def open_zip(path: Path, limits: Limits | None = None) -> Iterator[SafeZip]:
    """Open and check `path`. Raises BadDocument when it is no zip or breaks a rule."""
    try:
        archive = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, NotImplementedError) as error:
        raise BadDocument(f"{path.name} is not a readable zip archive: {error}") from error
    except OSError as error:
        raise BadDocument(f"{path.name} cannot be read: {error.strerror or error}") from error
    with archive:
        yield SafeZip(archive, limits or Limits())


def is_safe_name(name: str) -> bool:
    """Whether an entry's name stays inside the place it would be put."""
    parts = PurePosixPath(name).parts
    plain = "\\" not in name and "\0" not in name and not (len(name) > 1 and name[1] == ":")
    return bool(parts) and plain and not name.startswith("/") and ".." not in parts


def _checked(infos: list[zipfile.ZipInfo], limits: Limits) -> dict[str, zipfile.ZipInfo]:
    if len(infos) > limits.entries:
        raise BadDocument(f"the archive has more than {limits.entries:,} entries")
    entries: dict[str, zipfile.ZipInfo] = {}
    for info in infos:
        if not is_safe_name(info.orig_filename):
            raise BadDocument(f"the archive has an entry outside its folder: {info.filename!r}")
        if stat.S_ISLNK(info.external_attr >> 16):
            raise BadDocument(f"the archive has a link: {info.filename!r}")
        if info.is_dir():
            continue
        if info.filename in entries:
            raise BadDocument(f"the archive has {info.filename!r} twice")
        entries[info.filename] = info
    return entries
