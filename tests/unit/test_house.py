"""The house rules that imports must keep: one home per library, and a light front."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

HOMES = {
    "slack_bolt": ("bot/slack/",),
    "slack_sdk": ("bot/slack/",),
    "fastapi": ("bot/web/", "bot/workspace/"),
    "sqlalchemy": ("bot/store/", "knowledge/store/"),
    "alembic": ("bot/store/",),
    "jmespath": ("bot/alerts/sources/expressions.py",),
    "cryptography": ("bot/web/sns.py", "bot/secrets/sealing.py"),
    "faiss": ("knowledge/index/flat.py", "knowledge/index/ivf.py", "knowledge/index/selectors.py"),
    "tantivy": ("knowledge/index/lexical.py",),
    "sentence_transformers": ("knowledge/embed/sentence_transformer.py", "knowledge/learn/"),
    "torch": ("knowledge/embed/", "knowledge/learn/"),
    "scipy": ("knowledge/evaluate/",),
    "sklearn": ("knowledge/evaluate/",),
    "matplotlib": ("knowledge/evaluate/plot.py",),
    "bs4": ("knowledge/loaders/html_page.py",),
    "markdownify": ("knowledge/loaders/html_page.py",),
    "ahocorasick_rs": ("bot/redact/finder.py",),
    "apscheduler": ("bot/jobs/ticks.py",),
}
HEAVY = ("torch", "faiss", "tantivy", "sentence_transformers")
LONGEST_FILE = 400


def product_files() -> Iterator[Path]:
    for package in ("bot", "knowledge"):
        yield from sorted((ROOT / package).rglob("*.py"))


@cache
def imported_names(file: Path) -> set[str]:
    """What a file imports when it runs; imports for type checkers alone do not count. Read once
    for all tests."""
    names: set[str] = set()
    tree = ast.parse(file.read_text(encoding="utf-8"))
    for_types_only = {
        inner
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        if node in for_types_only:
            continue
        if isinstance(node, ast.Import):
            names.update(alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            names.add(node.module.split(".")[0])
    return names


@pytest.mark.parametrize("library", sorted(HOMES))
def test_a_library_is_imported_only_in_its_home(library: str) -> None:
    strays = [
        path
        for file in product_files()
        if library in imported_names(file)
        and not (path := file.relative_to(ROOT).as_posix()).startswith(HOMES[library])
    ]
    assert strays == []


@pytest.mark.parametrize(
    "module", ["bot.processes.front", "bot.cli", "bot.web.app", "bot.slack.app"]
)
def test_the_front_and_the_command_line_load_no_heavy_library(module: str) -> None:
    code = f"import sys, {module}; print([m for m in {HEAVY!r} if m in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_no_file_is_so_long_that_two_things_live_in_it() -> None:
    long = {
        file.relative_to(ROOT).as_posix(): lines
        for file in product_files()
        if (lines := len(file.read_text(encoding="utf-8").splitlines())) > LONGEST_FILE
    }
    assert long == {}


def test_nothing_dangerous_is_called_anywhere() -> None:
    banned = ("pickle", "marshal", "shelve", "dill")
    for file in product_files():
        source = file.read_text(encoding="utf-8")
        assert not imported_names(file) & set(banned), file
        assert "shell=True" not in source, file
        assert "yaml.load(" not in source or "SafeLoader" in source, file
