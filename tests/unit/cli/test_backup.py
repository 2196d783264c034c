"""Backup and restore: the same everything, on either database; hostile archives refused."""

import gzip
import hashlib
import io
import json
import resource
import stat
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest
from typer.testing import CliRunner

from bot.alerts.model import Alert, AlertStatus, Severity
from bot.alerts.ports import AlertWrite
from bot.audit.model import first_broken
from bot.backup import back_up, restore
from bot.cli import backup as backup_command
from bot.cli import migrate as migrate_command
from bot.cli import restore as restore_command
from bot.clock import ManualClock
from bot.errors import DataError
from bot.importing import Importer
from bot.incidents.model import TimelineEntry, TimelineKind
from bot.jobs.ports import InboxItem, InboxKind
from bot.store.database import Database
from bot.store.dump import TableDump
from knowledge.embed.hashing import HashingEmbedder
from knowledge.index.projection import Projection
from knowledge.loaders import starter
from knowledge.loaders.outcome import Loaded
from knowledge.model import DocumentState, PastIncident, Runbook, Visibility
from tests.support.databases import postgresql_database, postgresql_url, sqlite_database

KINDS = ["sqlite", "postgresql"]
NEVER_REUSED = ("passages", "index_log", "inbox", "incidents", "alerts")
PAGES = [
    Loaded(
        Runbook(
            id="ledger/locks",
            title="Ledger locks — “quoted”",
            body="# Locks\n\n## What to do\n\n1. Kill the lock holder.\n",
            services=("ledger",),
            visibility=Visibility(frozenset({"T1/C1"})),
        ),
        "locks.md",
    ),
    Loaded(
        PastIncident(
            id="INC-1",
            title="Ledger stalled",
            symptom="writes time out\n\tat ledger.Write",
            cause="lock",
            logs=("ERROR lock wait \u20ac",),
            labels={"pod": "ledger-0"},
            started_at=ManualClock().now(),
            state=DocumentState.CONFIRMED,
        ),
        "a.jsonl",
    ),
]


@contextmanager
def _open(kind: str, folder: Path, *, migrated: bool = True) -> Iterator[Database]:
    clock = ManualClock()
    folder.mkdir(exist_ok=True)
    if migrated:
        with (
            sqlite_database(folder, clock)
            if kind == "sqlite"
            else postgresql_database(clock) as database
        ):
            yield database
    elif kind == "sqlite":
        fresh = Database(f"sqlite:///{folder / 'new' / 'recall.db'}", clock=clock)
        try:
            yield fresh
        finally:
            fresh.close()
    else:
        with postgresql_url(migrated=False) as url:
            fresh = Database(url, clock=clock)
            try:
                yield fresh
            finally:
                fresh.close()


def _importer(database: Database) -> Importer:
    return Importer(
        units=database,
        source=database.knowledge_source(),
        embedder=lambda: HashingEmbedder(64),
        clock=ManualClock(),
        actor="cli:dana",
    )


def _fill(database: Database) -> None:
    now = ManualClock().now()
    importer = _importer(database)
    importer.run([*PAGES, *list(starter.load())[:5]], subject="test")
    # a page that is gone again: its passages' ids must never be given out twice
    importer.run([Loaded(Runbook(id="gone", title="Gone", body="# Gone\n\nx"), "g")], subject="t")
    database.knowledge_source().remove("gone")
    with database.begin() as unit:
        incident, _ = unit.incidents.open(
            group_key="ledger/prod",
            title="Ledger",
            service="ledger",
            environment="prod",
            severity=Severity.CRITICAL,
            team_id="T1",
            now=now,
        )
        alert = Alert(
            source="generic",
            fingerprint="generic:1:abc",
            name="LedgerLatencyHigh",
            status=AlertStatus.FIRING,
            labels={"pod": "ledger-0", "odd": "\u20ac\n"},
            starts_at=now - timedelta(microseconds=123),
        )
        unit.alerts.save(
            [AlertWrite(alert=alert, service="l", environment="p", incident_id=incident.id)], now
        )
        unit.incidents.add_timeline(
            incident.id, [TimelineEntry(at=now, kind=TimelineKind.NOTE, text="seen")]
        )
        unit.inbox.add_many(
            [
                InboxItem(
                    id="i1",
                    kind=InboxKind.ALERT,
                    source="generic",
                    body=bytes(range(256)),
                    content_type="application/json",
                    received_at=now,
                )
            ]
        )
        unit.jobs.add("suggest:1:1", "suggest", {"incident_id": 1, "weight": 1e20}, now)
        unit.audit.append(
            at=now, actor="T1/U1", action="test", subject="x", data={"n": 1e20, "f": 0.1}
        )


