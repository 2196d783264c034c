"""Reading files that come from outside: size, encoding and binary content are checked first."""

import codecs
from pathlib import Path

from knowledge.errors import BadDocument

MAX_PAGE_BYTES = 5 * 1024 * 1024
"""Largest runbook page. Longer ones are logs or dumps by another name."""

MAX_RECORD_FILE_BYTES = 2 * 1024**3
"""Largest file of incident records; they are read as a stream, so this is only a guard."""

_CHUNK = 1 << 20


def megabytes(size: int) -> str:
    return f"{size / 1_048_576:.1f} MiB"


def read_capped(path: Path, limit: int = MAX_PAGE_BYTES) -> bytes:
    """The bytes of `path`; never reads more than `limit` + 1 of them.

    Raises BadDocument when the file is longer or cannot be read.
    """
    try:
        with path.open("rb") as file:
            raw = file.read(limit + 1)
    except OSError as error:
        raise BadDocument(f"cannot be read: {error.strerror or error}") from error
    if len(raw) > limit:
        raise BadDocument(f"is longer than {megabytes(limit)}; split it or leave it out")
    return raw


def text_encoding(path: Path, limit: int = MAX_RECORD_FILE_BYTES) -> str:
    """The encoding to read `path` with: UTF-8 (a byte order mark is skipped), else Latin-1.

    Looks at the whole file, a chunk at a time, so that reading it later cannot fail half-way.
    Raises BadDocument when the file is empty, binary, too long, or cannot be read.
    """
    decoder = codecs.getincrementaldecoder("utf-8")()
    encoding, seen = "utf-8-sig", 0
    try:
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                seen += len(chunk)
                if seen > limit:
                    raise BadDocument(f"is longer than {megabytes(limit)}; split it")
                if b"\0" in chunk:
                    raise BadDocument("is a binary file, not text")
                encoding = _still_utf8(decoder, chunk, encoding)
    except OSError as error:
        raise BadDocument(f"cannot be read: {error.strerror or error}") from error
    if not seen:
        raise BadDocument("is empty")
    return _still_utf8(decoder, b"", encoding, final=True)


def _still_utf8(
    decoder: codecs.IncrementalDecoder, chunk: bytes, encoding: str, *, final: bool = False
) -> str:
    if encoding == "latin-1":
        return encoding
    try:
        decoder.decode(chunk, final)
    except UnicodeDecodeError:
        return "latin-1"
    return encoding
