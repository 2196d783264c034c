"""`recall eval` on every set of the development data: the tables of the README.

The six sets take about a quarter of an hour on two cores without bfloat16; each test alone is
one table: `make bench PYTEST_ARGS="tests/bench/test_quality.py -k hard"`.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.bench.measuring import machine
from tests.support.dev_data import dev_data

pytestmark = [pytest.mark.bench, pytest.mark.model, pytest.mark.dev_data]

_PATIENCE_SECONDS = 1_800


@pytest.mark.parametrize(
    ("part", "title", "options"),
    [
        ("runbooks-dev", "The right page", ["--compare"]),
        ("runbooks-dev", "The right page, hard form", ["--hard", "--compare"]),
        ("incidents-dev", "The earlier report", ["--compare"]),
        ("runbooks-dev", "Answers removed, no name given", ["--remove", "0.1,0.3,0.6"]),
        ("runbooks-dev", "Answers removed, names given", ["--names", "--remove", "0.1,0.3,0.6"]),
    ],
    ids=["text", "hard", "reports", "removed", "removed-named"],
)
def test_recall_eval(part: str, title: str, options: list[str]) -> None:
    folders = [one for one in sorted(dev_data(part).iterdir()) if (one / "corpus.jsonl").is_file()]
    assert folders
    told = evaluated([*options, *(word for one in folders for word in ("--set", str(one)))])
    shown = " ".join([*options, *(f"--set {part}/{one.name}" for one in folders)])
    print(f"\n\n## {title}\n\n{machine()}\n\n    recall eval {shown}\n\n{told}")
    assert all(one.name in told for one in folders)


def evaluated(options: list[str]) -> str:
    """What `recall eval` prints, from a process of its own as anybody would start it."""
    environment = {n: v for n, v in os.environ.items() if not n.startswith("RECALL_")}
    done = subprocess.run(
        [sys.executable, "-m", "bot", "eval", *options],
        env={**environment, "COLUMNS": "110"},
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=_PATIENCE_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
