"""Skips without the pinned npm packages (`make interop` brings them), else lends them out."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.demo.story import Story, load_story
from knowledge.embed.port import Embedder
from tests.interop.emulated import EmulatedWorkspace
from tests.interop.node import NODE
from tests.support.house import House


@pytest.fixture(scope="session", autouse=True)
def packages() -> None:
    if not NODE.exists():
        pytest.skip("the npm packages are not installed: run make interop")


@pytest.fixture(scope="session")
def story() -> Story:
    return load_story()


class EmulatedHouse(House):
    """Recall as it is, beside emulate in place of the local workspace."""

    def open_workspace(self, request_url: str | None) -> EmulatedWorkspace:
        return EmulatedWorkspace(request_url)


@pytest.fixture
def house(tmp_path: Path, real_embedder: Embedder) -> Iterator[House]:
    with EmulatedHouse(tmp_path, real_embedder, "http") as opened:
        yield opened


@pytest.fixture(scope="module")
def emulated() -> Iterator[EmulatedWorkspace]:
    with EmulatedWorkspace() as running:
        yield running
