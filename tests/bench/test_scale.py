"""The memory at 100,000 passages, or at RECALL_BENCH_PASSAGES: a million takes about an hour."""

import json
import os
from pathlib import Path

import pytest

from knowledge.child import run_in_child
from knowledge.embed.port import Embedder
from tests.bench import scale
from tests.bench.measuring import Spread, Stopwatch, print_table

pytestmark = [pytest.mark.bench, pytest.mark.model]

PASSAGES = int(os.environ.get("RECALL_BENCH_PASSAGES", "100000"))
GOALS = {
    100_000: {"hybrid": 20.0, "vector": 0.0, "add": 50.0, "open": 3.0, "resident": 0.0},
    1_000_000: {"hybrid": 40.0, "vector": 10.0, "add": 0.0, "open": 5.0, "resident": 2_500.0},
}
"""Most milliseconds at p95, seconds, megabytes; 0 where none is named."""


def test_a_large_memory_is_searched_opened_and_changed(
    tmp_path: Path, real_embedder: Embedder
) -> None:
    path, folder, target = tmp_path / "recall.db", tmp_path / "index", tmp_path / "told.json"
    scale.fill(path, PASSAGES, real_embedder)
    with Stopwatch() as building:
        run_in_child(scale.build, path, folder, real_embedder.generation)
    run_in_child(scale.measure, path, folder, target)
    told = json.loads(target.read_text())
    assert told["passages"] >= PASSAGES
    assert told["recall_at_10"] >= 0.98
    goals = GOALS.get(PASSAGES, {})
    rows = []
    for name, label in (
        ("hybrid", "query to ranking, each asked once"),
        ("vector", "vector search alone, 100 of them"),
        ("lexical", "lexical search alone, 100 of them"),
        ("add", "a document into database and index, embedding left out"),
        ("add with embedding", "a document into database and index, its passages embedded"),
    ):
        spread = Spread.of(told[name])
        rows.append((label, spread.n, spread.p50, spread.p95, goals.get(name) or ""))
    print_table(
        f"The memory at {told['passages']:,} passages, embedding left out",
        ("what", "samples", "p50 ms", "p95 ms", "goal p95"),
        rows,
        notes=[
            f"Opened in {told['open_seconds']:.1f} s (goal {goals.get('open') or '-'}), built in "
            f"{building.seconds:.0f} s from stored vectors; {told['resident_mb']:,.0f} MB "
            f"resident with the model (goal {goals.get('resident') or '-'}); recall@10 of the "
            f"vector search against every vector compared: {told['recall_at_10']:.3f}.",
        ],
    )
