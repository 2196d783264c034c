"""The backup archive: a gzipped tar of a manifest and one JSON Lines file a table.

Reading trusts nothing: only the members that the manifest names, in its order, of its size and
digest, read as a stream and never extracted. No more than a bounded piece is held in memory.
"""

import gzip
import hashlib
import json
import os
import tarfile
import tempfile
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from io import BufferedIOBase, BytesIO
from pathlib import Path
from typing import IO, Any

from bot.errors import DataError

FORMAT = 1
_MANIFEST = "manifest.json"
_MAX_MANIFEST = 1 << 20
_MAX_TABLES = 500
_MAX_LINE = 512 * 1024 * 1024
_MAX_PIECE = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class TableEntry:
    """What the manifest says about one table's file."""

    name: str
    rows: int
    bytes: int
    sha256: str

    @property
    def member(self) -> str:
        return f"tables/{self.name}.jsonl"


@dataclass(frozen=True, slots=True)
class Manifest:
    """What is in the archive. `schema` is the revision of the tables, `dialect` their origin."""

    recall: str
    made_at: str
    schema: str
    dialect: str
    tables: tuple[TableEntry, ...]
    sequences: Mapping[str, int]
    format: int = FORMAT


class ArchiveWriter:
    """Collects tables in files beside the archive; `finish` packs them. Made by `new_archive`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._tables: list[TableEntry] = []

    @property
    def tables(self) -> tuple[TableEntry, ...]:
        return tuple(self._tables)

    def add(self, name: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
        digest, size, count = hashlib.sha256(), 0, -1
        with (self._folder / name).open("wb") as file:
            for values in _with_header(columns, rows):
                line = json.dumps(values, ensure_ascii=False, separators=(",", ":")).encode()
                digest.update(line + b"\n")
                size += file.write(line + b"\n")
                count += 1
        self._tables.append(TableEntry(name, count, size, digest.hexdigest()))

    def finish(self, manifest: Manifest, target: Path) -> None:
        """Write the archive under its final name in one step, readable by its owner alone."""
        packed = self._folder / ".packed"
        descriptor = os.open(packed, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with (
            os.fdopen(descriptor, "wb") as raw,
            gzip.GzipFile(fileobj=raw, mode="wb", filename="", compresslevel=6) as zipped,
            tarfile.open(fileobj=zipped, mode="w", format=tarfile.GNU_FORMAT) as tar,
        ):
            content = json.dumps(asdict(manifest), indent=1).encode()
            tar.addfile(_member(_MANIFEST, len(content)), BytesIO(content))
            for entry in manifest.tables:
                with (self._folder / entry.name).open("rb") as file:
                    tar.addfile(_member(entry.member, entry.bytes), file)
        with packed.open("rb") as file:
            os.fsync(file.fileno())
        packed.replace(target)


@contextmanager
def new_archive(target: Path) -> Iterator[ArchiveWriter]:
    """A writer whose working files lie on the disk of `target` and are gone afterwards.

    Raises DataError when `target` exists or its disk cannot be written.
    """
    if target.exists():
        raise DataError(f"{target} exists already; choose another name")
    try:
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=".recall-backup-") as folder:
            yield ArchiveWriter(Path(folder))
    except OSError as error:
        raise DataError(f"{target} cannot be written: {error.strerror or error}") from error


class ArchiveReader:
    """An archive's manifest and tables. Made by `read_archive`; can be read several times."""

    def __init__(self, path: Path) -> None:
        self._path = path
        with self._members() as members:
            self.manifest = _manifest(next(members, None))

    def tables(self) -> Iterator[tuple[TableEntry, tuple[str, ...], Iterator[list[Any]]]]:
        """(entry, columns, rows) for each table; the rows of one must be used up before the next.

        Raises DataError on the first thing that is not as the manifest says.
        """
        with self._members() as members:
            next(members)
            for entry in self.manifest.tables:
                found = next(members, None)
                if found is None or found[0].name != entry.member:
                    raise DataError(f"the archive lacks {entry.member}; it is damaged")
                lines = _lines(entry, *found)
                yield entry, _columns(entry, next(lines, None)), lines
                for _ in lines:
                    pass
            if next(members, None) is not None:
                raise DataError("the archive holds more than its manifest names")

    def verify(self) -> None:
        """Read everything once and compare sizes, counts and digests."""
        for _ in self.tables():
            pass

    @contextmanager
    def _members(self) -> Iterator[Iterator[tuple[tarfile.TarInfo, IO[bytes]]]]:
        try:
            with (
                gzip.open(self._path) as zipped,
                tarfile.open(fileobj=_Bounded(zipped), mode="r:") as tar,
            ):
                yield _checked(tar)
        except (OSError, EOFError, zlib.error, tarfile.TarError) as error:
            raise DataError(f"{self._path} is not a readable backup: {error}") from error


