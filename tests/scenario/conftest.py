"""Scenarios run on the real model, which a worker loads once."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.demo.story import Story, load_story
from knowledge.embed.port import Embedder
from tests.support.house import House, Mode


@pytest.fixture(scope="session")
def story() -> Story:
    return load_story()


@pytest.fixture(params=["socket", "http"])
def mode(request: pytest.FixtureRequest) -> Mode:
    chosen: Mode = request.param
    return chosen


@pytest.fixture
def house(tmp_path: Path, real_embedder: Embedder, mode: Mode) -> Iterator[House]:
    with House(tmp_path, real_embedder, mode) as opened:
        yield opened


@pytest.fixture
def socket_house(tmp_path: Path, real_embedder: Embedder) -> Iterator[House]:
    with House(tmp_path, real_embedder, "socket") as opened:
        yield opened
