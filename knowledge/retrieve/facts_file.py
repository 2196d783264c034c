"""Facts of documents in a file beside the index, so that a search need not read whole records.

What a document says takes a millisecond to read out of its text, and a search compares forty: in
a large memory, where each question meets other documents, that was half of its time. The file is
a copy of what the database says and nothing more: what it lacks, or holds damaged or of another
version, is read from the database again. So it is written without waiting for the disk.
"""

import json
import logging
import sqlite3
import threading
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path
from sys import intern
from typing import Any

from knowledge.retrieve.facts import Beside, Facts

FACTS_FILE = "facts.db"
"""Its name in the folder of the index that it belongs to."""

FACTS_VERSION = 1
"""Raise it whenever `read_facts` makes something else of the same document."""

_log = logging.getLogger(__name__)
_DIGEST_BYTES = 8
_WAIT_SECONDS = 0.2
_SIDES = ("", "-wal", "-shm")
_SELECT = """
SELECT id, version, digest, CAST(data AS BLOB)
FROM facts WHERE id IN (SELECT value FROM json_each(?))
"""

Key = tuple[str, int]
"""A document's id and version."""


class FactsFile:
    """Facts by document id and version, one version a document. Safe from several threads.

    It raises nothing that its file is to blame for: a file that cannot be used is made anew, and
    where that fails, too, nothing is known and nothing is kept.
    """

    def __init__(self, path: Path) -> None:
        """`path` is made where it is not there; its folder, too."""
        self._path = path
        self._lock = threading.Lock()
        self._open: sqlite3.Connection | None = None
        with self._lock:
            try:
                self._open = self._connect()
            except (sqlite3.Error, OSError) as error:
                self._start_anew(error)

    def of(self, wanted: Sequence[Key]) -> dict[str, Facts]:
        """Those that are there in that version, by document id."""
        versions = dict(wanted)
        found: dict[str, Facts] = {}
        for document_id, version, digest, data in self._rows(list(versions)):
            if versions[document_id] == version and digest == _digest(document_id, data):
                found[document_id] = facts_from(data)
        return found

    def keep(self, facts: Mapping[Key, Facts]) -> None:
        """Put these in place of what was there of their documents."""
        rows = []
        for (document_id, version), one in facts.items():
            data = data_of(one)
            rows.append((document_id, version, _digest(document_id, data), data))
        self._change("INSERT OR REPLACE INTO facts VALUES (?, ?, ?, ?)", rows)

    def drop(self, document_ids: Iterable[str]) -> None:
        """Forget documents that are gone."""
        self._change("DELETE FROM facts WHERE id = ?", [(one,) for one in document_ids])

    def clear(self) -> None:
        """Forget all: the database is another one now."""
        self._change("DELETE FROM facts", [()])

    def close(self) -> None:
        with self._lock:
            if self._open is not None:
                self._open.close()
                self._open = None

    # --- inside -------------------------------------------------------------------------

    def _rows(self, ids: Sequence[str]) -> list[tuple[str, int, bytes, bytes]]:
        with self._lock:
            if self._open is None:
                return []
            try:
                return self._open.execute(_SELECT, [json.dumps(ids)]).fetchall()
            except sqlite3.Error as error:
                self._start_anew(error)
                return []

    def _change(self, statement: str, rows: Sequence[tuple[Any, ...]]) -> None:
        if not rows:
            return
        with self._lock:
            if self._open is None:
                return
            try:
                with self._open:
                    self._open.executemany(statement, rows)
            except sqlite3.Error as error:
                self._start_anew(error)

    def _connect(self) -> sqlite3.Connection:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        opened = sqlite3.connect(self._path, check_same_thread=False, timeout=_WAIT_SECONDS)
        try:
            # A crash of the machine may damage it, which costs reading from the database again.
            opened.execute("PRAGMA journal_mode = WAL")
            opened.execute("PRAGMA synchronous = OFF")
            (made_by,) = opened.execute("PRAGMA user_version").fetchone()
            with opened:
                if made_by != FACTS_VERSION:
                    opened.execute("DROP TABLE IF EXISTS facts")
                    opened.execute(f"PRAGMA user_version = {FACTS_VERSION}")
                opened.execute(
                    "CREATE TABLE IF NOT EXISTS facts (id TEXT PRIMARY KEY, version INTEGER,"
                    " digest BLOB, data BLOB)"
                )
        except sqlite3.Error:
            opened.close()
            raise
        return opened

    def _start_anew(self, error: Exception) -> None:
        """A new file in place of one that cannot be used; none where that fails as well."""
        if isinstance(error, sqlite3.OperationalError) and "locked" in str(error):
            return  # another process has it for the moment; what is asked for is read elsewhere
        _log.warning("the facts in %s cannot be used and are made anew: %s", self._path, error)
        if self._open is not None:
            self._open.close()
            self._open = None
        with suppress(sqlite3.Error, OSError):
            for side in _SIDES:
                self._path.with_name(self._path.name + side).unlink(missing_ok=True)
            self._open = self._connect()


def data_of(facts: Facts) -> bytes:
    """Facts as JSON, from which `facts_from` makes equal ones."""
    return json.dumps(
        [
            *(sorted(getattr(facts, name)) for name in _SETS),
            [sorted(line) for line in facts.logs],
            facts.log_lines,
            [facts.cause, facts.ending, facts.runbook],
            [facts.beside.neighbours, facts.beside.changes],
        ],
        ensure_ascii=False,
        separators=(",", ":"),
    ).encode("utf-8", "surrogatepass")


def facts_from(data: bytes) -> Facts:
    """What `data_of` was given. Words are shared between documents, which saves their memory."""
    told = json.loads(data.decode("utf-8", "surrogatepass"))
    *sets, logs, log_lines, (cause, ending, runbook), (neighbours, changes) = told
    words = {name: frozenset(map(intern, one)) for name, one in zip(_SETS, sets, strict=True)}
    return Facts(
        **words,
        logs=tuple(frozenset(map(intern, line)) for line in logs),
        log_lines=tuple(log_lines),
        cause=cause,
        ending=ending,
        runbook=runbook,
        beside=Beside(tuple(neighbours), tuple(changes)),
    )


_SETS = (
    "words",
    "title_words",
    "exact",
    "errors",
    "cause_words",
    "lines",
    "neighbours",
    "changes",
    "labels",
)


def _digest(document_id: str, data: bytes) -> bytes:
    name = document_id.encode("utf-8", "replace")
    return blake2b(data, digest_size=_DIGEST_BYTES, key=name[:64]).digest()
