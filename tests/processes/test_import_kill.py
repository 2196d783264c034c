"""An import that is killed in the middle goes on where it stopped."""

import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from bot.clock import SystemClock
from bot.importing import BATCH, Importer
from bot.store.database import Database
from knowledge.embed.hashing import HashingEmbedder
from knowledge.embed.port import Vectors
from knowledge.loaders import markdown_dir
from knowledge.text.passages import passages_of
from tests.support.databases import postgresql_url, sqlite_url

pytestmark = pytest.mark.processes

PAGES = 6 * BATCH
ROOT = Path(__file__).parents[2]
IMPORT = """
import sys
from pathlib import Path
from bot.clock import SystemClock
from bot.importing import Importer
from bot.store.database import Database
from knowledge.embed.hashing import HashingEmbedder
from knowledge.loaders import markdown_dir

database = Database(sys.argv[1], clock=SystemClock())
importer = Importer(
    units=database,
    clock=SystemClock(),
    actor="cli:test",
    source=database.knowledge_source(),
    embedder=lambda: HashingEmbedder(64),
)

def told(done):
    print(done, flush=True)
    sys.stdin.readline()

importer.run(
    markdown_dir.load(markdown_dir.find_pages(Path(sys.argv[2]))),
    subject="runbooks docs",
    progress=told,
)
"""


class CountingEmbedder(HashingEmbedder):
    """Remembers how many texts it was given."""

    def __init__(self, dimension: int) -> None:
        super().__init__(dimension)
        self.texts = 0

    def embed(self, texts: Sequence[str]) -> Vectors:
        self.texts += len(texts)
        return super().embed(texts)


@contextmanager
def database_url(kind: str, folder: Path) -> Iterator[str]:
    if kind == "sqlite":
        yield sqlite_url(folder)
    else:
        with postgresql_url() as url:
            yield url


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
@pytest.mark.parametrize("batches", [0, 2])
def test_an_import_killed_in_the_middle_goes_on(tmp_path: Path, kind: str, batches: int) -> None:
    """`batches` are let through; the next one is under way when the process is killed."""
    docs = tmp_path / "docs"
    docs.mkdir()
    for number in range(PAGES):
        (docs / f"page-{number:03}.md").write_text(
            f"# Page {number}\n\n## First\n\n1. Look at {number}.\n\n## Then\n\n1. Wait.\n"
        )
    with database_url(kind, tmp_path) as url:
        child = subprocess.Popen(
            [sys.executable, "-c", IMPORT, url, str(docs)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert child.stdin is not None
        assert child.stdout is not None
        try:
            for number in range(1, batches + 1):
                assert child.stdout.readline() == f"{number * BATCH}\n"
                child.stdin.write("\n")
                child.stdin.flush()
        finally:
            child.send_signal(signal.SIGKILL)
            child.wait(timeout=30)
            child.stdin.close()
            child.stdout.close()
        database = Database(url, clock=SystemClock())
        try:
            embedder = CountingEmbedder(64)
            source = database.knowledge_source()
            there = source.counts()["kind.runbook"]
            assert there % BATCH == 0, "a batch is there whole or not at all"
            assert batches * BATCH <= there <= (batches + 1) * BATCH
            report = Importer(
                units=database,
                clock=SystemClock(),
                actor="cli:test",
                source=source,
                embedder=lambda: embedder,
            ).run(markdown_dir.load(markdown_dir.find_pages(docs)), subject="runbooks docs")
            assert (report.added, report.unchanged, report.failed) == (PAGES - there, there, ())
            pages = source.list()
            assert len(pages) == PAGES
            passages = [one for page in pages for one in passages_of(page)]
            assert source.counts()["passages"] == len(passages)
            stored = source.vectors([one.hash for one in passages], embedder.generation)
            assert len(stored) == len({one.hash for one in passages})
            left = len({one.hash for one in passages}) * (PAGES - there) // PAGES
            assert embedder.texts <= left + 2 * BATCH, "what was embedded is not embedded again"
        finally:
            database.close()
