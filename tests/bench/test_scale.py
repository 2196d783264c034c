"""The memory at 100,000 passages, or at RECALL_BENCH_PASSAGES: a million takes about an hour.

RECALL_BENCH_MEMORY names a folder in which the filled database and its index stay, so that
measuring again takes a minute.
"""

import json
import os
from pathlib import Path

import pytest

from knowledge.child import run_in_child
from knowledge.embed.port import Embedder
from tests.bench import scale
from tests.bench.measuring import Spread, Stopwatch, print_table
from tests.support.dev_data import found_data

pytestmark = [pytest.mark.bench, pytest.mark.model]

PASSAGES = int(os.environ.get("RECALL_BENCH_PASSAGES", "100000"))
KEPT = os.environ.get("RECALL_BENCH_MEMORY")
GOALS = {
    100_000: {"hybrid": 20.0, "add": 50.0, "open": 3_000.0},
    1_000_000: {"hybrid": 40.0, "vector": 10.0, "open": 5_000.0, "resident": 2_500.0},
}
"""Most milliseconds at p95, and megabytes."""


def test_a_large_memory_is_searched_opened_and_changed(
    tmp_path: Path, real_embedder: Embedder
) -> None:
    home = (Path(KEPT) if KEPT else tmp_path) / str(PASSAGES)
    home.mkdir(parents=True, exist_ok=True)
    data = found_data()
    path, folder, target = home / "recall.db", home / "index", tmp_path / "told.json"
    run_in_child(scale.fill, path, PASSAGES, data)
    with Stopwatch() as building:
        run_in_child(scale.build, path, folder, real_embedder.generation)
    run_in_child(scale.measure, path, folder, data, target)
    told = json.loads(target.read_text())
    assert told["passages"] >= PASSAGES
    assert told["recall_at_10"] >= 0.98
    goals = GOALS.get(PASSAGES, {})
    rows = []
    for name, label in (
        ("open", "opening the saved index"),
        ("hybrid", "query to ranking, each asked once"),
        ("vector", "vector search alone, 100 of them"),
        ("lexical", "lexical search alone, 100 of them"),
        ("add", "a document into database and index, embedding left out"),
        ("add with embedding", "a document into database and index, its passages embedded"),
        ("close", "saving what was added, and closing"),
    ):
        wall, processor = (Spread.of(some) for some in zip(*told[name], strict=True))
        rows.append(
            (label, wall.n, wall.p50, wall.p95, processor.p50, processor.p95, goals.get(name) or "")
        )
    texts = "the development sets, repeated" if data else "the generator, repeated"
    print_table(
        f"The memory at {told['passages']:,} passages of {texts}; searches without embedding",
        ("what", "samples", "p50 ms", "p95 ms", "CPU p50", "CPU p95", "goal p95"),
        rows,
        notes=[
            f"{told['resident_mb']:,.0f} MB resident (goal {goals.get('resident') or '-'}), of "
            f"which {told['model_mb']:,.0f} were there before it was opened, the model's; "
            f"recall@10 of the vector search against every vector compared: "
            f"{told['recall_at_10']:.3f}. Built or checked in {building.seconds:.0f} s.",
        ],
    )