def _everything(database: Database) -> dict[str, Any]:
    with database.reading() as connection:
        dump = TableDump(connection)
        found: dict[str, Any] = {
            name: sorted(
                json.dumps(dict(zip(columns, row, strict=True)), sort_keys=True)
                for row in dump.rows(name, columns)
            )
            for name in dump.table_names()
            for columns in [dump.columns(name)]
        }
        given = dump.sequences()
        found["sequences"] = {name: given[name] for name in NEVER_REUSED}
        return found


def _answers(database: Database) -> tuple[list[str], list[tuple[int, float]]]:
    projection = Projection(database.knowledge_source(), HashingEmbedder(64), None)
    projection.open()
    try:
        hits = projection.vector_search("kill the lock holder", 5, frozenset())
        return projection.check(), [(found, round(score, 4)) for found, score in hits]
    finally:
        projection.close()


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """A backup of a filled SQLite database."""
    with _open("sqlite", tmp_path / "from") as database:
        _fill(database)
        back_up(database, tmp_path / "b.tar.gz", clock=ManualClock())
    return tmp_path / "b.tar.gz"


@pytest.mark.parametrize("target_kind", KINDS)
@pytest.mark.parametrize("source_kind", KINDS)
def test_a_backup_restored_onto_an_empty_place_is_the_same_in_everything(
    tmp_path: Path, source_kind: str, target_kind: str
) -> None:
    file = tmp_path / "b.tar.gz"
    with _open(source_kind, tmp_path / "from") as source:
        _fill(source)
        report = back_up(source, file, clock=ManualClock())
        before, answers = _everything(source), _answers(source)
        with _open(target_kind, tmp_path / "to", migrated=False) as target:
            assert restore(file, target).rows == report.rows
            target.require_current_schema()
            assert _everything(target) == before
            assert _answers(target) == answers
            with target.read() as unit:
                events = unit.audit.list()
                assert len(events) >= 3
                assert first_broken(events) is None
                item = unit.inbox.get("i1")
                assert item is not None
                assert item.body == bytes(range(256))
            unchanged = _importer(target).run(PAGES, subject="again")
            assert (unchanged.unchanged, unchanged.changed) == (2, 0)
            ids = target.knowledge_source().live_passage_ids()
            _importer(target).run(
                [Loaded(Runbook(id="new", title="New", body="# New\n\ny"), "n")], subject="n"
            )
            new = target.knowledge_source().live_passage_ids() - ids
            assert min(new) > before["sequences"]["passages"]
            with target.begin() as unit:
                event = unit.audit.append(
                    at=ManualClock().now(), actor="a", action="b", subject="c", data={}
                )
                assert first_broken([event], events[-1].hash) == event.seq or event.seq > 3


def test_a_backup_is_of_one_moment_and_readable_by_its_owner_alone(archive: Path) -> None:
    assert stat.S_IMODE(archive.stat().st_mode) == 0o600
    assert [path.name for path in archive.parent.iterdir() if path.name.startswith(".")] == []