class _Bounded(BufferedIOBase):
    """The unpacked stream, refusing to read a large piece at once.

    tarfile reads an extended header whole, whatever size it claims; ours never need one.
    """

    def __init__(self, stream: gzip.GzipFile) -> None:
        self._stream = stream

    def readable(self) -> bool:
        return True

    def read(self, size: int | None = -1, /) -> bytes:
        if size is None or not 0 <= size <= _MAX_PIECE:
            raise DataError("the archive has a header of absurd size")
        return self._stream.read(size)

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        return self._stream.seek(offset, whence)

    def tell(self) -> int:
        return self._stream.tell()


def _checked(tar: tarfile.TarFile) -> Iterator[tuple[tarfile.TarInfo, IO[bytes]]]:
    for member in tar:
        if not member.isreg() or member.issparse():
            raise DataError(f"the archive has {member.name!r}, which is no plain file")
        if member.name.startswith("/") or ".." in member.name.split("/"):
            raise DataError(f"the archive has {member.name!r}, which leaves its folder")
        stream = tar.extractfile(member)
        if stream is None:
            raise DataError(f"the archive has {member.name!r}, which cannot be read")
        yield member, stream


def _manifest(found: tuple[tarfile.TarInfo, IO[bytes]] | None) -> Manifest:
    if found is None or found[0].name != _MANIFEST or found[0].size > _MAX_MANIFEST:
        raise DataError("the archive is no backup of recall: it does not begin with a manifest")
    try:
        value = json.loads(found[1].read())
        if value["format"] != FORMAT:
            raise DataError(
                f"the backup has format {value['format']!r}; this version reads format {FORMAT}"
            )
        entries = tuple(TableEntry(**entry) for entry in value["tables"])
        sequences = {str(name): int(last) for name, last in value["sequences"].items()}
        manifest = Manifest(**{**value, "tables": entries, "sequences": sequences})
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise DataError("the backup's manifest is damaged") from error
    names = [entry.name for entry in entries]
    if len(names) > _MAX_TABLES or len(set(names)) != len(names):
        raise DataError("the backup's manifest names a table twice or far too many")
    return manifest


def _lines(entry: TableEntry, member: tarfile.TarInfo, file: IO[bytes]) -> Iterator[list[Any]]:
    """Every line of a table, and at the end the check that it was all and unchanged."""
    if member.size != entry.bytes:
        raise DataError(f"{entry.member} has another size than the manifest says")
    digest, count = hashlib.sha256(), -1
    while line := file.readline(_MAX_LINE):
        digest.update(line)
        count += 1
        try:
            value = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise DataError(f"{entry.member} line {count + 1} is damaged") from error
        if not isinstance(value, list):
            raise DataError(f"{entry.member} line {count + 1} is damaged")
        yield value
    if digest.hexdigest() != entry.sha256 or count != entry.rows:
        raise DataError(f"{entry.member} does not match its digest; the backup is damaged")


def _columns(entry: TableEntry, header: list[Any] | None) -> tuple[str, ...]:
    if not header or not all(isinstance(name, str) for name in header):
        raise DataError(f"{entry.member} does not begin with its column names")
    return tuple(header)


def _with_header(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterator[Sequence[Any]]:
    yield columns
    yield from rows


def _member(name: str, size: int) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.size, info.mode, info.mtime = size, 0o600, 0
    return info
