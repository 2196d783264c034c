"""Where the public development data is, if it is there. It is never part of the project."""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

VARIABLE = "RECALL_DEV_DATA"
_BESIDE = Path(__file__).parents[2].parent / "shared" / "data"


def dev_data(part: str) -> Path:
    """The folder `part` of the development data; skips the test when it is not there."""
    root = Path(os.environ.get(VARIABLE) or _BESIDE)
    folder = root / part
    if not folder.is_dir():
        pytest.skip(f"no development data ({part}); set {VARIABLE} to its folder to use it")
    return folder


def found_data() -> Path | None:
    """The folder of the development data, None where it is not there."""
    root = Path(os.environ.get(VARIABLE) or _BESIDE)
    return root if root.is_dir() else None


def payloads(folder: Path) -> Iterator[tuple[str, Any]]:
    """(name, body) of every recorded webhook body below `folder`."""
    for path in sorted(folder.rglob("*.json")):
        recorded = json.loads(path.read_text(encoding="utf-8"))
        yield f"{path.parent.name}/{path.name}", recorded["payload"]