@pytest.mark.parametrize("kind", KINDS)
def test_a_backup_made_while_others_write_is_of_one_moment(tmp_path: Path, kind: str) -> None:
    now = ManualClock().now()
    with _open(kind, tmp_path / "from") as database:
        stop, written = Event(), Event()

        def keep_writing() -> None:
            number = 0
            while not stop.is_set():
                with database.begin() as unit:  # always both, or neither
                    unit.jobs.add(f"job:{number}", "test", {}, now)
                    unit.audit.append(at=now, actor="a", action="b", subject="c", data={})
                number += 1
                if number == 20:
                    written.set()

        writer = Thread(target=keep_writing)
        writer.start()
        try:
            assert written.wait(30)
            for number in range(3):
                file = tmp_path / f"{number}.tar.gz"
                rows = back_up(database, file, clock=ManualClock()).rows
                assert rows["jobs"] == rows["audit"] >= 20
        finally:
            stop.set()
            writer.join()


def test_on_a_full_disk_no_broken_archive_is_left(tmp_path: Path) -> None:
    with _open("sqlite", tmp_path / "from") as database:
        _fill(database)
        before = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, before[1]))
        try:
            with pytest.raises(DataError, match="cannot be written"):
                back_up(database, tmp_path / "b.tar.gz", clock=ManualClock())
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert [path.name for path in tmp_path.iterdir()] == ["from"]


def test_a_backup_never_overwrites_a_file(archive: Path, tmp_path: Path) -> None:
    before = archive.read_bytes()
    with (
        _open("sqlite", tmp_path / "other") as database,
        pytest.raises(DataError, match="exists already"),
    ):
        back_up(database, archive, clock=ManualClock())
    assert archive.read_bytes() == before


def test_a_database_that_is_not_empty_is_left_alone(archive: Path, tmp_path: Path) -> None:
    with _open("sqlite", tmp_path / "to") as database:
        _importer(database).run(PAGES[:1], subject="mine")
        before = _everything(database)
        with pytest.raises(DataError, match="not empty"):
            restore(archive, database)
        assert _everything(database) == before


# --- damaged and hostile archives -------------------------------------------------------------


def _members(path: Path) -> list[tuple[tarfile.TarInfo, bytes]]:
    with tarfile.open(path) as tar:
        found = [(member, tar.extractfile(member)) for member in tar]
        return [(member, file.read()) for member, file in found if file is not None]


def _pack(path: Path, members: list[tuple[tarfile.TarInfo, bytes]]) -> Path:
    with tarfile.open(path, "w:gz") as tar:
        for member, content in members:
            member.size = len(content) if member.isreg() else 0
            tar.addfile(member, io.BytesIO(content))
    return path


def _refused(path: Path, folder: Path, match: str) -> None:
    """Refused, and nothing was made."""
    with _open("sqlite", folder / "victim", migrated=False) as database:
        with pytest.raises(DataError, match=match):
            restore(path, database)
        assert not (folder / "victim" / "new").exists()


def test_a_changed_byte_is_noticed_before_anything_is_written(
    archive: Path, tmp_path: Path
) -> None:
    members = _members(archive)
    at = next(i for i, (member, _) in enumerate(members) if "documents" in member.name)
    member, content = members[at]
    members[at] = (member, content.replace(b"Ledger", b"Lodger", 1))
    _refused(_pack(tmp_path / "x.tar.gz", members), tmp_path, "digest")


def test_a_truncated_archive_is_refused(archive: Path, tmp_path: Path) -> None:
    cut = tmp_path / "cut.tar.gz"
    cut.write_bytes(archive.read_bytes()[:-2000])
    _refused(cut, tmp_path, "backup|archive")


def test_what_is_no_backup_is_refused(tmp_path: Path) -> None:
    for content in (b"", b"hello", gzip.compress(b"hello"), gzip.compress(b"\0" * 10240)):
        file = tmp_path / "no.tar.gz"
        file.write_bytes(content)
        _refused(file, tmp_path, "backup")


@pytest.mark.parametrize("name", ["../evil", "/etc/evil", "tables/../../evil"])
def test_members_that_leave_their_folder_are_refused(
    archive: Path, tmp_path: Path, name: str
) -> None:
    members = [*_members(archive), (tarfile.TarInfo(name), b"x")]
    _refused(_pack(tmp_path / "x.tar.gz", members), tmp_path, "leaves its folder")


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE])
def test_links_and_devices_are_refused(archive: Path, tmp_path: Path, kind: bytes) -> None:
    link = tarfile.TarInfo("tables/link")
    link.type, link.linkname = kind, "/etc/passwd"
    _refused(_pack(tmp_path / "x.tar.gz", [*_members(archive), (link, b"")]), tmp_path, "plain")


def test_members_that_nobody_announced_or_that_are_missing_are_refused(
    archive: Path, tmp_path: Path
) -> None:
    members = _members(archive)
    more = _pack(tmp_path / "x.tar.gz", [*members, (tarfile.TarInfo("tables/more.jsonl"), b"x")])
    _refused(more, tmp_path, "more than its manifest")
    _refused(_pack(tmp_path / "x.tar.gz", members[:-1]), tmp_path, "lacks")


def test_an_absurd_header_is_refused_without_reading_it(tmp_path: Path) -> None:
    header = tarfile.TarInfo("././@PaxHeader")
    header.type, header.size = tarfile.XHDTYPE, 1 << 40
    file = tmp_path / "x.tar.gz"
    file.write_bytes(gzip.compress(header.tobuf(tarfile.GNU_FORMAT)))
    _refused(file, tmp_path, "absurd")


def _with_manifest(archive: Path, target: Path, change: dict[str, Any]) -> Path:
    members = _members(archive)
    manifest = json.loads(members[0][1])
    members[0] = (members[0][0], json.dumps({**manifest, **change}).encode())
    return _pack(target, members)


def test_backups_of_newer_versions_are_refused_by_name(archive: Path, tmp_path: Path) -> None:
    target = tmp_path / "x.tar.gz"
    _refused(_with_manifest(archive, target, {"schema": "9999"}), tmp_path, "9999")
    _refused(_with_manifest(archive, target, {"format": 2}), tmp_path, "format 2")
    _refused(_with_manifest(archive, target, {"tables": "all"}), tmp_path, "damaged")


def test_a_table_or_column_that_does_not_exist_leaves_the_database_empty(
    archive: Path, tmp_path: Path
) -> None:
    members = _members(archive)
    manifest = json.loads(members[0][1])
    content = b'["id"]\n["x"]\n'
    entry = {
        "name": "sqlite_master",
        "rows": 1,
        "bytes": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
    }
    manifest["tables"].append(entry)
    members[0] = (members[0][0], json.dumps(manifest).encode())
    members.append((tarfile.TarInfo("tables/sqlite_master.jsonl"), content))
    hostile = _pack(tmp_path / "x.tar.gz", members)
    with _open("sqlite", tmp_path / "to") as database:
        with pytest.raises(DataError, match="unknown table"):
            restore(hostile, database)
        with database.reading() as connection:
            assert TableDump(connection).is_empty()


# --- the commands -----------------------------------------------------------------------------


def test_the_commands_write_and_read_the_file(
    archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cli = CliRunner()
    monkeypatch.setenv("RECALL_DATA_DIR", str(tmp_path / "restored"))
    assert cli.invoke(migrate_command.app, ["--check"]).exit_code == 1
    done = cli.invoke(restore_command.app, [str(archive), "--json"])
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["rows"]["incidents"] == 1
    assert cli.invoke(migrate_command.app, ["--check"]).exit_code == 0
    assert cli.invoke(migrate_command.app, []).exit_code == 0
    again = cli.invoke(backup_command.app, [str(tmp_path / "again.tar.gz"), "--json"])
    assert again.exit_code == 0, again.output
    assert json.loads(again.stdout)["bytes"] == (tmp_path / "again.tar.gz").stat().st_size
    assert cli.invoke(restore_command.app, [str(archive)]).exit_code == 1
    assert cli.invoke(backup_command.app, [str(archive)]).exit_code == 1
    assert cli.invoke(restore_command.app, [str(tmp_path / "gone")]).exit_code == 2
